import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { isNicError } from '../../lib/errors.js';
import { createNamedNamespace, deleteNamedNamespace, NAMED_NAMESPACES_FOLDER, openNamedNamespace } from '../../netlink/named-namespace.js';
import { requireLive } from '../support/live.js';
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

  it('refuse names that are no file names', async () => {
    for (const wrong of ['', '.', '..', 'a/b', '../../etc/passwd', 'a\0b', 'x'.repeat(256)]) {
      expect(await rejection(createNamedNamespace(wrong)), wrong).to.be.instanceOf(RangeError);
      expect(await rejection(openNamedNamespace(wrong)), wrong).to.be.instanceOf(RangeError);
      expect(await rejection(deleteNamedNamespace(wrong)), wrong).to.be.instanceOf(RangeError);
    }
  });
});
