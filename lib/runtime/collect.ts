import * as E from 'fp-ts/lib/Either.js';
import type { CniCommand, ValidAttachment } from '../cni/index.js';
import { isNicError, NicError } from '../errors.js';
import type { NetworkAttachment } from './attachment.js';
import { type CallScope, callPlugin, type RuntimeContext } from './call.js';
import { deleteNetwork, isAtLeast } from './chain.js';
import type { NetworkList, PluginConfig } from './network-list.js';
import { PluginChainError } from './plugin-error.js';
import { formatRequest } from './request.js';
import { pluginVariables } from './variables.js';

/** GC and STATUS are newer than CNI itself; below this version they mean nothing to plugins. */
function speaksGcAndStatus(list: NetworkList): boolean {
  const newEnough = isAtLeast(list.cniVersion, '1.1.0');
  return E.isRight(newEnough) && newEnough.right;
}

interface NetworkStep {
  readonly list: NetworkList;
  readonly plugin: PluginConfig;
  readonly command: CniCommand;
  readonly validAttachments: readonly ValidAttachment[] | undefined;
  readonly describe: (reason: string) => string;
}

function runNetworkStep(context: RuntimeContext, scope: CallScope, step: NetworkStep): Promise<void> {
  const { list, plugin, command, validAttachments } = step;
  const { env, pluginDirs, keepCapabilities } = context;
  return callPlugin(context, scope, {
    type: plugin.type,
    command,
    network: list.name,
    attachment: undefined,
    env: pluginVariables({ env, command, attachment: undefined, pluginDirs, trace: scope.trace }),
    request: () =>
      formatRequest(plugin, {
        name: list.name,
        cniVersion: list.cniVersion,
        keepCapabilities,
        ...(validAttachments === undefined ? {} : { validAttachments }),
      }),
    read: () => undefined,
    describe: step.describe,
  });
}

function prefixed(prefix: string, error: NicError): NicError {
  return prefix === '' ? error : new NicError(error.code, `${prefix}: ${error.message}`, { cause: error });
}

/** The attachments of this network that are not valid any more, as far as the cache knows. */
async function staleAttachments(
  context: RuntimeContext,
  list: NetworkList,
  valid: readonly ValidAttachment[],
): Promise<readonly NetworkAttachment[]> {
  const cached = await context.cache.attachments();
  const isValid = ({ containerId, ifname }: NetworkAttachment): boolean =>
    valid.some((one) => one.containerId === containerId && one.ifname === ifname);
  return cached.filter((one) => one.network === list.name && !isValid(one));
}

/** GC of a whole network. All is tried, and all errors are reported together. */
export async function collectNetwork(
  context: RuntimeContext,
  list: NetworkList,
  valid: readonly ValidAttachment[] | undefined,
  scope: CallScope,
): Promise<void> {
  if (list.disableGc) return;
  const errors: NicError[] = [];
  const attempt = async (prefix: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!isNicError(error)) throw error;
      errors.push(prefixed(prefix, error));
    }
  };
  await attempt('failed to read the cached attachments', async () => {
    for (const stale of await staleAttachments(context, list, valid ?? [])) {
      await attempt(`failed to delete stale attachment ${stale.containerId} ${stale.ifname}`, () =>
        deleteNetwork(context, list, stale, scope),
      );
    }
  });
  if (speaksGcAndStatus(list)) {
    for (const plugin of list.plugins) {
      const describe = (reason: string): string => `failed to GC plugin ${plugin.type}: ${reason}`;
      await attempt('', () => runNetworkStep(context, scope, { list, plugin, command: 'GC', validAttachments: valid, describe }));
    }
  }
  const [first, ...rest] = errors;
  if (first !== undefined) throw new PluginChainError(errors.map((error) => error.message).join('\n'), [first, ...rest]);
}

/** STATUS of a whole network: the first error, as the plugin gave it, so that its code can be read. */
export async function askStatus(context: RuntimeContext, list: NetworkList, scope: CallScope): Promise<void> {
  if (!speaksGcAndStatus(list)) return;
  for (const plugin of list.plugins) {
    const describe = (reason: string): string => reason;
    await runNetworkStep(context, scope, { list, plugin, command: 'STATUS', validAttachments: undefined, describe });
  }
}
