import { NetlinkError } from '../../lib/errors.js';

/** The error of a request that the fake kernel refuses, with the real kernel's errno and words. */
export function refusal(op: string, errno: string, kernelMessage?: string): NetlinkError {
  return new NetlinkError(kernelMessage === undefined ? { op, errno } : { op, errno, kernelMessage });
}
