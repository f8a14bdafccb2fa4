import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import {
  caseless,
  isCniError,
  isJsonObject,
  type JsonObject,
  OptionalTextCodec,
  OptionalTextsCodec,
  optional,
  parseJsonObject,
  TextOrEmptyCodec,
} from '../cni/index.js';
import { decode } from '../codec.js';
import { NicError } from '../errors.js';
import { chooseVersion, goTypeOf } from './config-version.js';
import type { NetworkList, PluginConfig } from './network-list.js';

/** The beginnings of the reference's messages. */
const listError = 'error parsing configuration list';
const pluginError = 'error parsing configuration';

interface PluginWire {
  readonly cniVersion: string;
  readonly name: string;
  readonly type: string;
  readonly capabilities?: Readonly<Record<string, boolean>>;
  readonly ipam?: object;
  readonly dns?: object;
  readonly prevResult?: JsonObject;
}

const ObjectCodec: t.Type<JsonObject, unknown> = new t.Type<JsonObject, unknown>(
  'an object',
  isJsonObject,
  (value, context) => (isJsonObject(value) ? t.success(value) : t.failure(value, context)),
  t.identity,
);

/** Go reads null as false here. */
const CapabilitiesCodec: t.Type<Readonly<Record<string, boolean>>, unknown> = new t.Type<Readonly<Record<string, boolean>>, unknown>(
  'an object of booleans',
  (value): value is Readonly<Record<string, boolean>> => t.record(t.string, t.boolean).is(value),
  (value, context) => {
    if (!isJsonObject(value)) return t.failure(value, context);
    const entries = Object.entries(value);
    if (!entries.every(([, on]) => on === null || typeof on === 'boolean')) return t.failure(value, context);
    return t.success(Object.fromEntries(entries.map(([key, on]) => [key, on === true])));
  },
  t.identity,
);

const PluginCodec = caseless<PluginWire>('an object', {
  cniVersion: TextOrEmptyCodec,
  name: TextOrEmptyCodec,
  type: TextOrEmptyCodec,
  capabilities: optional(CapabilitiesCodec),
  ipam: optional(caseless<{ readonly type?: string }>('an object', { type: OptionalTextCodec })),
  dns: optional(
    caseless<{
      readonly nameservers?: readonly string[];
      readonly domain?: string;
      readonly search?: readonly string[];
      readonly options?: readonly string[];
    }>('an object', {
      nameservers: OptionalTextsCodec,
      domain: OptionalTextCodec,
      search: OptionalTextsCodec,
      options: OptionalTextsCodec,
    }),
  ),
  prevResult: optional(ObjectCodec),
});

function fail(message: string, cause?: unknown): E.Either<NicError, never> {
  return E.left(new NicError('ERR_CONFIG', message, { cause }));
}

function readObject(bytes: Uint8Array, what: string): E.Either<NicError, JsonObject> {
  try {
    return E.right(parseJsonObject(bytes, what) ?? {});
  } catch (error) {
    if (!isCniError(error)) throw error;
    return fail(error.message, error);
  }
}

/** Printing recurses, and what cannot be printed can be handed to no plugin: better refused here than in the middle of a chain. */
function isPrintable(value: JsonObject): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function readPlugin(value: unknown): E.Either<NicError, PluginConfig & { readonly cniVersion: string }> {
  const decoded = decode(PluginCodec, value, pluginError);
  if (E.isLeft(decoded)) return fail(decoded.left.message, decoded.left);
  const { cniVersion, type, name, capabilities } = decoded.right;
  if (type === '') return fail(`${pluginError}: missing 'type'`);
  // The codec let only objects through.
  const raw = value as JsonObject;
  if (!isPrintable(raw)) return fail(`${pluginError}: it is nested too deep`);
  return E.right({ cniVersion, type, name, capabilities: capabilities ?? {}, raw });
}

function toPlugin(bytes: Uint8Array): E.Either<NicError, PluginConfig & { readonly cniVersion: string }> {
  const raw = readObject(bytes, pluginError);
  return E.isLeft(raw) ? raw : readPlugin(raw.right);
}

/**
 * Reads one plugin's configuration: a file of the folder named after a network.
 * @returns a NicError `ERR_CONFIG` when it has no `type` or another wrong shape; no part of the file is in the message
 */
