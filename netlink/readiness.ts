import { constants } from 'node:os';
import { libc } from '#libc';
import { FCNTL, POLL } from './system-constants.js';
import { LITTLE_ENDIAN } from './wire/index.js';

/** Catches what the signal may miss: one that came before arming, or a worker thread, which gets no signals. */
const SAFETY_POLL_MS = 100;
const ENTRY_BYTES = 8;

/** Says when sockets have something to read. */
export interface ReadinessPoller {
  /**
   * Watches a descriptor until the function that it returns is called, which must happen before the descriptor is closed.
   * `onReady` is called each time something is there, and must not throw. The process stays alive meanwhile.
   */
  watch(fd: number, onReady: () => void): () => void;
}

/**
 * Node.js has no way to wait for a descriptor that is no stream. So the kernel sends SIGURG when something arrives (O_ASYNC, F_SETSIG),
 * which by default is ignored and so can do no harm, and one poll(2) finds out where. That costs nothing while nothing happens,
 * takes no thread, and serves hundreds of sockets at once.
 */
export function createReadinessPoller(): ReadinessPoller {
  const watched = new Map<number, () => void>();
  let timer: NodeJS.Timeout | undefined;

  const check = (): void => {
    const order = [...watched];
    if (order.length === 0) return;
    const entries = new Uint8Array(order.length * ENTRY_BYTES);
    const view = new DataView(entries.buffer);
    for (const [i, [fd]] of order.entries()) {
      view.setInt32(i * ENTRY_BYTES, fd, LITTLE_ENDIAN);
      view.setInt16(i * ENTRY_BYTES + 4, POLL.IN, LITTLE_ENDIAN);
    }
    if (libc.poll(entries, 0) <= 0) return;
    for (const [i, [fd, onReady]] of order.entries()) {
      // One callback may have ended the watch of another.
      if (view.getInt16(i * ENTRY_BYTES + 6, LITTLE_ENDIAN) !== 0 && watched.get(fd) === onReady) onReady();
    }
  };

  const arm = (fd: number): void => {
    libc.fcntl(fd, FCNTL.SETOWN, process.pid);
    // Without it the kernel sends SIGIO, which ends the process. The safety poll is slower and does as well.
    if (libc.fcntl(fd, FCNTL.SETSIG, constants.signals.SIGURG) < 0) return;
    const flags = libc.fcntl(fd, FCNTL.GETFL, 0);
    if (flags >= 0) libc.fcntl(fd, FCNTL.SETFL, flags | FCNTL.O_ASYNC);
  };

  return {
    watch(fd, onReady) {
      if (watched.size === 0) {
        process.on('SIGURG', check);
        timer = setInterval(check, SAFETY_POLL_MS);
      }
      watched.set(fd, onReady);
      arm(fd);
      queueMicrotask(check);
      return () => {
        if (watched.get(fd) !== onReady) return;
        watched.delete(fd);
        if (watched.size > 0) return;
        process.off('SIGURG', check);
        clearInterval(timer);
      };
    },
  };
}

/** The poller of this process. One is enough, as the signal is the process's too. */
export const processPoller: ReadinessPoller = createReadinessPoller();
