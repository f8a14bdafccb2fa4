import type * as t from 'io-ts';
import type { AnyResult, Result } from './result.js';
import type { CniVersion } from './version.js';

/** The network configuration that a plugin got on standard input. */
export interface NetworkConfig {
  /** Its version, one of the plugin's; 0.1.0 when the configuration names none. */
  readonly cniVersion: CniVersion;
  /** Name of the network; checked. */
  readonly name: string;
  /** The plugin's type; empty when absent. */
  readonly type: string;
  /** The configuration as parsed, keys as written. Prefer {@link NetworkConfig.get}: runtimes write keys in other letter cases. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** The value at a top-level key, matched without regard to case, the last one if repeated; undefined when absent or null. */
  get(key: string): unknown;
  /**
   * Decodes the whole configuration.
   * @param codec best built by `caseless`, so that keys match without regard to case at every level
   * @throws CniError 7, with the path of each wrong key and no values
   */
  decode<A>(codec: t.Decoder<unknown, A>): A;
  /**
   * What the plugins before this one made, in the newest shape; undefined when there is none. Decoded when first asked for.
   * @throws CniError 6 when it cannot be decoded or its version is of another shape than the configuration's
   */
  readonly prevResult: Result | undefined;
  /**
   * The same in the shape it came in, for a plugin that hands it on untouched.
   * @throws CniError 6 as {@link NetworkConfig.prevResult}
   */
  readonly originalPrevResult: AnyResult | undefined;
}
