import type * as t from 'io-ts';
import {
  allVersions,
  type CniVersion,
  caseless,
  currentVersion,
  impliedVersion,
  isCniError,
  legacyVersions,
  OptionalTextsCodec,
  TextOrEmptyCodec,
} from '../cni/index.js';
import { decode, orThrow } from '../codec.js';
import { NicError } from '../errors.js';
import { type CallScope, callPlugin, type RuntimeContext } from './call.js';
import type { NetworkList } from './network-list.js';
import { PluginCallError, PluginChainError } from './plugin-error.js';
import { versionVariables } from './variables.js';

interface VersionWire {
  readonly cniVersion: string;
  readonly supportedVersions?: readonly string[];
}

const VersionCodec: t.Type<VersionWire, unknown> = caseless<VersionWire>('an object', {
  cniVersion: TextOrEmptyCodec,
  supportedVersions: OptionalTextsCodec,
});

/** Reads what a plugin answered to VERSION. @throws NicError `ERR_DECODE` in the words of the reference */
export function parseVersions(stdout: string): readonly string[] {
  const fail = (reason: string): NicError => new NicError('ERR_DECODE', `decoding version info: ${reason}`);
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    throw fail('it is not valid JSON');
  }
  const { cniVersion, supportedVersions } = orThrow(decode(VersionCodec, value ?? {}, 'decoding version info'));
  if (cniVersion === '') throw fail('missing field cniVersion');
  if (supportedVersions !== undefined) return supportedVersions;
  if (cniVersion === '0.2.0') return legacyVersions;
  throw fail('missing field supportedVersions');
}

/** Asks a plugin for the versions it supports. One that does not know the question is as old as CNI. */
export async function askVersions(context: RuntimeContext, type: string, scope: CallScope): Promise<readonly string[]> {
  try {
    return await callPlugin(context, scope, {
      type,
      command: 'VERSION',
      network: '',
      attachment: undefined,
      env: versionVariables(context.env),
      request: () => JSON.stringify({ cniVersion: currentVersion }),
      read: parseVersions,
      describe: (reason) => reason,
    });
  } catch (error) {
    if (error instanceof PluginCallError && isCniError(error.cause) && error.message === 'unknown CNI_COMMAND: VERSION') {
      return [impliedVersion];
    }
    throw error;
  }
}

/**
 * Makes sure that every plugin of a network is there and supports the network's version.
 * @returns the capabilities that any of them lists, in order
 * @throws PluginChainError with all problems
 */
export async function validateNetwork(context: RuntimeContext, list: NetworkList, scope: CallScope): Promise<readonly string[]> {
  const version = list.cniVersion === '' ? impliedVersion : list.cniVersion;
  const problems: Error[] = [];
  const capabilities = new Set<string>();
  for (const plugin of list.plugins) {
    try {
      const supported = await askVersions(context, plugin.type, scope);
      if (!supported.includes(version)) {
        const message = `plugin ${plugin.type} does not support config version ${JSON.stringify(version)}`;
        problems.push(new NicError('ERR_NOT_SUPPORTED', message));
      }
    } catch (error) {
      if (!(error instanceof PluginCallError)) throw error;
      problems.push(error);
    }
    for (const [capability, on] of Object.entries(plugin.capabilities)) if (on) capabilities.add(capability);
  }
  const [first, ...rest] = problems;
  if (first !== undefined) {
    throw new PluginChainError(`[${problems.map((problem) => problem.message).join(' ')}]`, [first, ...rest]);
  }
  return [...capabilities].sort();
}

/**
 * The highest version that all of several plugins support, of those that this package speaks: the one to write into a configuration.
 * @param supported the versions of each plugin
 * @returns undefined when there is none, or no plugin
 */
export function highestCommonVersion(supported: readonly (readonly string[])[]): CniVersion | undefined {
  if (supported.length === 0) return undefined;
  return allVersions.findLast((version) => supported.every((versions) => versions.includes(version)));
}
