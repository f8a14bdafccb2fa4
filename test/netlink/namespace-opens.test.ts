import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { expect } from 'chai';
import type { NamespaceRef } from '../../lib/driver.js';
import { createNamedNamespace, deleteNamedNamespace, NAMED_NAMESPACES_FOLDER, openNamedNamespace } from '../../netlink/named-namespace.js';
import { createNamespace, type NamespaceHandle, openNamespace, runInNamespace } from '../../netlink/namespace.js';
import { openRtnetlink } from '../../netlink/rtnetlink.js';
import { requireLive } from '../support/live.js';
import { countDescriptors, rejection } from '../support/netlink-lab.js';

const OPENS_EACH = 250;

/** The namespace that each thread of this process is in. */
function homesOfThreads(): ReadonlySet<string> {
  return new Set(readdirSync('/proc/self/task').map((thread) => readlinkSync(`/proc/self/task/${thread}/ns/net`)));
}

describe('a thousand namespaces opened', () => {
  const name = `hn-opens-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  let made: NamespaceHandle;

  before(async function () {
    requireLive(this, ['nsenter']);
    made = await createNamedNamespace(name);
  });
  after(async () => {
    made?.close();
    await deleteNamedNamespace(name);
  });

  /** A process in the namespace: it answers once it is there. */
  async function inside<T>(work: (pid: number) => Promise<T>): Promise<T> {
    const child = spawn('nsenter', [`--net=/proc/${process.pid}/fd/${made.fd}`, 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      child.stdin.write('there\n');
      await once(child.stdout, 'data');
      return await work(child.pid ?? 0);
    } finally {
      child.stdin.end();
      await once(child, 'close');
    }
  }

  it('by path, pid, descriptor and name leave no descriptor, and no thread away from home', async () => {
    const home = readlinkSync('/proc/thread-self/ns/net');
    const homes = homesOfThreads();
    expect([...homes]).to.deep.equal([home]);
    await inside(async (pid) => {
      const refs: readonly NamespaceRef[] = [
        { kind: 'path', path: `${NAMED_NAMESPACES_FOLDER}/${name}` },
        { kind: 'pid', pid },
        { kind: 'fd', fd: made.fd },
      ];
      const openers = [...refs.map((ref) => () => openNamespace(ref)), () => openNamedNamespace(name)];
      // What is loaded and started only once is there before the count.
      for (const open of openers) (await open()).close();
      const before = countDescriptors();
      const away = readlinkSync(`/proc/${pid}/ns/net`);
      expect(away).not.to.equal(home);
      for (let i = 0; i < OPENS_EACH; i++) {
        for (const open of openers) {
          const opened = await open();
          expect(opened.cookie).to.equal(made.cookie);
          expect(opened.isSame(made)).to.equal(true);
          expect(runInNamespace(opened, () => readlinkSync('/proc/thread-self/ns/net'))).to.equal(away);
          if (i % 25 === 0) {
            const rtnetlink = openRtnetlink(opened);
            expect((await rtnetlink.link.list()).map((link) => link.name)).to.deep.equal(['lo']);
            rtnetlink.close();
          }
          opened.close();
          expect(readlinkSync('/proc/thread-self/ns/net')).to.equal(home);
        }
      }
      expect(countDescriptors()).to.equal(before);
      expect([...homesOfThreads()]).to.deep.equal([home]);
    });
  });

  it('all at the same time are each the right one', async () => {
    const before = countDescriptors();
    const path = `${NAMED_NAMESPACES_FOLDER}/${name}`;
    const opened = await Promise.all(Array.from({ length: 4 * OPENS_EACH }, () => openNamespace({ kind: 'path', path })));
    expect(countDescriptors()).to.equal(before + opened.length);
    for (const handle of opened) {
      expect(handle.isSame(made)).to.equal(true);
      handle.close();
    }
    expect(countDescriptors()).to.equal(before);
  });

  it('in vain leave nothing either', async () => {
    const refs: readonly NamespaceRef[] = [
      { kind: 'path', path: `${NAMED_NAMESPACES_FOLDER}/${name}-absent` },
      { kind: 'path', path: '/proc/self/ns/uts' },
      { kind: 'path', path: '/dev/null' },
      { kind: 'pid', pid: 2 ** 31 - 1 },
      { kind: 'fd', fd: 2 ** 20 },
    ];
    const before = countDescriptors();
    const home = readlinkSync('/proc/thread-self/ns/net');
    for (let i = 0; i < 100; i++) {
      for (const ref of refs) expect(await rejection(openNamespace(ref)), JSON.stringify(ref)).to.have.property('code', 'ERR_NAMESPACE');
    }
    expect(countDescriptors()).to.equal(before);
    expect([...homesOfThreads()]).to.deep.equal([home]);
  });

  it('made anew, one after another, leave nothing', async () => {
    (await createNamespace()).close();
    const before = countDescriptors();
    const cookies = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const handle = await createNamespace();
      cookies.add(handle.cookie);
      handle.close();
    }
    expect(cookies.size).to.equal(200);
    expect(countDescriptors()).to.equal(before);
  });
});
