import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { FAILSAFE_SCHEMA, load, YAMLException } from 'js-yaml';
import { decode, refine } from '../../lib/codec.js';
import { NicError } from '../../lib/errors.js';

/** How to reach the API, and as whom. Holds a secret: never print it. */
export interface QingCloudConfig {
  /** The public half of the access key (`qy_access_key_id`). */
  readonly accessKeyId: string;
  /** The secret half (`qy_secret_access_key`). It signs requests and is never sent. */
  readonly secretAccessKey: string;
  /** The zone, in lower case, such as `pek3a`. */
  readonly zone: string;
  /** `https` by default. */
  readonly protocol: 'http' | 'https';
  /** `api.qingcloud.com` by default. An IPv6 address stands without brackets. */
  readonly host: string;
  /** 443 by default. */
  readonly port: number;
  /** The path of the API (`uri`), `/iaas` by default. It is part of what is signed. */
  readonly path: string;
  /** How often a request may be tried again, where trying again does no harm; 3 by default. */
  readonly connectionRetries: number;
  /** Time to connect in, milliseconds; 0: no limit but the request's own. 30 s by default. */
  readonly connectionTimeoutMs: number;
  /** The level that the vendor's SDK would log at; `warn` by default. Up to the caller what to make of it. */
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  /** Another one whenever the file was written, so that what the cloud said to a wrong key is not taken for true after it was put right. */
  readonly revision?: string;
}

/*
 * Every scalar is read as the text that stands in the file: the vendor's SDK (Go, yaml.v2) gives `qy_access_key_id: 12345678`
 * and `zone: yes` to its text fields unchanged, and such files must go on working.
 */

const text = (expected: string, pattern: RegExp): t.Type<string, unknown> => refine(t.string, expected, (value) => pattern.test(value));

function number(expected: string, accept: (value: number) => boolean): t.Type<string, unknown> {
  return refine(t.string, expected, (value) => /^[0-9]{1,9}$/.test(value) && accept(Number(value)));
}

const HostCodec = text(
  'a host name or address, without scheme, port and path',
  /^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?|[0-9a-fA-F:.]+)$/,
);
const PathCodec = refine(
  text('a path that starts with a slash, such as /iaas', /^\/[A-Za-z0-9._~/-]*$/),
  'a path that starts with a slash and has no . or .. in it, such as /iaas',
  (value) => !value.split('/').some((part) => part === '.' || part === '..'),
);

const ConfigFileCodec = t.intersection([
  t.type({
    qy_access_key_id: text('set to a text of printable ASCII characters', /^[\x21-\x7e]+$/),
    qy_secret_access_key: text('set to a text of printable ASCII characters', /^[\x21-\x7e]+$/),
    zone: text('set to the name of a zone in lower case, such as pek3a', /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/),
  }),
  t.partial({
    host: HostCodec,
    port: number('a port, 1 to 65535', (value) => value >= 1 && value <= 65535),
    protocol: t.keyof({ http: null, https: null }, 'http or https'),
    uri: PathCodec,
    connection_retries: number('a number of retries, 0 or more', () => true),
    connection_timeout: number('a time in whole seconds, 0 or more', (value) => value <= 86400),
    log_level: t.keyof({ debug: null, info: null, warn: null, error: null, fatal: null }, 'debug, info, warn, error or fatal'),
  }),
]);

/** js-yaml's messages quote the file around the mistake, and some reasons quote a word of it: the part before the quote holds no secret. */
function describeYamlError(error: YAMLException, source: string): string {
  const tab = source.split('\n').findIndex((line) => /^ *\t/.test(line));
  if (tab >= 0) return `line ${tab + 1} is indented with a tab; YAML wants blanks`;
  const reason = error.reason.split(/["'`<(]/)[0]?.trim() ?? '';
  return error.mark === undefined ? reason : `line ${error.mark.line + 1}, column ${error.mark.column + 1}: ${reason}`;
}

function invalid(file: string, what: string, cause?: unknown): E.Either<NicError, never> {
  return E.left(new NicError('ERR_CONFIG', `${file}: ${what}`, { cause }));
}

function loadYaml(source: string, file: string): E.Either<NicError, unknown> {
  try {
    // As in yaml.v2 the last of several equal keys wins.
    return E.right(load(source, { schema: FAILSAFE_SCHEMA, json: true }));
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    // js-yaml 5 throws for an empty document, and js-yaml's error is no cause to pass on: it quotes the file.
    if (!/^[^#\s]/m.test(source))
      return invalid(file, 'the file is empty; it must hold at least qy_access_key_id, qy_secret_access_key and zone');
    return invalid(file, `this is no YAML: ${describeYamlError(error, source)}`);
  }
}

/** Nulls count as absent: so do the SDK's, whose defaults then apply. */
function withoutNulls(document: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(document).filter(([, value]) => typeof value !== 'string' || !['', '~', 'null', 'Null', 'NULL'].includes(value.trim())),
  );
}

/**
 * Reads the text of a provider file: the YAML file of the vendor's SDKs (Go SDK, `config/config.go`, `docs/configuration.md`).
 * Keys that are not known are ignored, and so are the `credential_proxy_*` keys: both halves of the access key are required.
 * @param file its name, for messages
 * @returns the configuration with the SDK's defaults filled in, or an `ERR_CONFIG` that names file and key and shows no value
 */
export function parseConfig(source: string, file: string): E.Either<NicError, QingCloudConfig> {
  const document = loadYaml(source, file);
  if (E.isLeft(document)) return document;
  const root = document.right;
  if (typeof root !== 'object' || root === null || Array.isArray(root)) {
    return invalid(file, 'the file must hold lines of the form "key: value", such as "zone: pek3a"');
  }
  const present = withoutNulls(root);
  const decoded = decode(ConfigFileCodec, present, file);
  if (E.isLeft(decoded)) {
    const { message } = decoded.left;
    const isKeyless = present['qy_access_key_id'] === undefined && present['qy_secret_access_key'] === undefined;
    const hint = isKeyless ? '; keys taken from an instance role, as the SDK does without any in the file, are not supported' : '';
    return E.left(new NicError('ERR_CONFIG', `${message}${hint}`, { cause: decoded.left }));
  }
  const wire = decoded.right;
  return E.right({
    accessKeyId: wire.qy_access_key_id,
    secretAccessKey: wire.qy_secret_access_key,
    zone: wire.zone,
    protocol: wire.protocol ?? 'https',
    host: wire.host ?? 'api.qingcloud.com',
    port: Number(wire.port ?? 443),
    path: (wire.uri ?? '/iaas').replace(/\/+/g, '/'),
    connectionRetries: Number(wire.connection_retries ?? 3),
    connectionTimeoutMs: 1000 * Number(wire.connection_timeout ?? 30),
    logLevel: wire.log_level ?? 'warn',
  });
}
