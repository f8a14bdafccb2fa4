// Runs requests and listings again and again and prints, as JSON, what memory and descriptors were held after warming up and at the end.
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createNamespace } from '../../netlink/namespace.js';
import { openRtnetlink } from '../../netlink/rtnetlink.js';
import { addRouteRequest, deleteRouteRequest, isErrno } from '../../netlink/services/index.js';

/** What is held at one moment. */
export interface Held {
  /** Heap and memory outside it, in bytes. */
  readonly bytes: number;
  /** Open descriptors. */
  readonly descriptors: number;
}

/** Frees what nobody holds: by a function that V8 shows on demand, and that Bun has under a name of its own. */
function findCollector(): () => void {
  const bun: unknown = Reflect.get(globalThis, 'Bun');
  if (typeof bun === 'object' && bun !== null) return () => Reflect.get(bun, 'gc')(true);
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

const collect = findCollector();
const namespace = await createNamespace('spent');
const rtnetlink = openRtnetlink(namespace);
await rtnetlink.link.set(1, { up: true });

async function spend(requests: number): Promise<void> {
  const route = { dst: '10.0.0.0/8', linkIndex: 1 };
  for (let i = 0; i < requests / 8; i++) {
    await rtnetlink.route.add(route);
    await rtnetlink.route.add(route).catch((error: unknown) => {
      if (!isErrno(error, 'EEXIST')) throw error;
    });
    await rtnetlink.link.list();
    await rtnetlink.link.get({ index: 1 });
    await Promise.all([rtnetlink.address.list(), rtnetlink.rule.list(), rtnetlink.link.list({ signal: new AbortController().signal })]);
    await rtnetlink.batch([deleteRouteRequest(route), addRouteRequest(route), deleteRouteRequest(route)]);
    if (i % 100 === 0) openRtnetlink(namespace).close();
  }
}

async function held(): Promise<Held> {
  for (let i = 0; i < 4; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return { bytes: heapUsed + external, descriptors: readdirSync('/proc/self/fd').length };
}

const signal = new AbortController().signal;
await spend(4000);
const before = await held();
await spend(Number(process.argv[2]));
for (let i = 0; i < 2000; i++) await rtnetlink.link.get({ index: 1 }, { signal });
const after = await held();
rtnetlink.close();
namespace.close();
process.stdout.write(JSON.stringify({ before, after }));
