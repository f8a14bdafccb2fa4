/** Opens files until there is no descriptor left, then a namespace, and says how that failed. For namespace.test.ts. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { NetlinkError } from '../../lib/errors.js';
import { openNamespace } from '../../netlink/namespace.js';

async function runOutOfDescriptors(): Promise<void> {
  const ref = { kind: 'path', path: '/proc/thread-self/ns/net' } as const;
  // Whatever is loaded at the first use needs descriptors itself.
  (await openNamespace(ref)).close();
  const open: number[] = [];
  try {
    for (;;) open.push(openSync('/dev/null', constants.O_RDONLY));
  } catch {
    // None is left.
  }
  const failed: unknown = await openNamespace(ref).catch((error: unknown) => error);
  for (const fd of open) closeSync(fd);
  writeSync(1, JSON.stringify(failed instanceof NetlinkError ? { code: failed.code, errno: failed.errno } : String(failed)));
}

await runOutOfDescriptors();
