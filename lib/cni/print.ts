import type { CniError } from './error.js';
import { type CniVersion, currentVersion } from './version.js';

/** Go's encoder escapes these inside texts, for HTML and JavaScript. The value is the same; only bytes differ. */
const escapedByGo = /[<>&\u2028\u2029]/g;

/**
 * Prints a document as the reference does: four spaces of indent, no newline at the end.
 * The characters that Go escapes can only stand inside texts, so replacing them in the printed document is safe.
 */
export function printJson(document: object): string {
  return JSON.stringify(document, null, 4).replace(escapedByGo, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Prints the error object of the protocol. It has a `cniVersion`, as the spec says; the reference leaves that out, and readers ignore it.
 * @param version the configuration's version; the newest when none was understood
 */
export function formatError(error: CniError, version: CniVersion = currentVersion): string {
  const details = error.details === '' ? {} : { details: error.details };
  return printJson({ cniVersion: version, code: error.cniCode, msg: error.message, ...details });
}
