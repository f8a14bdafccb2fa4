import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { formatCidr, formatIp, parseCidr, parseIp } from '../address.js';
import { decode, IntegerCodec } from '../codec.js';
import { DecodeError } from '../errors.js';
import { caseless, listOf, OptionalTextCodec, OptionalTextsCodec, optional, TextOrEmptyCodec, unlessEmpty } from './caseless.js';
import { getKey, isJsonObject } from './json.js';
import type {
  AnyResult,
  Dns,
  Interface,
  Interface040,
  IpHalf,
  Result,
  Result020,
  Result040,
  ResultIp,
  ResultIp040,
  ResultRoute,
} from './result.js';
import { allVersions, type CniVersion, impliedVersion, isCniVersion } from './version.js';

/** A text that is read and printed by `lib/address.ts`, so that all forms of one address become the canonical one. */
function canonicalText(expected: string, read: (text: string) => string | undefined): t.Type<string, unknown> {
  return new t.Type<string, unknown>(
    expected,
    (value): value is string => typeof value === 'string' && read(value) !== undefined,
    (value, context) => {
      const text = typeof value === 'string' ? read(value) : undefined;
      return text === undefined ? t.failure(value, context) : t.success(text);
    },
    t.identity,
  );
}

/** Address with prefix length. Required: the reference lets it be absent and prints the text `<nil>`. */
const CidrCodec = canonicalText('an address with prefix length, such as 192.0.2.5/24', (text) => {
  const cidr = parseCidr(text);
  return cidr === undefined ? undefined : formatCidr(cidr);
});

const BareIpCodec = canonicalText('an address without prefix length, such as 192.0.2.1', (text) => {
  if (text === '') return '';
  const ip = parseIp(text);
  return ip === undefined ? undefined : formatIp(ip);
});

const OptionalIpCodec = unlessEmpty(BareIpCodec, (value) => value === '');
/** The spec says uint; like the reference this takes any integer. */
const OptionalIntegerCodec = optional(IntegerCodec);
/** For fields that the reference leaves out when 0. */
const NonZeroCodec = unlessEmpty(IntegerCodec, (value) => value === 0);

const FullDnsCodec: t.Type<Dns, unknown> = caseless<Dns>('an object', {
  nameservers: OptionalTextsCodec,
  domain: OptionalTextCodec,
  search: OptionalTextsCodec,
  options: OptionalTextsCodec,
});
const DnsCodec = unlessEmpty(FullDnsCodec, (dns) => Object.keys(dns).length === 0);

const RouteCodec: t.Type<ResultRoute, unknown> = caseless<ResultRoute>('an object', {
  dst: CidrCodec,
  gw: OptionalIpCodec,
  mtu: NonZeroCodec,
  advmss: NonZeroCodec,
  priority: NonZeroCodec,
  table: OptionalIntegerCodec,
  scope: OptionalIntegerCodec,
});

const Interface040Codec: t.Type<Interface040, unknown> = caseless<Interface040>('an object', {
  name: TextOrEmptyCodec,
  mac: OptionalTextCodec,
  sandbox: OptionalTextCodec,
});

const InterfaceCodec: t.Type<Interface, unknown> = caseless<Interface>('an object', {
  name: TextOrEmptyCodec,
  mac: OptionalTextCodec,
  mtu: NonZeroCodec,
  sandbox: OptionalTextCodec,
  socketPath: OptionalTextCodec,
  pciID: OptionalTextCodec,
});

const IpCodec: t.Type<ResultIp, unknown> = caseless<ResultIp>('an object', {
  interface: OptionalIntegerCodec,
  address: CidrCodec,
  gateway: OptionalIpCodec,
});

/**
 * The reference keeps any text here, but heeds only 4 and 6. Other texts become empty: the conversions come out the same,
 * and the type stays exact.
 */
const LabelCodec: t.Type<ResultIp040['version'], unknown> = new t.Type<ResultIp040['version'], unknown>(
  'a text',
  (value): value is ResultIp040['version'] => value === '4' || value === '6' || value === '',
  (value, context) => {
    if (value !== undefined && typeof value !== 'string') return t.failure(value, context);
    return t.success(value === '4' || value === '6' ? value : '');
  },
  t.identity,
);

const Ip040Codec: t.Type<ResultIp040, unknown> = caseless<ResultIp040>('an object', {
  version: LabelCodec,
  interface: OptionalIntegerCodec,
  address: CidrCodec,
  gateway: OptionalIpCodec,
});

const IpHalfCodec: t.Type<IpHalf, unknown> = caseless<IpHalf>('an object', {
  ip: CidrCodec,
  gateway: OptionalIpCodec,
  routes: listOf(RouteCodec),
});

const Body020Codec = caseless<Omit<Result020, 'cniVersion'>>('an object', {
  ip4: optional(IpHalfCodec),
  ip6: optional(IpHalfCodec),
  dns: DnsCodec,
});
/** The text of spec 0.3.0 once names the list of addresses `ip`; like the reference, and all plugins, this knows only `ips`. */
const Body040Codec = caseless<Omit<Result040, 'cniVersion'>>('an object', {
  interfaces: listOf(Interface040Codec),
  ips: listOf(Ip040Codec),
  routes: listOf(RouteCodec),
  dns: DnsCodec,
});
const Body100Codec = caseless<Omit<Result, 'cniVersion'>>('an object', {
  interfaces: listOf(InterfaceCodec),
  ips: listOf(IpCodec),
  routes: listOf(RouteCodec),
  dns: DnsCodec,
});

function decodeBody(value: unknown, version: CniVersion, what: string): E.Either<DecodeError, AnyResult> {
  const merge =
    <V extends CniVersion, B extends object>(cniVersion: V) =>
    (body: B): { cniVersion: V } & B => ({ cniVersion, ...body });
  switch (version) {
    case '0.1.0':
    case '0.2.0':
      return E.map(merge<typeof version, Omit<Result020, 'cniVersion'>>(version))(decode(Body020Codec, value, what));
    case '0.3.0':
    case '0.3.1':
    case '0.4.0':
      return E.map(merge<typeof version, Omit<Result040, 'cniVersion'>>(version))(decode(Body040Codec, value, what));
    case '1.0.0':
    case '1.1.0':
      return E.map(merge<typeof version, Omit<Result, 'cniVersion'>>(version))(decode(Body100Codec, value, what));
  }
}

/**
 * Decodes a result that a plugin answered.
 * @param assumed its version when it does not say one (absent, empty or not a text): that of the configuration it was asked with
 * @param what what it is, for the message
 */
export function decodeResult(value: unknown, assumed: CniVersion = impliedVersion, what = 'CNI result'): E.Either<DecodeError, AnyResult> {
  // Go's decoder reads `null` as an object without any key.
  const object = value ?? {};
  const written = isJsonObject(object) ? getKey(object, 'cniVersion') : undefined;
  const version = typeof written === 'string' && written !== '' ? written : assumed;
  if (!isCniVersion(version)) {
    return E.left(new DecodeError(what, [{ path: 'cniVersion', expected: `one of ${allVersions.join(', ')}` }]));
  }
  return decodeBody(object, version, what);
}

/**
 * Reads a result as a plugin printed it.
 * @param assumed as for {@link decodeResult}
 */
export function parseResult(text: string, assumed: CniVersion = impliedVersion, what = 'CNI result'): E.Either<DecodeError, AnyResult> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    return E.left(new DecodeError(what, [{ path: '', expected: 'valid JSON' }]));
  }
  return decodeResult(value, assumed, what);
}