export function parsePluginConfig(bytes: Uint8Array): E.Either<NicError, PluginConfig> {
  const plugin = toPlugin(bytes);
  if (E.isLeft(plugin)) return plugin;
  const { type, name, capabilities, raw } = plugin.right;
  return E.right({ type, name, capabilities, raw });
}

function readFlag(raw: JsonObject, key: string): E.Either<NicError, boolean> {
  const value = Object.hasOwn(raw, key) ? raw[key] : false;
  if (typeof value === 'boolean') return E.right(value);
  if (typeof value !== 'string') return fail(`${listError}: invalid type ${goTypeOf(value)} for ${key}`);
  const text = value.toLowerCase();
  if (text === 'true' || text === 'false') return E.right(text === 'true');
  return fail(`${listError}: invalid value ${JSON.stringify(text)} for ${key}`);
}

function readPlugins(value: unknown): E.Either<NicError, readonly PluginConfig[]> {
  if (!Array.isArray(value)) return fail(`${listError}: invalid 'plugins' type ${goTypeOf(value)}`);
  if (value.length === 0) return fail(`${listError}: no plugins in list`);
  const plugins: PluginConfig[] = [];
  for (const [i, item] of value.entries()) {
    // Go reads null into an object without any key.
    const plugin = readPlugin(item ?? {});
    if (E.isLeft(plugin)) return fail(`failed to parse plugin config ${i}: ${plugin.left.message}`, plugin.left);
    const { type, name, capabilities, raw } = plugin.right;
    plugins.push({ type, name, capabilities, raw });
  }
  return E.right(plugins);
}

/**
 * Reads a list of plugins: the content of a `.conflist` file. Keys of the list itself are case-sensitive, those inside of plugins are not.
 * @returns the network, whose `plugins` are empty when the file has no such key (they may be in the folder named after the network),
 * or a NicError `ERR_CONFIG` in the words of the reference
 */
export function parseNetworkList(bytes: Uint8Array): E.Either<NicError, NetworkList> {
  const object = readObject(bytes, listError);
  if (E.isLeft(object)) return object;
  const raw = object.right;
  const own = (key: string): unknown => (Object.hasOwn(raw, key) ? raw[key] : undefined);

  const name = own('name');
  if (name === undefined) return fail(`${listError}: no name`);
  if (typeof name !== 'string') return fail(`${listError}: invalid name type ${goTypeOf(name)}`);
  const written = own('cniVersion') ?? (Object.hasOwn(raw, 'cniVersion') ? null : '');
  if (typeof written !== 'string') return fail(`${listError}: invalid cniVersion type ${goTypeOf(written)}`);
  const cniVersion = chooseVersion(written, own('cniVersions'));
  if (E.isLeft(cniVersion)) return fail(`${listError}: ${cniVersion.left}`);
  const disableCheck = readFlag(raw, 'disableCheck');
  if (E.isLeft(disableCheck)) return disableCheck;
  const disableGc = readFlag(raw, 'disableGC');
  if (E.isLeft(disableGc)) return disableGc;
  const onlyInlined = readFlag(raw, 'loadOnlyInlinedPlugins');
  if (E.isLeft(onlyInlined)) return onlyInlined;
  if (!Object.hasOwn(raw, 'plugins') && onlyInlined.right) {
    return fail(`${listError}: \`loadOnlyInlinedPlugins\` is true, and no 'plugins' key`);
  }
  const plugins = Object.hasOwn(raw, 'plugins') ? readPlugins(raw['plugins']) : E.right([]);
  if (E.isLeft(plugins)) return plugins;
  return E.right({
    name,
    cniVersion: cniVersion.right,
    disableCheck: disableCheck.right,
    disableGc: disableGc.right,
    loadOnlyInlinedPlugins: onlyInlined.right,
    plugins: plugins.right,
    bytes,
  });
}

/**
 * Reads a network of one plugin: the content of a `.conf` or `.json` file, made into a list. Its `bytes` are those of the list, as the
 * reference has them, since a list is what readers of the cache expect.
 * @returns a NicError `ERR_CONFIG` for anything else, also for a list in such a file
 */
export function parseSingleNetwork(bytes: Uint8Array): E.Either<NicError, NetworkList> {
  const plugin = toPlugin(bytes);
  if (E.isLeft(plugin)) return plugin;
  const { cniVersion, name, raw } = plugin.right;
  return parseNetworkList(new TextEncoder().encode(JSON.stringify({ cniVersion, name, plugins: [raw] })));
}
