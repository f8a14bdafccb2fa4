/**
 * The core of hostnic-cni.
 * @packageDocumentation
 */
export type { NicErrorCode } from './errors.js';
export { NicError } from './errors.js';
