/**
 * Enters a namespace and loses the descriptor of its own there, as nothing but a fault of the process could. With the argument `worker`
 * a worker thread does so. For namespace.test.ts.
 */
import { closeSync, fstatSync, readdirSync, writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { createNamespace, openNamespace, runInNamespace } from '../../netlink/namespace.js';
import { startWorker } from './worker.js';

async function loseTheWayBack(): Promise<void> {
  const own = await openNamespace({ kind: 'own' });
  const other = await createNamespace();
  const kept = new Set([own.fd, other.fd]);
  runInNamespace(other, () => {
    writeSync(1, 'inside\n');
    for (const name of readdirSync('/proc/self/fd')) {
      const fd = Number(name);
      if (kept.has(fd)) continue;
      try {
        const { ino, dev } = fstatSync(fd, { bigint: true });
        if (ino === own.inode && dev === own.device) closeSync(fd);
      } catch {
        // The descriptor that read the list is gone by now.
      }
    }
  });
  writeSync(1, 'went on in the wrong place\n');
}

if (isMainThread && process.argv[2] === 'worker') startWorker(new URL(import.meta.url));
else await loseTheWayBack();
