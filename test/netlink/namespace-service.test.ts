import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { isNicError } from '../../lib/errors.js';
import { NAMED_NAMESPACES_FOLDER } from '../../netlink/named-namespace.js';
import { NamespaceService } from '../../netlink/namespace-service.js';
import { requireLive } from '../support/live.js';
import { countDescriptors, rejection } from '../support/netlink-lab.js';

describe('NamespaceService', () => {
  const name = `hn-service-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  const namespaces = new NamespaceService();
  const names = async (): Promise<readonly string[]> => (await namespaces.list()).map((one) => one.name);

  before(function () {
    requireLive(this, ['ip']);
  });
  afterEach(async () => {
    await namespaces.remove(name);
    await namespaces.remove(`${name}-2`);
  });

  it('add() makes one that list() and "ip netns" show, get() opens it, delete() takes it away', async () => {
    const made = await namespaces.add(name);
    const { device, inode } = made;
    expect((await namespaces.list()).find((one) => one.name === name)).to.deep.equal({
      name,
      path: `${NAMED_NAMESPACES_FOLDER}/${name}`,
      device,
      inode,
    });
    expect(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })).to.contain(name);
    const opened = await namespaces.get(name);
    expect(opened.isSame(made)).to.equal(true);
    opened.close();
    made.close();
    await namespaces.delete(name);
    expect(await names()).not.to.include(name);
  });

  it('list() shows what "ip netns" shows, but no file that nothing is mounted on', async () => {
    execFileSync('ip', ['netns', 'add', name]);
    writeFileSync(`${NAMED_NAMESPACES_FOLDER}/${name}-2`, '');
    const found = await names();
    expect(found).to.include(name).and.not.to.include(`${name}-2`);
    expect(found).to.deep.equal([...found].sort());
    expect(await new NamespaceService({ folder: '/run/no-such-folder-of-namespaces' }).list()).to.deep.equal([]);
  });

  it('find() and remove() take an absent one for an answer, get() and delete() do not', async () => {
    expect(await namespaces.find(name)).to.equal(undefined);
    await namespaces.remove(name);
    for (const refused of [namespaces.get(name), namespaces.delete(name)]) {
      const error = await rejection(refused);
      expect(isNicError(error, 'ERR_NAMESPACE'), String(error)).to.equal(true);
      expect(String(error)).to.contain(`${NAMED_NAMESPACES_FOLDER}/${name}: cannot be`);
    }
    writeFileSync(`${NAMED_NAMESPACES_FOLDER}/${name}`, '');
    expect(await namespaces.find(name)).to.equal(undefined);
    await namespaces.delete(name);
    expect(existsSync(`${NAMED_NAMESPACES_FOLDER}/${name}`)).to.equal(false);
  });

  it('ensure() makes one once, whoever is faster', async () => {
    const before = countDescriptors();
    const [first, ...others] = await Promise.all([1, 2, 3, 4].map(() => namespaces.ensure(name)));
    for (const other of others) {
      expect(first?.isSame(other)).to.equal(true);
      other.close();
    }
    first?.close();
    expect(countDescriptors()).to.equal(before);
  });

  it('ensure() waits for one that is just being made, and for its signal', async () => {
    const path = `${NAMED_NAMESPACES_FOLDER}/${name}`;
    closeSync(openSync(path, 'w'));
    expect(isNicError(await rejection(namespaces.ensure(name, { signal: AbortSignal.timeout(60) })), 'ERR_DEADLINE')).to.equal(true);
    const patient = namespaces.ensure(name);
    const made = await namespaces.create('made meanwhile');
    execFileSync('mount', ['--bind', `/proc/${process.pid}/fd/${made.fd}`, path]);
    const found = await patient;
    expect(found.isSame(made)).to.equal(true);
    found.close();
    made.close();
  });

  it('namesOf() tells the names that one has, as "ip netns identify" does', async () => {
    const made = await namespaces.add(name);
    execFileSync('ip', ['netns', 'attach', `${name}-2`, String(process.pid)]);
    expect(await namespaces.namesOf(made)).to.deep.equal([name]);
    const own = await namespaces.open({ kind: 'own' });
    expect(await namespaces.namesOf(own)).to.include(`${name}-2`);
    for (const handle of [made, own]) handle.close();
  });

  it('run() runs a function inside one that create() made', async () => {
    const made = await namespaces.create();
    const inside = await namespaces.open({ kind: 'fd', fd: namespaces.run(made, () => openSync('/proc/thread-self/ns/net', 'r')) });
    expect(inside.isSame(made)).to.equal(true);
    for (const handle of [made, inside]) handle.close();
  });

  it('refuses names that are no file names', async () => {
    for (const call of ['get', 'find', 'add', 'ensure', 'delete', 'remove'] as const) {
      expect(await rejection(namespaces[call]('../etc')), call).to.be.instanceOf(RangeError);
    }
  });
});
