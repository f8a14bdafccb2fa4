import type { JsonObject } from '../cni/index.js';

/** One plugin of a network, as configured. */
export interface PluginConfig {
  /** Its type, which is the file name of its executable; not empty. */
  readonly type: string;
  /** A name of its own, for messages; the plugin itself gets the network's. Empty when it has none. */
  readonly name: string;
  /** The capabilities it lists, with whether each is on. */
  readonly capabilities: Readonly<Record<string, boolean>>;
  /** The configuration as written. */
  readonly raw: JsonObject;
}

/**
 * A network: its plugins in the order of ADD.
 *
 * @see https://github.com/containernetworking/cni/blob/main/SPEC.md#section-1-network-configuration-format
 */
export interface NetworkList {
  /** Its name; any text, checked when the network is used. */
  readonly name: string;
  /** Its spec version: the highest of `cniVersions` that this package speaks, else `cniVersion` unchecked; empty means 0.1.0. */
  readonly cniVersion: string;
  /** CHECK succeeds without any call. */
  readonly disableCheck: boolean;
  /** GC succeeds without doing anything. */
  readonly disableGc: boolean;
  /** The folder named after the network is not looked at. */
  readonly loadOnlyInlinedPlugins: boolean;
  /** The plugins. */
  readonly plugins: readonly PluginConfig[];
  /** The file's bytes, kept in the cache for a DEL that must not depend on the file. */
  readonly bytes: Uint8Array;
}
