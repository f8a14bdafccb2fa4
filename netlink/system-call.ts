import { NetlinkError } from '../lib/errors.js';
import { ERRNO, errnoName } from './wire/index.js';

/** What {@link checkCall} says about a refused call. */
export interface CallFailure {
  /** What was being done, with its arguments, as in `setns /run/netns/pod`. */
  readonly op: string;
  /** Said when the kernel refuses for lack of rights: the capability that is missing. */
  readonly capability?: string;
}

/**
 * Gives the result of a call of {@link Libc}, unless it is an error.
 * @throws NetlinkError when `result` is a negative error number
 */
export function checkCall(result: number, failure: CallFailure): number {
  if (result >= 0) return result;
  throw toCallError(result, failure);
}

/** The error that a negative result of a call stands for. */
export function toCallError(result: number, failure: CallFailure): NetlinkError {
  const errno = errnoName(result);
  const denied = -result === ERRNO.EPERM || -result === ERRNO.EACCES;
  const hint = denied && failure.capability !== undefined ? { hint: failure.capability } : {};
  return new NetlinkError({ op: failure.op, errno, ...hint });
}
