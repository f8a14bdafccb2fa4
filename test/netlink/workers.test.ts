import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import { expect } from 'chai';
import { createNamespace, runInNamespace } from '../../netlink/namespace.js';
import { openRtnetlink } from '../../netlink/rtnetlink.js';
import { requireLive } from '../support/live.js';
import { countDescriptors } from '../support/netlink-lab.js';
import { startWorker } from '../support/worker.js';

const program = new URL('../support/work-in-worker.ts', import.meta.url);

interface Report {
  readonly strays: readonly string[];
  readonly home: string;
  readonly seen: string;
  readonly listed: boolean;
  readonly ttl: string;
}

describe('netlink in worker threads', () => {
  before(function () {
    requireLive(this);
  });

  it('works in several at once, each in its own namespace, while the main thread goes in and out of another', async () => {
    const home = readlinkSync('/proc/thread-self/ns/net');
    const mine = await createNamespace('of the main thread');
    const theirs = await Promise.all([0, 1, 2].map((n) => createNamespace(`of worker ${n}`)));
    const before = countDescriptors();
    let running = true;
    const workers = theirs.map(({ fd }, n) => startWorker(program, { fd, name: `br${n}`, rounds: 200 }));
    const reports = Promise.all(
      workers.map(async (worker) => {
        // Both at once: a worker that ends hands over what it posted last and tells its end in the same turn.
        const [[report]] = (await Promise.all([once(worker, 'message'), once(worker, 'exit')])) as [[Report], unknown];
        return report;
      }),
    ).finally(() => {
      running = false;
    });
    const inside = new Set<string>();
    while (running) {
      inside.add(runInNamespace(mine, () => readlinkSync('/proc/thread-self/ns/net')));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([...inside]).to.deep.equal([`net:[${mine.inode}]`]);
    for (const [n, report] of (await reports).entries()) {
      expect(report).to.deep.equal({ strays: [], home, seen: `br${n}`, listed: true, ttl: '65' });
    }
    const threads = await readdir('/proc/self/task');
    const homes = await Promise.all(threads.map((thread) => readlink(`/proc/self/task/${thread}/ns/net`).catch(() => home)));
    expect(new Set(homes)).to.deep.equal(new Set([home]));
    expect(countDescriptors()).to.be.at.most(before);
    for (const [n, namespace] of theirs.entries()) {
      using rtnetlink = openRtnetlink(namespace);
      expect((await rtnetlink.link.list()).map(({ name }) => name)).to.deep.equal(['lo', `br${n}`]);
    }
    for (const namespace of [mine, ...theirs]) namespace.close();
  }).timeout(60_000);
});
