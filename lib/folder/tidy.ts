import { isNicError } from '../errors.js';
import { type Folder, temporaryOwner } from './folder.js';

/**
 * Removes temporary files that processes which died in the middle of a write left in a group: those of files whose lock is free,
 * since each is written under its lock only.
 * @param lockOf the lock of a file by its name; undefined for files to leave alone
 */
export function removeLeftOvers(folder: Folder, group: string, lockOf: (name: string) => string | undefined): void {
  for (const name of folder.list(group)) {
    const owner = temporaryOwner(name);
    const lockName = owner === undefined ? undefined : lockOf(owner);
    if (lockName === undefined) continue;
    const lock = folder.tryLock(lockName);
    if (lock === undefined) continue;
    try {
      // One that was written to its end meanwhile bears another name by now.
      folder.remove(group, name, 'quick');
    } catch (error) {
      // A folder: no command has left that behind.
      if (!isNicError(error, 'ERR_JOURNAL')) throw error;
    } finally {
      lock.release();
    }
  }
}
