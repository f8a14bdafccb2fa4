import * as E from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import { decode, orThrow } from '../codec.js';
import { convertResult } from './convert.js';
import { CniError, cniCodes } from './error.js';
import { getKey, isJsonObject, type JsonObject } from './json.js';
import type { AnyResult, Result } from './result.js';
import { decodeResult } from './result-codec.js';
import { type CniVersion, currentVersion } from './version.js';

/** The network configuration that a plugin got on standard input. */
export interface NetworkConfig {
  /** Its version, one of the plugin's; 0.1.0 when the configuration names none. */
  readonly cniVersion: CniVersion;
  /** Name of the network; checked. */
  readonly name: string;
  /** The plugin's type; empty when absent or no text. */
  readonly type: string;
  /** The configuration as parsed, keys as written. Prefer {@link NetworkConfig.get}: runtimes write keys in other letter cases. */
  readonly raw: JsonObject;
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

/** Versions that share a result type in the reference. */
const resultGroups: readonly (readonly CniVersion[])[] = [
  ['0.1.0', '0.2.0'],
  ['0.3.0', '0.3.1', '0.4.0'],
  ['1.0.0', '1.1.0'],
];

/**
 * The reference leaves the number of these errors to each plugin, most of which end up at 999; 6 says what it is.
 * It also refuses an empty `cniVersion` where it accepts an absent one; here both mean the configuration's.
 */
function decodePrevResult(value: unknown, version: CniVersion): AnyResult {
  const fail = (reason: string, cause?: unknown): CniError =>
    new CniError(cniCodes.decodingFailure, `could not parse prevResult: ${reason}`, { cause });
  const written = isJsonObject(value) ? getKey(value, 'cniVersion') : undefined;
  if (written !== undefined && typeof written !== 'string') throw fail('cniVersion must be a text');
  const group = resultGroups.find((one) => one.includes(version)) ?? [];
  if (written !== undefined && written !== '' && !group.some((one) => one === written)) {
    throw fail(`result type supports [${group.join(' ')}] but unmarshalled CNIVersion is ${JSON.stringify(written)}`);
  }
  const decoded = decodeResult(value, version, 'prevResult');
  if (E.isLeft(decoded)) throw fail(decoded.left.message, decoded.left);
  return decoded.right;
}

class DecodedNetworkConfig implements NetworkConfig {
  readonly cniVersion: CniVersion;
  readonly name: string;
  readonly raw: JsonObject;
  #original: { readonly value: AnyResult | undefined } | undefined;

  constructor(raw: JsonObject, name: string, version: CniVersion) {
    this.raw = raw;
    this.name = name;
    this.cniVersion = version;
  }

  get type(): string {
    const written = this.get('type');
    return typeof written === 'string' ? written : '';
  }

  get(key: string): unknown {
    return getKey(this.raw, key);
  }

  decode<A>(codec: t.Decoder<unknown, A>): A {
    const decoded = decode(codec, this.raw, 'network configuration');
    if (E.isLeft(decoded)) throw new CniError(cniCodes.invalidNetworkConfig, decoded.left.message, { cause: decoded.left });
    return decoded.right;
  }

  get originalPrevResult(): AnyResult | undefined {
    if (this.#original === undefined) {
      const value = this.get('prevResult');
      this.#original = { value: value === undefined ? undefined : decodePrevResult(value, this.cniVersion) };
    }
    return this.#original.value;
  }

  get prevResult(): Result | undefined {
    const original = this.originalPrevResult;
    return original === undefined ? undefined : orThrow(convertResult(original, currentVersion));
  }
}

/**
 * Wraps a parsed configuration.
 * @param name the checked name of the network
 * @param version the version settled on
 */
export function createNetworkConfig(raw: JsonObject, name: string, version: CniVersion): NetworkConfig {
  return new DecodedNetworkConfig(raw, name, version);
}
