import type { NetlinkError } from '../../lib/errors.js';
import { isNicError } from '../../lib/errors.js';
import type { CallOptions } from '../../lib/provider.js';
import type { NetlinkRequest } from '../connection.js';
import type { NetlinkMessage } from '../wire/index.js';

/** What the services need of a connection; a test may pass its own. */
export interface Requester {
  /** Sends one request and gives the decoded replies. */
  request<T = never>(request: NetlinkRequest, decode?: (message: NetlinkMessage) => T, options?: CallOptions): Promise<readonly T[]>;
  /** Asks for all objects of a kind. */
  dump<T>(request: NetlinkRequest, decode: (message: NetlinkMessage) => T, options?: CallOptions): Promise<readonly T[]>;
}

/** True when the kernel refused with one of these error names. */
export function isErrno(error: unknown, ...names: readonly string[]): error is NetlinkError {
  return isNicError(error, 'ERR_NETLINK') && 'errno' in error && names.includes(String(error.errno));
}

/** Waits for a removal and takes the error names that say "it is not there" as success. */
export async function unlessAbsent(removal: Promise<unknown>, ...names: readonly string[]): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!isErrno(error, ...names)) throw error;
  }
}

/** Settings as they came, for an encoder only: it leaves out what is undefined. Making objects without would take as long as encoding them. */
export function encodable<T extends object>(properties: { readonly [K in keyof T]: T[K] | undefined }): T {
  return properties as T;
}

/** The properties that are not undefined, so that optional settings can be handed on as they came. */
export function defined<T extends object>(properties: { readonly [K in keyof T]: T[K] | undefined }): T {
  // A plain loop: several times faster than Object.entries and back.
  const result: Partial<T> = {};
  for (const key in properties) {
    const value = properties[key];
    if (value !== undefined) result[key] = value;
  }
  return result as T;
}
