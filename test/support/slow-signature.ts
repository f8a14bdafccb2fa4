import { createHash } from 'node:crypto';

/*
 * The signature of a request, step by step from its description (docs, `api/signature`; RFC 2104 for HMAC), over bytes and without
 * anything of the implementation under test.
 */

const BLOCK = 64;

function hmac(hash: 'sha256' | 'sha1', key: Buffer, message: Buffer): Buffer {
  const digest = (...parts: readonly Buffer[]): Buffer => createHash(hash).update(Buffer.concat(parts)).digest();
  const short = key.length > BLOCK ? digest(key) : key;
  const padded = Buffer.concat([short, Buffer.alloc(BLOCK - short.length)]);
  const xor = (byte: number): Buffer => Buffer.from(padded.map((own) => own ^ byte));
  return digest(xor(0x5c), digest(xor(0x36), message));
}

const KEPT = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~';
const BLANKS =
  '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000';

/** Encodes a value: blanks of Unicode cut off its ends, then all bytes of its UTF-8 but the unreserved ones as %XX. */
export function slowEncode(value: string): string {
  const chars = [...value];
  while (chars.length > 0 && BLANKS.includes(chars[0] ?? '')) chars.shift();
  while (chars.length > 0 && BLANKS.includes(chars.at(-1) ?? '')) chars.pop();
  let text = '';
  for (const byte of Buffer.from(chars.join(''), 'utf8')) {
    const char = String.fromCharCode(byte);
    text += byte < 0x80 && KEPT.includes(char) ? char : `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`;
  }
  return text;
}

/** What {@link slowRequest} signs. */
export interface SlowInput {
  /** The method. */
  readonly method: 'GET' | 'POST';
  /** The path. */
  readonly path: string;
  /** The parameters in any order, not encoded. */
  readonly params: readonly (readonly [name: string, value: string])[];
  /** The key. */
  readonly secret: string;
  /** The hash. */
  readonly hash: 'sha256' | 'sha1';
}

/** The whole query, signature last. */
export function slowRequest({ method, path, params, secret, hash }: SlowInput): string {
  const sorted: (readonly [string, string])[] = [];
  for (const param of params) {
    // By insertion: before the first whose name has greater bytes.
    const at = sorted.findIndex(([name]) => Buffer.compare(Buffer.from(name), Buffer.from(param[0])) > 0);
    sorted.splice(at < 0 ? sorted.length : at, 0, param);
  }
  let query = '';
  for (const [name, value] of sorted) query += `${query === '' ? '' : '&'}${name}=${slowEncode(value)}`;
  const signed = Buffer.from([method, path, query].join('\n'), 'utf8');
  const signature = hmac(hash, Buffer.from(secret, 'utf8'), signed).toString('base64');
  return `${query}&signature=${slowEncode(signature)}`;
}
