import { libc } from '#libc';
import { NicError } from '../lib/errors.js';
import type { FileLocker } from '../lib/file-lock.js';
import { LOCK } from './system-constants.js';
import { ERRNO, errnoName } from './wire/index.js';

/**
 * Locks by flock(2). A lock belongs to the open file description: it ends with the last descriptor of it, at the latest when the
 * process dies, and two descriptors opened apart exclude each other also inside one process.
 *
 * `tryLock` rejects a descriptor that cannot be locked with NicError `ERR_IO`.
 */
export const fileLocker: FileLocker = {
  tryLock(fd) {
    const result = libc.flock(fd, LOCK.EX | LOCK.NB);
    if (result === 0) return true;
    if (-result === ERRNO.EAGAIN) return false;
    throw new NicError('ERR_IO', `flock of descriptor ${fd}: ${errnoName(result)}`);
  },
};
