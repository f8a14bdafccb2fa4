import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import {
  type AnyResult,
  caseless,
  checkContainerId,
  checkInterfaceName,
  checkNetworkName,
  convertResult,
  decodeResult,
  encodeResult,
  impliedVersion,
  isCniVersion,
  isJsonObject,
  listOf,
  optional,
  TextOrEmptyCodec,
} from '../cni/index.js';
import { NicError } from '../errors.js';
import type { CachedAttachment, NetworkAttachment } from './attachment.js';

/** What tells files of this format from older ones, which were the bare result. */
const kindV1 = 'cniCacheV1';

interface CacheWire {
  readonly kind: string;
  readonly containerId: string;
  readonly config: string;
  readonly ifName: string;
  readonly networkName: string;
  readonly netns: string;
  readonly cniArgs?: readonly (readonly unknown[])[];
  readonly capabilityArgs?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
}

const ObjectCodec: t.Type<Readonly<Record<string, unknown>>, unknown> = new t.Type<Readonly<Record<string, unknown>>, unknown>(
  'an object',
  isJsonObject,
  (value, context) => (isJsonObject(value) ? t.success(value) : t.failure(value, context)),
  t.identity,
);

const CacheCodec = caseless<CacheWire>('an object', {
  kind: TextOrEmptyCodec,
  containerId: TextOrEmptyCodec,
  config: TextOrEmptyCodec,
  ifName: TextOrEmptyCodec,
  networkName: TextOrEmptyCodec,
  netns: TextOrEmptyCodec,
  cniArgs: optional(listOf(t.readonlyArray(t.unknown, 'a pair'))),
  capabilityArgs: optional(ObjectCodec),
  result: optional(ObjectCodec),
});

/** A cache file, read. `attachment` is undefined for the files of older libraries, which hold the result alone. */
export interface CacheEntry {
  /** Whose it is. Texts may be empty. */
  readonly attachment: CachedAttachment | undefined;
  /** The result, not decoded yet. */
  readonly result: unknown;
}

/**
 * The file of an attachment below the cache's folder. Names that differ can lead to the same file (`a-b` + `c`, `a` + `b-c`), so a reader
 * must trust what is in it.
 * @returns a NicError `ERR_CONFIG` when a name is empty or none: it must not lead out of the folder
 */
export function cacheFileName(network: string, { containerId, ifname }: NetworkAttachment): E.Either<NicError, string> {
  if (network === '' || containerId === '' || ifname === '') {
    const [one, two, three] = [network, containerId, ifname].map((text) => JSON.stringify(text));
    const message = `cache file path requires network name (${one}), container ID (${two}), and interface name (${three})`;
    return E.left(new NicError('ERR_CONFIG', message));
  }
  for (const checked of [checkContainerId(containerId), checkNetworkName(network), checkInterfaceName(ifname)]) {
    if (E.isLeft(checked)) return checked;
  }
  return E.right(`${network}-${containerId}-${ifname}`);
}

/**
 * Prints a cache file, in the format that the reference library, containerd and podman read and write.
 * @throws NicError `ERR_CONFIG` when a value of a capability has no JSON form
 */
export function formatCacheFile(network: string, config: Uint8Array, attachment: NetworkAttachment, result: AnyResult): string {
  const { containerId, netns, ifname, args = [], capabilityArgs = {} } = attachment;
  try {
    return JSON.stringify({
      kind: kindV1,
      containerId,
      config: Buffer.from(config).toString('base64'),
      ifName: ifname,
      networkName: network,
      ...(netns === '' ? {} : { netns }),
      ...(args.length === 0 ? {} : { cniArgs: args }),
      ...(Object.keys(capabilityArgs).length === 0 ? {} : { capabilityArgs }),
      result: encodeResult(result),
    });
  } catch (error) {
    throw new NicError('ERR_CONFIG', 'capability values have no JSON form', { cause: error });
  }
}

/** Go reads pairs of any length into two texts. */
function toPair(pair: readonly unknown[]): readonly [string, string] {
  const [key = '', value = ''] = pair;
  return [typeof key === 'string' ? key : '', typeof value === 'string' ? value : ''];
}

function toAttachment(wire: CacheWire): CachedAttachment {
  const { containerId, netns, ifName, networkName, config, cniArgs, capabilityArgs } = wire;
  return {
    network: networkName,
    containerId,
    netns,
    ifname: ifName,
    config: Buffer.from(config, 'base64'),
    ...(cniArgs === undefined ? {} : { args: cniArgs.map(toPair) }),
    ...(capabilityArgs === undefined ? {} : { capabilityArgs }),
  };
}

/**
 * Reads a cache file. One of another kind is taken as a bare result, which older libraries wrote.
 * @returns a NicError `ERR_DECODE` when it is no JSON object
 */
export function parseCacheFile(bytes: Uint8Array): E.Either<NicError, CacheEntry> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    return E.left(new NicError('ERR_DECODE', 'decoding version from network config: it is not valid JSON', { cause: error }));
  }
  const decoded = CacheCodec.decode(value ?? {});
  if (E.isRight(decoded) && decoded.right.kind === kindV1) {
    return E.right({ attachment: toAttachment(decoded.right), result: decoded.right.result });
  }
  if (value !== null && !isJsonObject(value)) {
    return E.left(new NicError('ERR_DECODE', 'decoding version from network config: it must be a JSON object'));
  }
  return E.right({ attachment: undefined, result: value });
}

/**
 * Decodes a cached result, of version 0.1.0 when it says none, and converts it to the version of a network.
 * @param version that of the network; empty means 0.1.0
 */
export function readCachedResult(value: unknown, version: string): E.Either<NicError, AnyResult> {
  const result = decodeResult(value, impliedVersion, 'cached result');
  if (E.isLeft(result)) return result;
  const target = version === '' ? impliedVersion : version;
  const failed = (reason: string, cause?: unknown): E.Either<NicError, never> =>
    E.left(
      new NicError('ERR_DECODE', `failed to convert cached result to config version ${JSON.stringify(version)}: ${reason}`, { cause }),
    );
  if (!isCniVersion(target)) return failed(`no converter for CNI result version ${result.right.cniVersion} to ${target}`);
  const converted = convertResult(result.right, target);
  return E.isLeft(converted) ? failed(converted.left.message, converted.left) : converted;
}
