import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { isNicError } from '../../lib/errors.js';
import {
  createNamespace,
  isNamespace,
  openNamespace,
  runInNamespace,
  type SynchronousCallback,
  socketInNamespace,
} from '../../netlink/namespace.js';
import { openRtnetlink } from '../../netlink/rtnetlink.js';
import { requireLive } from '../support/live.js';
import { countDescriptors, rejection } from '../support/netlink-lab.js';

const loseTheWayBack = fileURLToPath(new URL('../support/lose-the-way-back.ts', import.meta.url));
const runOutOfDescriptors = fileURLToPath(new URL('../support/run-out-of-descriptors.ts', import.meta.url));
const own = (): string => readlinkSync('/proc/thread-self/ns/net');

describe('openNamespace()', () => {
  it('opens the own one, with a descriptor of its own, and tells it by cookie, device and inode', async () => {
    const first = await openNamespace({ kind: 'own' });
    const second = await openNamespace({ kind: 'own' });
    expect(first.fd).not.to.equal(second.fd);
    expect(first.cookie).to.match(/^[1-9][0-9]*$/);
    expect(second.cookie).to.equal(first.cookie);
    expect(first.isSame(second)).to.equal(true);
    expect(`net:[${first.inode}]`).to.equal(own());
    first.close();
    second.close();
  });

  it('opens by path, by process and by descriptor', async () => {
    const mine = await openNamespace({ kind: 'own' });
    const descriptor = openSync('/proc/self/ns/net', constants.O_RDONLY);
    for (const ref of [
      { kind: 'path', path: '/proc/self/ns/net' },
      { kind: 'pid', pid: process.pid },
      { kind: 'fd', fd: descriptor },
    ] as const) {
      const other = await openNamespace(ref);
      expect(other.isSame(mine), ref.kind).to.equal(true);
      expect(other.label, ref.kind).to.be.a('string').that.is.not.equal('');
      other.close();
    }
    closeSync(descriptor);
    mine.close();
  });

  it('does not call a namespace missing when the process has no descriptor left to open it by', () => {
    const command = [process.execPath, '--import', 'tsx', runOutOfDescriptors];
    const { stdout, stderr } = spawnSync('sh', ['-c', 'ulimit -n 256; exec "$@"', 'sh', ...command], { encoding: 'utf8', timeout: 30_000 });
    expect(JSON.parse(stdout), stderr).to.deep.equal({ code: 'ERR_NETLINK', errno: 'EMFILE' });
  });

  it('keeps its descriptor when the one it was opened by is closed', async () => {
    const descriptor = openSync('/proc/self/ns/net', constants.O_RDONLY);
    const namespace = await openNamespace({ kind: 'fd', fd: descriptor });
    closeSync(descriptor);
    expect(runInNamespace(namespace, own)).to.equal(own());
    namespace.close();
  });

  it('refuses what is no network namespace with ERR_NAMESPACE', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hn-namespace-'));
    const fifo = join(folder, 'fifo');
    expect(spawnSync('mkfifo', [fifo]).status).to.equal(0);
    const before = countDescriptors();
    for (const ref of [
      { kind: 'path', path: '/run/netns/hn-no-such-namespace' },
      { kind: 'path', path: '/dev/null' },
      { kind: 'path', path: '/' },
      { kind: 'path', path: '/proc/self/ns/mnt' },
      { kind: 'path', path: '' },
      { kind: 'path', path: '/dev/null/net' },
      // Would block for ever if it were opened as most files are.
      { kind: 'path', path: fifo },
      // Process ids end below this one.
      { kind: 'pid', pid: 4_194_305 },
      { kind: 'fd', fd: 1_000_000 },
      { kind: 'fd', fd: 0 },
    ] as const) {
      const error = await rejection(openNamespace(ref));
      expect(isNicError(error, 'ERR_NAMESPACE'), `${JSON.stringify(ref)}: ${String(error)}`).to.equal(true);
      expect(await isNamespace(ref), JSON.stringify(ref)).to.equal(false);
    }
    expect(countDescriptors()).to.equal(before);
    rmSync(folder, { recursive: true });
  });

  it('refuses numbers that are none as a programming error', async () => {
    for (const ref of [
      { kind: 'pid', pid: -1 },
      { kind: 'pid', pid: Number.NaN },
      { kind: 'fd', fd: 1.5 },
    ] as const) {
      expect(await rejection(openNamespace(ref))).to.be.instanceOf(RangeError);
    }
  });

  it('closes twice without harm, and refuses use after that', async () => {
    const namespace = await openNamespace({ kind: 'own' });
    namespace.close();
    namespace.close();
    expect(() => namespace.fd).to.throw(/closed/);
    expect(() => runInNamespace(namespace, own)).to.throw(/closed/);
    expect(() => openRtnetlink(namespace)).to.throw(/closed/);
  });
});

