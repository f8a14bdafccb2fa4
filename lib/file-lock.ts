/**
 * Locks on open files that the kernel holds and drops when the process dies (flock(2)).
 * Passed in, since Node.js has no such call; `hostnic-cni/netlink` exports an implementation.
 */
export interface FileLocker {
  /** Takes the exclusive lock on an open descriptor if it is free, and says whether it was. Closing the descriptor releases it. */
  tryLock(fd: number): boolean;
}
