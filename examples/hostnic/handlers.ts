import type { AttachRequest, DetachRequest } from '../../lib/attachment/index.js';
import { allVersions, CniError, cniCodes, type GcRequest, type Plugin, type PluginRequest, type Result } from '../../lib/cni/index.js';
import { isNicError } from '../../lib/errors.js';
import type { Logger } from '../../lib/log.js';
import { runCommand } from './command.js';
import { type CloudConf, checkFolders, readCloudConf, readHousekeeping, readNetConf } from './netconf.js';
import type { PluginHost } from './plugin-host.js';
import { findProvider } from './providers.js';
import { requireKnownAttachment, toKnownAttachment, toResult } from './result.js';
import { readWishes } from './wishes.js';

async function add(host: PluginHost, request: PluginRequest): Promise<Result> {
  const { config, netns } = request;
  const conf = readNetConf(config);
  const wishes = readWishes(request);
  const previous = config.prevResult;
  // Said before anything is opened or locked, as everything about the configuration alone is.
  findProvider(host.providers, conf.cloud.provider);
  return runCommand(
    host,
    request,
    () => conf.cloud,
    async ({ engine, options, key, log }) => {
      const wanted: AttachRequest = {
        key,
        namespace: { kind: 'path', path: netns },
        subnetIds: conf.cloud.subnetIds,
        routes: conf.routes,
        defaultRoute: conf.defaultRoute,
        ...(wishes.address === undefined ? {} : { address: wishes.address }),
        ...(conf.mtu === undefined ? {} : { mtu: conf.mtu }),
      };
      const attachment = await engine.attach(wanted, options);
      const { nicId, subnetId } = attachment;
      log.info('attached', { nicId, subnetId, address: attachment.addresses[0]?.address, pod: wishes.pod });
      return toResult(attachment, { sandbox: netns, previous, dns: wishes.dns ?? conf.dns });
    },
  );
}

/** What can be read is used, and what cannot does not matter here: a container must be let go with the configuration that is there. */
function attempt<T>(log: Logger, what: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    log.warn(`going on without ${what}`, { error: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

function toPending(cause: unknown): CniError {
  return new CniError(cniCodes.tryAgainLater, cause instanceof Error ? cause.message : String(cause), { cause });
}

async function del(host: PluginHost, request: PluginRequest): Promise<void> {
  const { config, ifname, netns } = request;
  let cloud: CloudConf | undefined;
  const readCloud = (): CloudConf => {
    cloud ??= readCloudConf(config);
    return cloud;
  };
  await runCommand(host, request, readCloud, async ({ engine, options, key, log }) => {
    const known = attempt(log, 'prevResult', () => toKnownAttachment(config.prevResult, ifname));
    const subnetIds = attempt(log, 'the vxnets', readCloud)?.subnetIds;
    const wanted: DetachRequest = {
      key,
      ...(netns === '' ? {} : { namespace: { kind: 'path', path: netns } as const }),
      ...(known === undefined ? {} : { known }),
      ...(subnetIds === undefined ? {} : { subnetIds }),
    };
    await engine.detach(wanted, options).catch((error: unknown) => {
      // The reason may be an error of the configuration, whose code would tell the runtime that there is nothing to wait for.
      throw isNicError(error, 'ERR_PENDING') ? toPending(error) : error;
    });
    log.info('detached');
    try {
      checkFolders(config);
    } catch (error) {
      throw toPending(error);
    }
  });
}

async function check(host: PluginHost, request: PluginRequest): Promise<void> {
  const { config, ifname, netns } = request;
  const { cloud } = readNetConf(config);
  const known = requireKnownAttachment(config.prevResult, ifname);
  await runCommand(
    host,
    request,
    () => cloud,
    ({ engine, options, key }) => engine.check({ key, namespace: { kind: 'path', path: netns }, known }, options),
  );
}

async function gc(host: PluginHost, request: GcRequest): Promise<void> {
  const { config, validAttachments: valid } = request;
  const { cloud } = readNetConf(config);
  if (valid === undefined) {
    throw new CniError(
      cniCodes.invalidNetworkConfig,
      'GC needs cni.dev/valid-attachments (or cni.dev/attachments), a list; with neither, nothing is deleted. An empty list keeps none.',
    );
  }
  const report = await runCommand(
    host,
    request,
    () => cloud,
    async ({ engine, options, log, key }) => {
      const collected = await engine.collect({ network: key.network, valid, subnetIds: cloud.subnetIds }, options);
      const { removed, failed, busy } = collected;
      log.info('collected', { removed: removed.map(({ nicId }) => nicId).join(','), failed: failed.length, busy: busy.length });
      return collected;
    },
  );
  if (report.failed.length === 0) return;
  const list = report.failed.map(({ nicId, key, reason }) => `${nicId ?? key?.containerId ?? 'a NIC'}: ${reason}`).join('; ');
  throw new CniError(cniCodes.tryAgainLater, `${report.failed.length} of what GC found could not be removed and stays recorded`, {
    details: list,
  });
}

async function status(host: PluginHost, request: PluginRequest): Promise<void> {
  const { cloud } = readNetConf(request.config);
  findProvider(host.providers, cloud.provider);
  const report = await runCommand(
    host,
    request,
    () => cloud,
    ({ engine, options }) => engine.status({ subnetIds: cloud.subnetIds }, options),
  );
  if (report.ready) return;
  const code = report.connected ? cniCodes.notAvailable : cniCodes.limitedConnectivity;
  throw new CniError(code, `hostnic cannot serve ADD: ${report.reasons.join('; ')}`);
}

/** The CNI plugin `hostnic`: maps requests to the attachment engine and what it says back to CNI, and nothing else. */
export function createHostnicPlugin(host: PluginHost): Plugin {
  return {
    about: 'CNI plugin hostnic: gives each container a network card of its own from the cloud',
    versions: allVersions,
    deadlineMs: (config) => readHousekeeping(config).deadlineMs,
    // The engine ends by itself at the deadline; this much is left to one that was stopped by a signal, and still below CRI-O's 60 s.
    graceMs: 4000,
    add: (request) => add(host, request),
    del: (request) => del(host, request),
    check: (request) => check(host, request),
    gc: (request) => gc(host, request),
    status: (request) => status(host, request),
  };
}
