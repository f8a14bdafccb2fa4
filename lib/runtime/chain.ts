import * as E from 'fp-ts/lib/Either.js';
import {
  type AnyResult,
  type CniCommand,
  CniError,
  checkContainerId,
  checkInterfaceName,
  checkNetworkName,
  cniCodes,
  compareVersions,
  convertResult,
  isCniError,
  isCniVersion,
  parseVersion,
} from '../cni/index.js';
import { orThrow } from '../codec.js';
import { isNicError, NicError } from '../errors.js';
import type { NetworkAttachment } from './attachment.js';
import { type CallScope, callPlugin, type RuntimeContext } from './call.js';
import type { NetworkList, PluginConfig } from './network-list.js';
import { formatRequest } from './request.js';
import { parseAnswer } from './result-answer.js';
import { pluginVariables } from './variables.js';

/** True when a version is at least another one; empty means 0.1.0. @returns a CniError 6 when it is none */
export function isAtLeast(version: string, oldest: string): E.Either<CniError, boolean> {
  const [one, two] = [parseVersion(version), parseVersion(oldest)];
  if (E.isLeft(one)) return one;
  if (E.isLeft(two)) return two;
  return E.right(compareVersions(one.right, two.right) >= 0);
}

/** In the order of the reference. */
function assertNames(network: string, { containerId, ifname }: NetworkAttachment): void {
  orThrow(checkContainerId(containerId));
  // The reference words this one otherwise in its library than in plugins.
  if (network === '') throw new CniError(cniCodes.invalidNetworkConfig, 'missing network name:');
  orThrow(checkNetworkName(network));
  orThrow(checkInterfaceName(ifname));
}

/** Names that are empty are for the plugin to refuse, as with the reference; others lead into files, here and in plugins. */
function assertNamesIfAny(network: string, { containerId, ifname }: NetworkAttachment): void {
  if (containerId !== '') orThrow(checkContainerId(containerId));
  if (network !== '') orThrow(checkNetworkName(network));
  if (ifname !== '') orThrow(checkInterfaceName(ifname));
}

function assertArgs({ args = [] }: NetworkAttachment): void {
  if (args.some((pair) => pair.some((text) => text.includes(';') || text.includes('\0')))) {
    throw new NicError('ERR_CONFIG', 'CNI_ARGS cannot hold a semicolon inside of a key or value: nothing is escaped there');
  }
}

interface Step<T> {
  readonly list: NetworkList;
  readonly plugin: PluginConfig;
  readonly command: CniCommand;
  readonly attachment: NetworkAttachment;
  readonly prevResult: AnyResult | undefined;
  readonly check: () => void;
  readonly read: (stdout: string) => T;
  readonly describe: (reason: string) => string;
}

function runStep<T>(context: RuntimeContext, scope: CallScope, step: Step<T>): Promise<T> {
  const { list, plugin, command, attachment, prevResult } = step;
  const { env, pluginDirs, keepCapabilities } = context;
  return callPlugin(context, scope, {
    type: plugin.type,
    command,
    network: list.name,
    attachment,
    env: pluginVariables({ env, command, attachment, pluginDirs, trace: scope.trace }),
    request() {
      step.check();
      return formatRequest(plugin, {
        name: list.name,
        cniVersion: list.cniVersion,
        keepCapabilities,
        ...(prevResult === undefined ? {} : { prevResult }),
        ...(attachment.capabilityArgs === undefined ? {} : { capabilityArgs: attachment.capabilityArgs }),
      });
    },
    read: step.read,
    describe: step.describe,
  });
}

function describePlugin({ type, name }: PluginConfig): string {
  return `type=${JSON.stringify(type)}${name === '' ? '' : ` name=${JSON.stringify(name)}`}`;
}

/**
 * The result that the next plugin gets, in the version of the network. The reference hands it on as it came, against the spec; with
 * plugins that obey the spec nothing differs.
 */
function toNext(result: AnyResult, list: NetworkList): AnyResult {
  const { cniVersion } = list;
  if (cniVersion === '' || result.cniVersion === cniVersion || !isCniVersion(cniVersion)) return result;
  return orThrow(convertResult(result, cniVersion));
}

