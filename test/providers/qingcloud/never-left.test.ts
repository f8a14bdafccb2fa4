import { expect } from 'chai';
import { neverLeft } from '../../../providers/qingcloud/never-left.js';

const system = (code: string, syscall?: string): Error =>
  Object.assign(new Error(code), syscall === undefined ? { code } : { code, syscall });
const wrapped = (cause: Error, code = 'ERR_GOT_REQUEST_ERROR'): Error => Object.assign(new Error('got', { cause }), { code });
const timeout = (event: string): Error => Object.assign(new Error('got'), { name: 'TimeoutError', code: 'ETIMEDOUT', event });

describe('neverLeft()', () => {
  const certain: readonly (readonly [string, unknown])[] = [
    ['a refused connection', system('ECONNREFUSED', 'connect')],
    ['a refused connection without system call', system('ECONNREFUSED')],
    ['no route while connecting', system('EHOSTUNREACH', 'connect')],
    ['a time-out of the kernel while connecting', system('ETIMEDOUT', 'connect')],
    ['a name that does not resolve', system('ENOTFOUND', 'getaddrinfo')],
    ['a resolver that does not answer', system('EAI_AGAIN', 'getaddrinfo')],
    ['the same inside of another error', wrapped(system('EHOSTUNREACH', 'connect'), 'EHOSTUNREACH')],
    ['all addresses failed', wrapped(new AggregateError([system('ETIMEDOUT', 'connect'), system('ENETUNREACH', 'connect')]), 'ETIMEDOUT')],
    ['a certificate that has expired', system('CERT_HAS_EXPIRED')],
    ['a certificate of somebody else', system('ERR_TLS_CERT_ALTNAME_INVALID')],
    ['a time-out of the look-up', timeout('lookup')],
    ['a time-out of connecting', timeout('connect')],
    ['a time-out of the handshake', timeout('secureConnect')],
  ];
  for (const [what, error] of certain) it(`is certain of ${what}`, () => expect(neverLeft(error)).to.equal(true));

  const doubtful: readonly (readonly [string, unknown])[] = [
    ['a connection that broke', system('ECONNRESET', 'read')],
    ['no route while reading', system('EHOSTUNREACH', 'read')],
    ['a time-out of the kernel while reading', system('ETIMEDOUT', 'read')],
    ['a write that failed', system('EPIPE', 'write')],
    ['addresses of which one connected', wrapped(new AggregateError([system('ETIMEDOUT', 'connect'), system('ECONNRESET', 'read')]))],
    ['no addresses at all', new AggregateError([])],
    ['a time-out of the request', timeout('request')],
    ['a time-out of the reply', timeout('response')],
    ['a request time-out around a connecting error', Object.assign(timeout('request'), { cause: system('ETIMEDOUT', 'connect') })],
    ['an abort', system('ERR_ABORTED')],
    ['an error nobody knows', new Error('connect')],
    ['no error', undefined],
  ];
  for (const [what, error] of doubtful) it(`is not certain of ${what}`, () => expect(neverLeft(error)).to.equal(false));
});
