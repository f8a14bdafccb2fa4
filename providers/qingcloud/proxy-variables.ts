import * as E from 'fp-ts/lib/Either.js';
import { NicError } from '../../lib/errors.js';
import { type Destination, isDirect } from './no-proxy.js';

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A proxy that a variable names. */
export interface ProxyServer {
  /** How the proxy itself is spoken to. */
  readonly protocol: 'http' | 'https';
  /** Its host name or address, without brackets. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
  /** The value of the header `Proxy-Authorization`, when the variable holds a user. A secret. */
  readonly authorization: string | undefined;
  /** The variable's name, for messages. */
  readonly variable: string;
}

/** The first of some variables that is not empty: upper case goes before lower case, as in Go's programs. */
function firstOf(environment: Environment, name: string): { readonly variable: string; readonly value: string } | undefined {
  for (const variable of [name, name.toLowerCase()]) {
    const value = environment[variable]?.trim() ?? '';
    if (value !== '') return { variable, value };
  }
  return undefined;
}

function invalid(variable: string): E.Either<NicError, never> {
  const form = 'http://host:port or https://host:port, with user:password@ before the host where the proxy asks for it';
  return E.left(new NicError('ERR_CONFIG', `the variable ${variable} names no proxy that can be used: it must be ${form}`));
}

function parseProxy(variable: string, value: string): E.Either<NicError, ProxyServer> {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  // The parser's own error quotes the text, password and all.
  if (!URL.canParse(text)) return invalid(variable);
  const { protocol, hostname, port, username, password } = new URL(text);
  if ((protocol !== 'http:' && protocol !== 'https:') || hostname === '') return invalid(variable);
  let user: string;
  try {
    user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch {
    return invalid(variable);
  }
  const scheme = protocol === 'https:' ? 'https' : 'http';
  return E.right({
    protocol: scheme,
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (scheme === 'https' ? 443 : 80) : Number(port),
    authorization: user === ':' ? undefined : `Basic ${Buffer.from(user, 'utf8').toString('base64')}`,
    variable,
  });
}

/**
 * Finds the proxy for a destination: `HTTPS_PROXY` or `HTTP_PROXY` by its protocol, unless `NO_PROXY` excepts it; each in upper or lower case.
 * A proxy without scheme is spoken to by HTTP. See {@link isDirect} for what is excepted.
 * @returns undefined where there is none; an `ERR_CONFIG` that names the variable, and shows nothing of its value
 */
export function findProxy(
  environment: Environment,
  destination: Destination & { readonly protocol: 'http' | 'https' },
): E.Either<NicError, ProxyServer | undefined> {
  const found = firstOf(environment, destination.protocol === 'https' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (found === undefined || isDirect(firstOf(environment, 'NO_PROXY')?.value ?? '', destination)) return E.right(undefined);
  return parseProxy(found.variable, found.value);
}
