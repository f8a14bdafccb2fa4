import type { AttachmentEngine, AttachmentKey, CommandOptions } from '../../lib/attachment/index.js';
import { CniError, cniCodes, type PluginRequest } from '../../lib/cni/index.js';
import type { LogFields, Logger } from '../../lib/log.js';
import type { NicProvider } from '../../lib/provider.js';
import { callShares } from './call-shares.js';
import { type CloudConf, type Housekeeping, readHousekeeping } from './netconf.js';
import type { PluginHost } from './plugin-host.js';
import { findProvider } from './providers.js';

/** One command with everything it works with. */
export interface Command {
  /** Does the work. */
  readonly engine: AttachmentEngine;
  /** Its time. */
  readonly options: CommandOptions;
  /** Its logger. */
  readonly log: Logger;
  /** The attachment it is about. */
  readonly key: AttachmentKey;
}

function describe(request: PluginRequest): LogFields {
  const { command, containerId, ifname } = request;
  const attachment = command === 'GC' || command === 'STATUS' ? {} : { containerId, ifname };
  return { command, network: request.config.name, ...attachment };
}

function openProvider(host: PluginHost, keeping: Housekeeping, mostCalls: number, log: Logger, cloud: CloudConf): Promise<NicProvider> {
  return findProvider(
    host.providers,
    cloud.provider,
  )({
    configFile: cloud.providerConfigFile,
    instanceIdFile: keeping.instanceIdFile,
    createLimiter: (account) => host.createLimiter(keeping, account, mostCalls, log),
    nicsPerInstance: keeping.nicsPerInstance,
    clock: host.clock,
    log,
  });
}

/** The one package that no bundle can hold is native code; a folder that was copied without its node_modules lacks it. */
function explain(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'MODULE_NOT_FOUND') return error;
  const advice = 'install the package hostnic-cni with its dependencies and link to its dist/hostnic, or use the standalone file';
  return new CniError(cniCodes.internal, `a package that hostnic needs is missing: ${advice}`, {
    cause: error,
    details: error.message.split('\n', 1)[0] ?? '',
  });
}

/**
 * Runs one command: opens what it needs, and closes it whatever happens.
 * @param cloud says where NICs come from, when that is asked for: DEL cleans up on this host before, and although, it throws
 */
export async function runCommand<T>(
  host: PluginHost,
  request: PluginRequest,
  cloud: () => CloudConf,
  work: (command: Command) => Promise<T>,
): Promise<T> {
  const keeping = readHousekeeping(request.config);
  const log = await host.createLog(keeping, describe(request));
  let provider: NicProvider | undefined;
  const engine = await host.createEngine({
    keeping,
    log,
    provider: async () => {
      provider = await openProvider(host, keeping, callShares[request.command], log, cloud());
      return provider;
    },
  });
  const { containerId, ifname, config, signal } = request;
  try {
    return await work({
      engine,
      log,
      options: { signal, deadline: host.startedAt + keeping.deadlineMs },
      key: { network: config.name, containerId, ifname },
    });
  } catch (thrown) {
    const error = explain(thrown);
    // The runtime's own log has the answer, without the steps that led to it; a log file shall hold both.
    log.warn('failed', { error: error instanceof Error ? error.message : String(error) });
    throw error;
  } finally {
    await provider?.close();
  }
}
