import { type AnyResult, encodeResult, foldKey, type ValidAttachment } from '../cni/index.js';
import { NicError } from '../errors.js';
import type { PluginConfig } from './network-list.js';

/** What a plugin's request is made of, beside its configuration. */
export interface RequestParts {
  /** Name of the network, put over any of the plugin's own. */
  readonly name: string;
  /** Version of the network, put over any of the plugin's own; may be empty. */
  readonly cniVersion: string;
  /** What was made so far. */
  readonly prevResult?: AnyResult;
  /** The runtime's values for capabilities; those that the plugin lists get into `runtimeConfig`. */
  readonly capabilityArgs?: Readonly<Record<string, unknown>>;
  /** The attachments that GC must keep. */
  readonly validAttachments?: readonly ValidAttachment[];
  /** Leaves `capabilities` in the request, against the spec, as the reference does. */
  readonly keepCapabilities?: boolean;
}

function runtimeConfig(plugin: PluginConfig, values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> | undefined {
  const wanted = Object.entries(plugin.capabilities).filter(([key, on]) => on && Object.hasOwn(values, key) && values[key] !== undefined);
  return wanted.length === 0 ? undefined : Object.fromEntries(wanted.map(([key]) => [key, values[key]]));
}

function injected(plugin: PluginConfig, parts: RequestParts): Readonly<Record<string, unknown>> {
  const values = runtimeConfig(plugin, parts.capabilityArgs ?? {});
  const valid = parts.validAttachments?.map(({ containerId, ifname }) => ({ containerID: containerId, ifname }));
  return {
    name: parts.name,
    cniVersion: parts.cniVersion,
    ...(parts.prevResult === undefined ? {} : { prevResult: encodeResult(parts.prevResult) }),
    ...(values === undefined ? {} : { runtimeConfig: values }),
    ...(valid === undefined ? {} : { 'cni.dev/valid-attachments': valid, 'cni.dev/attachments': valid }),
  };
}

/**
 * The request that a plugin gets on standard input: its configuration with name and version of the network, `prevResult` and
 * `runtimeConfig`. All other keys pass through as they are, but for `capabilities`, which the spec keeps from plugins.
 *
 * What is put in stands last, so that it also wins over another spelling of its key where keys match without regard to case.
 * @throws NicError `ERR_CONFIG` when a value of a capability has no JSON form
 * @see https://github.com/containernetworking/cni/blob/main/SPEC.md#deriving-request-configuration-from-plugin-configuration
 */
export function formatRequest(plugin: PluginConfig, parts: RequestParts): string {
  const put = injected(plugin, parts);
  const kept = Object.entries(plugin.raw).filter(
    ([key]) => !Object.hasOwn(put, key) && (parts.keepCapabilities === true || foldKey(key) !== 'capabilities'),
  );
  try {
    return JSON.stringify(Object.fromEntries([...kept, ...Object.entries(put)]));
  } catch (error) {
    throw new NicError('ERR_CONFIG', `plugin ${plugin.type}: its capability values have no JSON form`, { cause: error });
  }
}