describe('runInNamespace()', () => {
  it('needs no rights for the own namespace', async () => {
    const namespace = await openNamespace({ kind: 'own' });
    expect(runInNamespace(namespace, () => 42)).to.equal(42);
    namespace.close();
  });

  it('refuses async functions and generators without calling them', async () => {
    const namespace = await openNamespace({ kind: 'own' });
    let calls = 0;
    const wrong: readonly SynchronousCallback<number>[] = [
      // The compiler refuses them too.
      (async () => calls++) as never,
      (() => {
        function* steps() {
          yield calls++;
        }
        return steps as never;
      })(),
      async function* () {
        yield calls++;
      } as never,
    ];
    for (const callback of wrong) expect(() => runInNamespace(namespace, callback)).to.throw(TypeError, /synchronous; it was not called/);
    expect(calls).to.equal(0);
    namespace.close();
  });

  it('refuses a callback that turns out to give a promise, and the promise failing later does no harm', async () => {
    const namespace = await openNamespace({ kind: 'own' });
    const home = own();
    const promising = (() => Promise.reject(new Error('later'))) as never;
    expect(() => runInNamespace(namespace, promising)).to.throw(TypeError, /synchronous; it was called/);
    // biome-ignore lint/suspicious/noThenProperty: what a promise of another library looks like
    const thenable = (() => ({ then: (resolve: (value: number) => void) => resolve(1) })) as never;
    expect(() => runInNamespace(namespace, thenable)).to.throw(TypeError, /synchronous; it was called/);
    await new Promise((resolve) => setImmediate(resolve));
    expect(own()).to.equal(home);
    namespace.close();
  });

  describe('on other namespaces', () => {
    before(function () {
      requireLive(this);
    });

    it('runs inside and comes back, also when the callback throws', async () => {
      const namespace = await createNamespace();
      const home = own();
      expect(runInNamespace(namespace, own)).to.equal(`net:[${namespace.inode}]`).and.not.equal(home);
      expect(own()).to.equal(home);
      const boom = new Error('boom');
      expect(() =>
        runInNamespace(namespace, () => {
          throw boom;
        }),
      ).to.throw(boom);
      expect(own()).to.equal(home);
      namespace.close();
    });

    it('can be nested', async () => {
      const outer = await createNamespace();
      const inner = await createNamespace();
      const home = own();
      const seen = runInNamespace(outer, () => [own(), runInNamespace(inner, own), own()]);
      expect(seen).to.deep.equal([`net:[${outer.inode}]`, `net:[${inner.inode}]`, `net:[${outer.inode}]`]);
      expect(own()).to.equal(home);
      outer.close();
      inner.close();
    });

    it('leaves all threads of the pool at home', async () => {
      const namespace = await createNamespace();
      runInNamespace(namespace, () => {});
      const { readdir, readlink } = await import('node:fs/promises');
      const threads = await readdir('/proc/self/task');
      const homes = await Promise.all(threads.map((thread) => readlink(`/proc/self/task/${thread}/ns/net`)));
      expect(new Set(homes)).to.deep.equal(new Set([own()]));
      expect(threads.length).to.be.greaterThan(1);
      namespace.close();
    });

    for (const [where, args] of [
      ['in the main thread', []],
      ['in a worker', ['worker']],
    ] as const) {
      it(`kills the process rather than go on in a foreign namespace, ${where}`, () => {
        const { signal, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', loseTheWayBack, ...args], {
          encoding: 'utf8',
          timeout: 30_000,
        });
        expect(signal, stderr).to.equal('SIGKILL');
        expect(stdout).to.equal('inside\n');
      });

      it(`ends the first process of a PID namespace too, which no SIGKILL of its own ends, ${where}`, () => {
        const command = [process.execPath, '--import', 'tsx', loseTheWayBack, ...args];
        const unshare = ['--pid', '--fork', '--mount-proc', 'sh', '-c', 'ulimit -c 0; exec "$@"', 'sh', ...command];
        const { status, signal, stdout, stderr } = spawnSync('unshare', unshare, { encoding: 'utf8', timeout: 30_000 });
        expect(stdout, stderr).to.equal('inside\n');
        expect(signal ?? status, 'killed by a signal').to.be.oneOf(['SIGKILL', 'SIGABRT', 'SIGSEGV', 'SIGILL', 134, 137, 139]);
      });
    }
  });
});

describe('createNamespace()', () => {
  before(function () {
    requireLive(this);
  });

  it('makes namespaces that differ in everything and hold only a loopback that is down', async () => {
    const namespaces = await Promise.all([1, 2, 3, 4, 5].map((number) => createNamespace(`number ${number}`)));
    expect(new Set(namespaces.map(({ cookie }) => cookie)).size).to.equal(5);
    expect(new Set(namespaces.map(({ inode }) => inode)).size).to.equal(5);
    for (const namespace of namespaces) {
      const rtnetlink = openRtnetlink(namespace);
      const links = await rtnetlink.link.list();
      expect(links.map(({ name, flags }) => ({ name, up: (flags ?? 0) & 1 }))).to.deep.equal([{ name: 'lo', up: 0 }]);
      rtnetlink.close();
      namespace.close();
    }
  });

  it('gives each a cookie of its own where the kernel gives the same inode again', async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const namespace = await createNamespace();
      seen.add(namespace.cookie);
      namespace.close();
    }
    expect(seen.size).to.equal(20);
  });

  it('leaves no descriptor behind, opened a hundred times', async () => {
    const first = await createNamespace();
    first.close();
    const before = countDescriptors();
    for (let i = 0; i < 100; i++) {
      const namespace = await createNamespace();
      const again = await openNamespace({ kind: 'fd', fd: namespace.fd });
      const rtnetlink = openRtnetlink(again);
      await rtnetlink.link.list();
      closeSync(socketInNamespace(again, 2, 1, 0));
      expect(() => socketInNamespace(again, 99, 1, 0)).to.throw(/EAFNOSUPPORT/);
      rtnetlink.close();
      again.close();
      namespace.close();
    }
    expect(countDescriptors()).to.equal(before);
  });

  it('makes namespaces whose sockets outlive the handle', async () => {
    const namespace = await createNamespace();
    const rtnetlink = openRtnetlink(namespace);
    namespace.close();
    expect(await rtnetlink.link.list()).to.have.length(1);
    rtnetlink.close();
  });
});