/** ADD of a whole network. Nothing is taken back when it fails. */
export async function addNetwork(
  context: RuntimeContext,
  list: NetworkList,
  attachment: NetworkAttachment,
  scope: CallScope,
): Promise<AnyResult> {
  await context.cache.assertFree(list.name, attachment);
  let result: AnyResult | undefined;
  for (const [i, plugin] of list.plugins.entries()) {
    const describe = (reason: string): string => `plugin ${describePlugin(plugin)} failed (add): ${reason}`;
    const isLast = i === list.plugins.length - 1;
    const step: Step<AnyResult> = {
      list,
      plugin,
      command: 'ADD',
      attachment,
      prevResult: result,
      check() {
        assertNames(list.name, attachment);
        assertArgs(attachment);
      },
      read(stdout) {
        const answer = parseAnswer(stdout, list.cniVersion);
        return isLast ? answer : toNext(answer, list);
      },
      describe,
    };
    result = await runStep(context, scope, step);
  }
  if (result === undefined) throw new NicError('ERR_CONFIG', `network ${JSON.stringify(list.name)} has no plugins`);
  try {
    await context.cache.write(list.name, list.bytes, attachment, result);
  } catch (error) {
    if (!isNicError(error)) throw error;
    throw new NicError(error.code, `failed to set network ${JSON.stringify(list.name)} cached result: ${error.message}`, { cause: error });
  }
  return result;
}

/** CHECK of a whole network. */
export async function checkNetwork(
  context: RuntimeContext,
  list: NetworkList,
  attachment: NetworkAttachment,
  scope: CallScope,
): Promise<void> {
  if (!orThrow(isAtLeast(list.cniVersion, '0.4.0'))) {
    throw new NicError('ERR_NOT_SUPPORTED', `configuration version ${JSON.stringify(list.cniVersion)} does not support the CHECK command`);
  }
  if (list.disableCheck) return;
  const prevResult = await readCached(context, list, attachment).catch((error: unknown) => {
    // Names that are none are for the first step to refuse.
    if (isCniError(error)) return undefined;
    throw error;
  });
  for (const plugin of list.plugins) {
    await runStep(context, scope, {
      list,
      plugin,
      command: 'CHECK',
      attachment,
      prevResult,
      check: () => assertNamesIfAny(list.name, attachment),
      read: () => undefined,
      describe: (reason) => reason,
    });
  }
}

/**
 * The cached result in the version of the network.
 * @throws CniError when a name is none; NicError with the reference's words before the reason
 */
export async function readCached(
  context: RuntimeContext,
  list: NetworkList,
  attachment: NetworkAttachment,
): Promise<AnyResult | undefined> {
  try {
    return await context.cache.result(list.name, list.cniVersion, attachment);
  } catch (error) {
    if (!isNicError(error) || error.code === 'ERR_CNI') throw error;
    throw new NicError(error.code, `failed to get network ${JSON.stringify(list.name)} cached result: ${error.message}`, { cause: error });
  }
}

/** DEL of a whole network, in reverse order, as far as the first error. The cached result is forgotten only after success. */
export async function deleteNetwork(
  context: RuntimeContext,
  list: NetworkList,
  attachment: NetworkAttachment,
  scope: CallScope,
): Promise<void> {
  let prevResult: AnyResult | undefined;
  if (orThrow(isAtLeast(list.cniVersion, '0.4.0'))) {
    prevResult = await readCached(context, list, attachment).catch((error: unknown) => {
      // DEL must also work without it.
      if (isNicError(error)) return undefined;
      throw error;
    });
  }
  for (const plugin of [...list.plugins].reverse()) {
    await runStep(context, scope, {
      list,
      plugin,
      command: 'DEL',
      attachment,
      prevResult,
      check: () => assertNamesIfAny(list.name, attachment),
      read: () => undefined,
      describe: (reason) => `plugin ${describePlugin(plugin)} failed (delete): ${reason}`,
    });
  }
  await context.cache.remove(list.name, attachment);
}
