import { createHmac } from 'node:crypto';

/** How requests are signed. The client always uses `HmacSHA256`; the service takes both (docs, `api/parameters`). */
export type SignatureMethod = 'HmacSHA256' | 'HmacSHA1';

const HASHES: Readonly<Record<SignatureMethod, string>> = { HmacSHA256: 'sha256', HmacSHA1: 'sha1' };

const UNRESERVED = /^[A-Za-z0-9._~-]*$/;
const SURROGATE = /[\ud800-\udfff]/;

/** Cuts off white space at both ends as the Go SDK does (`strings.TrimSpace`): what Unicode calls so, where JavaScript counts U+FEFF in and U+0085 not. */
export function trimValue(value: string): string {
  return value.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
}

/**
 * Percent-encodes a parameter value: UTF-8, only `A-Z a-z 0-9 - _ . ~` kept, upper-case hex, a space is `%20`.
 * White space at both ends is cut off, as the Go SDK does before it signs (`request/builder.go`); half a surrogate pair is sent as U+FFFD.
 */
export function encodeValue(value: string): string {
  // As most values are: a request has a dozen of them.
  if (UNRESERVED.test(value)) return value;
  const text = trimValue(value);
  // A lone surrogate has no UTF-8 form, and encodeURIComponent would throw.
  const wellFormed = SURROGATE.test(text) ? text.replace(/[\ud800-\udfff]/gu, '\ufffd') : text;
  return encodeURIComponent(wellFormed).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * Writes parameters as a query: sorted by name in byte order (the names, not the joined pairs), values encoded.
 * A value that is empty is written `name=`.
 */
export function encodeQuery(params: Readonly<Record<string, string>>): string {
  return Object.keys(params)
    .sort()
    .map((name) => `${name}=${encodeValue(params[name] ?? '')}`)
    .join('&');
}

/**
 * The text that is signed: method, path and query, each on a line, without a line feed at the end (docs, `api/signature`).
 * @param path exactly the path in the URL; `/iaas` and `/iaas/` sign differently
 * @param query as {@link encodeQuery} writes it, without the signature
 */
export function toStringToSign(method: 'GET' | 'POST', path: string, query: string): string {
  return `${method}\n${path}\n${query}`;
}

/** What a signature is computed of. */
export interface SignatureInput {
  /** `GET` by default; the parameters of a `POST` are its body. */
  readonly method?: 'GET' | 'POST';
  /** Exactly the path in the URL. */
  readonly path: string;
  /** All parameters but `signature`, not encoded. */
  readonly params: Readonly<Record<string, string>>;
  /** The secret half of the access key. */
  readonly secretAccessKey: string;
  /** `HmacSHA256` by default. It is not written into the parameters: `signature_method` has to name the same. */
  readonly signatureMethod?: SignatureMethod;
}

/** Computes a request's signature: base64 of the HMAC of {@link toStringToSign}, not percent-encoded. */
export function computeSignature(input: SignatureInput): string {
  const text = toStringToSign(input.method ?? 'GET', input.path, encodeQuery(input.params));
  const hash = HASHES[input.signatureMethod ?? 'HmacSHA256'];
  return createHmac(hash, input.secretAccessKey).update(text, 'utf8').digest('base64');
}

/** The query with its signature, which stands last, outside the sorted part. This is what is sent after the `?`. */
export function signQuery(input: SignatureInput): string {
  return `${encodeQuery(input.params)}&signature=${encodeValue(computeSignature(input))}`;
}

/** Writes a time as `time_stamp` wants it: UTC, whole seconds. @param time milliseconds since the epoch */
export function formatTimeStamp(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
