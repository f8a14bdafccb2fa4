import { CniError, cniCodes } from './error.js';

/** A JSON object as parsed. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Largest input that is parsed, in bytes. The reference has no limit; real configurations are a few KiB. */
export const maxInputBytes = 1024 * 1024;

/** Deepest nesting that is parsed: that of Go's decoder, so that no plugin of a chain reads what another one refuses. */
export const maxNesting = 10_000;

/** True for a JSON object: neither null nor a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A loop, since the nesting is what may be too deep for recursion. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let inText = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (inText) {
      if (char === 0x5c) i++;
      else if (char === 0x22) inText = false;
    } else if (char === 0x22) inText = true;
    else if (char === 0x5b || char === 0x7b) {
      if (++depth > maxNesting) return true;
    } else if (char === 0x5d || char === 0x7d) depth--;
  }
  return false;
}

/** What the parser says quotes the input around the error, which may be a secret. Only the position is kept. */
function describeSyntaxError(text: string, error: unknown): string {
  if (text.trim() === '') return 'it is empty';
  if (text.startsWith('\ufeff')) return 'it starts with a byte order mark';
  const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
  return position === undefined ? 'it is not valid JSON' : `it is not valid JSON at character ${Number(position) + 1}`;
}

/**
 * Reads a JSON object from outside.
 *
 * Of a key repeated in the same spelling only the last value is left, as in Go's decoder.
 * @param bytes UTF-8; what is not is read as U+FFFD, as in Go's decoder
 * @param what its name for the message, which then goes on with `: ` and the reason
 * @returns the object, or null for the text `null`, which Go reads as an object without any key
 * @throws CniError 6 without any part of the input in it
 */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject | null {
  const fail = (reason: string): CniError => new CniError(cniCodes.decodingFailure, `${what}: ${reason}`);
  if (bytes.length > maxInputBytes) throw fail(`it is larger than ${maxInputBytes} bytes`);
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  // Fewer characters cannot nest too deep.
  if (text.length > maxNesting && isTooDeep(text)) throw fail(`it is nested deeper than ${maxNesting} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fail(describeSyntaxError(text, error));
  }
  if (value !== null && !isJsonObject(value)) throw fail('it must be a JSON object');
  return value;
}

/**
 * Folds a key as Go's decoder does for its comparison: letter case, and the two letters outside ASCII (long s, Kelvin sign) that
 * Unicode's simple folding counts as ASCII ones.
 */
export function foldKey(key: string): string {
  return key.replaceAll('\u017f', 's').toLowerCase();
}

/**
 * The value at a key, matched without regard to case; of several spellings the last one wins, as in Go's decoder.
 *
 * This is no curiosity: containerd writes `HostPort` and `Servers` where the conventions say `hostPort` and `servers`.
 * The result is undefined for absent and for null, which Go's decoder leaves unset.
 */
export function getKey(object: JsonObject, key: string): unknown {
  const folded = foldKey(key);
  let found: unknown;
  for (const [name, value] of Object.entries(object)) {
    if (value !== null && (name === key || foldKey(name) === folded)) found = value;
  }
  return found;
}
