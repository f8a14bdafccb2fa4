import type { ClientRequest } from 'node:http';

/** System calls that run before a connection is there: what fails in them has sent nothing. */
const CONNECTING_CALLS: readonly unknown[] = ['connect', 'getaddrinfo', 'bind'];
/** Time-outs of got that end before a connection is there. */
const CONNECTING_TIMEOUTS: readonly unknown[] = ['lookup', 'connect', 'secureConnect'];
/** Node's codes for a certificate that does not verify (OpenSSL, `X509_verify_cert_error_string`): the handshake is not over then. */
const CERTIFICATE_CODES = /^(CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_CA|HOSTNAME_MISMATCH|ERR_TLS_CERT_)/;

/** The code of an error about a way through a proxy: what was to be sent waits until there is one. */
export const TUNNEL_CODE = 'ERR_TUNNEL';

/** A text field of a value of any shape; undefined when it has none. */
export function textField(value: unknown, name: string): string | undefined {
  if (typeof value !== 'object' || value === null || !(name in value)) return undefined;
  const field: unknown = Reflect.get(value, name);
  return typeof field === 'string' ? field : undefined;
}

/** True for an error about the server's certificate: trying again does not help. */
export function isCertificateError(error: unknown): boolean {
  return CERTIFICATE_CODES.test(textField(error, 'code') ?? '');
}

/**
 * True when the request that failed so certainly never left this host. When in doubt it may have.
 * @param error what got, or Node below it, rejects with
 */
export function neverLeft(error: unknown): boolean {
  if (textField(error, 'name') === 'TimeoutError') return CONNECTING_TIMEOUTS.includes(textField(error, 'event'));
  if (textField(error, 'code') === TUNNEL_CODE) return true;
  // Some runtimes give no system call with it, and nothing but connecting is refused so.
  if (textField(error, 'code') === 'ECONNREFUSED' || isCertificateError(error)) return true;
  if (CONNECTING_CALLS.includes(textField(error, 'syscall'))) return true;
  // All addresses of a host were tried: each attempt must have failed before it connected.
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(neverLeft);
  return error instanceof Error && error.cause !== undefined && neverLeft(error.cause);
}

/** The words of OpenSSL for what went wrong in TLS, out of a line such as `4047:error:0A00010B:SSL routines:f:wrong version number:../x.c:354:`. */
export function tlsReason(message: string): string | undefined {
  return /error:[0-9a-f]+:[^:]*:[^:]*:([^:\r\n]+)/i.exec(message)?.[1];
}

/**
 * Follows the TLS handshake of a request. Nothing of the request is encrypted, and so none of it sent, before the handshake is over.
 * @param tunnelled the connection leads through a proxy, which has to make it first
 * @returns tells whether its handshake has begun and is not over yet; false as long as nothing is known, and for a connection that is used again
 */
export function followHandshake(request: ClientRequest, tunnelled: boolean): () => boolean {
  let shaking = tunnelled;
  request.once('socket', (socket) => {
    shaking = 'secureConnecting' in socket && socket.secureConnecting === true;
    // A connection that is used again has no handshake before it.
    if (!shaking) return;
    socket.once('secureConnect', () => {
      shaking = false;
    });
  });
  return () => shaking;
}
