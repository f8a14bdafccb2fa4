import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { isNicError } from '../../lib/errors.js';
import { fileLocker } from '../../netlink/file-lock.js';
import { createNamedNamespace, deleteNamedNamespace, NAMED_NAMESPACES_FOLDER, openNamedNamespace } from '../../netlink/named-namespace.js';
import { requireLive } from '../support/live.js';
import { startMachine } from '../support/machine.js';
import { countDescriptors, rejection } from '../support/netlink-lab.js';

describe('named namespaces', () => {
  const name = `hn-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  const path = `${NAMED_NAMESPACES_FOLDER}/${name}`;
  const listed = (): readonly string[] =>
    execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.split(' ')[0] ?? '');

  before(function () {
    requireLive(this, ['ip']);
  });
  afterEach(async () => {
    await deleteNamedNamespace(name);
  });

  it('createNamedNamespace() makes one that "ip netns" knows and that outlives its handle', async () => {
    const made = await createNamedNamespace(name);
    const { cookie } = made;
    made.close();
    expect(listed()).to.include(name);
    const opened = await openNamedNamespace(name);
    expect(opened.cookie).to.equal(cookie);
    expect(opened.label).to.equal(path);
    opened.close();
    expect(execFileSync('ip', ['-n', name, '-o', 'link'], { encoding: 'utf8' })).to.match(/^1: lo:/);
  });

  it('openNamedNamespace() opens what "ip netns add" made', async () => {
    execFileSync('ip', ['netns', 'add', name]);
    const opened = await openNamedNamespace(name);
    opened.close();
  });

  it('createNamedNamespace() refuses a name that is taken, and leaves that one alone', async () => {
    const first = await createNamedNamespace(name);
    const before = countDescriptors();
    const error = await rejection(createNamedNamespace(name));
    expect(isNicError(error, 'ERR_NAMESPACE')).to.equal(true);
    expect(String(error)).to.contain('a namespace of that name exists');
    expect(countDescriptors()).to.equal(before);
    const still = await openNamedNamespace(name);
    expect(still.isSame(first)).to.equal(true);
    still.close();
    first.close();
  });

  it('deleteNamedNamespace() takes the name away, a left-over file too, and none for an answer', async () => {
    (await createNamedNamespace(name)).close();
    await deleteNamedNamespace(name);
    expect(listed()).not.to.include(name);
    expect(existsSync(path)).to.equal(false);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.to.contain(name);
    await deleteNamedNamespace(name);
    writeFileSync(path, '');
    expect(isNicError(await rejection(openNamedNamespace(name)), 'ERR_NAMESPACE')).to.equal(true);
    await deleteNamedNamespace(name);
    expect(existsSync(path)).to.equal(false);
  });

  it('createNamedNamespace() says so of a name whose creation was cut short, and makes it once the name is deleted', async () => {
    (await createNamedNamespace(name)).close();
    await deleteNamedNamespace(name);
    writeFileSync(path, '', { mode: 0 });
    const error = await rejection(createNamedNamespace(name));
    expect(isNicError(error, 'ERR_NAMESPACE')).to.equal(true);
    expect(String(error)).to.contain(`${path}: a file of that name exists that is no namespace`);
    await deleteNamedNamespace(name);
    (await createNamedNamespace(name)).close();
    expect(listed()).to.include(name);
  });

  it('createNamedNamespace() waits for whoever holds the lock that "ip netns add" takes, and leaves nothing when it gives up', async () => {
    (await createNamedNamespace(name)).close();
    await deleteNamedNamespace(name);
    const lock = openSync(NAMED_NAMESPACES_FOLDER, 'r');
    let patient: ReturnType<typeof createNamedNamespace>;
    try {
      expect(fileLocker.tryLock(lock)).to.equal(true);
      const before = countDescriptors();
      const error = await rejection(createNamedNamespace(name, { signal: AbortSignal.timeout(100) }));
      expect(isNicError(error, 'ERR_DEADLINE'), String(error)).to.equal(true);
      expect(existsSync(path)).to.equal(false);
      expect(countDescriptors()).to.equal(before);
      patient = createNamedNamespace(name);
    } finally {
      closeSync(lock);
    }
    (await patient).close();
    expect(listed()).to.include(name);
    const cancelled = await rejection(createNamedNamespace(`${name}-2`, { signal: AbortSignal.abort() }));
    expect(isNicError(cancelled, 'ERR_CANCELLED')).to.equal(true);
  });

  it('"ip netns" runs commands in what createNamedNamespace() made and deletes it; deleteNamedNamespace() deletes what it made', async () => {
    const made = await createNamedNamespace(name);
    const inside = execFileSync('ip', ['netns', 'exec', name, 'readlink', '/proc/self/ns/net'], { encoding: 'utf8' });
    expect(inside.trim()).to.equal(`net:[${made.inode}]`);
    made.close();
    execFileSync('ip', ['netns', 'delete', name]);
    expect(existsSync(path)).to.equal(false);
    expect(isNicError(await rejection(openNamedNamespace(name)), 'ERR_NAMESPACE')).to.equal(true);
    execFileSync('ip', ['netns', 'add', name]);
    await deleteNamedNamespace(name);
    expect(listed()).not.to.include(name);
  });

  it('deleteNamedNamespace() lets a namespace live as long as somebody holds it', async () => {
    const made = await createNamedNamespace(name);
    await deleteNamedNamespace(name);
    const again = await createNamedNamespace(name);
    expect(again.cookie).not.to.equal(made.cookie);
    again.close();
    made.close();
  });

  it('refuse names that are no file names', async () => {
    for (const wrong of ['', '.', '..', 'a/b', '../../etc/passwd', 'a\0b', 'x'.repeat(256)]) {
      expect(await rejection(createNamedNamespace(wrong)), wrong).to.be.instanceOf(RangeError);
      expect(await rejection(openNamedNamespace(wrong)), wrong).to.be.instanceOf(RangeError);
      expect(await rejection(deleteNamedNamespace(wrong)), wrong).to.be.instanceOf(RangeError);
    }
  });
});

describe('named namespaces of a machine of its own', () => {
  const program = fileURLToPath(new URL('../support/name-namespaces.ts', import.meta.url));
  const node = [process.execPath, '--import', import.meta.resolve('tsx')];

  before(function () {
    requireLive(this, ['ip', 'unshare', 'nsenter', 'mount']);
  });

  it('are made by several processes at once, "ip" among them, and the folder is mounted once', async () => {
    const machine = await startMachine();
    try {
      const [command = '', ...args] = node;
      const ours = [1, 2, 3].map((maker) => Array.from({ length: 8 }, (_, n) => `ours${maker}-${n}`));
      const theirs = Array.from({ length: 24 }, (_, n) => `theirs-${n}`);
      const ends = await Promise.all([
        ...ours.map((names) => machine.run(command, [...args, program, ...names])),
        machine.run('sh', ['-c', 'for n in "$@"; do ip netns add $n & done; wait', 'sh', ...theirs]),
      ]);
      for (const { code, stderr } of ends) expect(code, stderr).to.equal(0);
      const names = (await machine.run('ip', ['netns', 'list'])).stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]);
      expect(names.sort()).to.deep.equal([...ours.flat(), ...theirs].sort());
      const mounts = (await machine.run('cat', ['/proc/self/mountinfo'])).stdout.split('\n');
      // Not counted is what the folder may have been before the machine put another file system over it.
      const folders = mounts.filter((line) => line.split(' ')[4] === NAMED_NAMESPACES_FOLDER && line.includes(' - tmpfs '));
      expect(folders, folders.join('\n')).to.have.length(1);
      expect(mounts.filter((line) => line.split(' ')[4]?.startsWith(`${NAMED_NAMESPACES_FOLDER}/`))).to.have.length(48);
    } finally {
      await machine.close();
    }
  }).timeout(60_000);

  it('come and go in other mount namespaces too', async () => {
    const machine = await startMachine();
    const enter = ['--target', String(machine.pid), '--mount', '--net', '--'];
    const [command = '', ...args] = node;
    let container: ChildProcess | undefined;
    try {
      const end = await machine.run(command, [...args, program, 'first']);
      expect(end.code, end.stderr).to.equal(0);
      // As a container runtime does: a copy of all mounts, with the propagation they have.
      const inside = ['unshare', '--mount', '--propagation', 'unchanged', 'sh', '-c', 'echo up; exec cat'];
      container = spawn('nsenter', [...enter, ...inside], { stdio: ['pipe', 'pipe', 'inherit'] });
      if (container.stdout !== null) await once(container.stdout, 'data');
      const folder = `/proc/${container.pid}/root${NAMED_NAMESPACES_FOLDER}`;
      expect(await machine.run(command, [...args, program, 'second'])).to.include({ code: 0 });
      for (const made of ['first', 'second']) (await openNamedNamespace(made, { folder })).close();
      expect(await machine.run(command, [...args, program, '--delete', 'first', 'second'])).to.include({ code: 0 });
      for (const made of ['first', 'second']) {
        expect(isNicError(await rejection(openNamedNamespace(made, { folder })), 'ERR_NAMESPACE'), made).to.equal(true);
      }
    } finally {
      container?.kill('SIGKILL');
      await machine.close();
    }
  });
});
