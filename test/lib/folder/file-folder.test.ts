import { execFileSync } from 'node:child_process';
import builtin, * as fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createFileFolder, type Folder } from '../../../lib/folder/index.js';
import { fileLocker } from '../../../netlink/index.js';

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return error instanceof Error && 'code' in error ? `${error.code}: ${error.message}` : String(error);
  }
  return 'nothing was thrown';
}

describe('createFileFolder()', () => {
  let base = '';
  let folder: Folder;

  beforeEach(() => {
    base = fs.mkdtempSync(join(tmpdir(), 'hn-folder-'));
    folder = createFileFolder({ directory: join(base, 'a', 'b'), locker: fileLocker, random: () => 0.5 });
  });

  afterEach(() => fs.rmSync(base, { recursive: true, force: true }));

  const at = (...names: string[]): string => join(base, 'a', 'b', ...names);

  it('syncs the entries of all folders that it makes on the way', () => {
    const synced: string[] = [];
    const real = fs.fsyncSync;
    Object.assign(builtin, {
      fsyncSync: (fd: number) => {
        synced.push(fs.readlinkSync(`/proc/self/fd/${fd}`));
        real(fd);
      },
    });
    syncBuiltinESMExports();
    try {
      folder.write('group', 'x', 'text', 'durable');
    } finally {
      Object.assign(builtin, { fsyncSync: real });
      syncBuiltinESMExports();
    }
    const real2 = fs.realpathSync(base);
    for (const directory of ['', 'a', 'a/b', 'a/b/group']) expect(synced, directory).to.include(join(real2, directory));
    expect(synced.indexOf(join(real2, 'a/b'))).to.be.lessThan(synced.lastIndexOf(join(real2, 'a/b/group')));
  });

  describe('in the place of a file', () => {
    beforeEach(() => folder.write('group', 'other', 'text', 'quick'));

    it('takes a FIFO for none, and waits for nobody to open its other end', () => {
      execFileSync('mkfifo', [at('group', 'x')]);
      expect(codeOf(() => folder.read('group', 'x'))).to.match(/^ERR_JOURNAL: .*group\/x: is no plain file/);
      expect(codeOf(() => folder.mark('group', 'x', 'text'))).to.match(/^ERR_IO/);
      folder.write('group', 'x', 'text', 'durable');
      expect(folder.read('group', 'x')).to.equal('text');
    });

    it('takes a socket for none', async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(at('group', 'x'), resolve));
      try {
        expect(codeOf(() => folder.read('group', 'x'))).to.match(/^ERR_JOURNAL/);
      } finally {
        await new Promise((resolve) => server.close(resolve));
      }
    });

    it('removes no folder and writes over none', () => {
      fs.mkdirSync(at('group', 'x'));
      for (const act of [
        () => folder.read('group', 'x'),
        () => folder.write('group', 'x', 'text', 'durable'),
        () => folder.remove('group', 'x', 'durable'),
      ]) {
        expect(codeOf(act)).to.match(/^ERR_JOURNAL: .*group\/x: is no plain file/);
      }
      expect(fs.readdirSync(at('group')).sort()).to.deep.equal(['other', 'x']);
    });
  });

  it('reads nothing under a name that no file can have, and removes it', () => {
    folder.write('group', 'other', 'text', 'quick');
    expect(folder.read('group', 'x'.repeat(300))).to.equal(undefined);
    folder.remove('group', 'x'.repeat(300), 'durable');
  });

  it('follows no link in the place of a group, whatever is asked', () => {
    fs.mkdirSync(at(), { recursive: true });
    fs.mkdirSync(join(base, 'outside'));
    fs.writeFileSync(join(base, 'outside', 'x'), 'untouched');
    fs.symlinkSync(join(base, 'outside'), at('group'));
    for (const act of [
      () => folder.read('group', 'x'),
      () => folder.list('group'),
      () => folder.write('group', 'x', 'text', 'quick'),
      () => folder.mark('group', 'x', 'text'),
      () => folder.remove('group', 'x', 'quick'),
      () => folder.move('group', 'x', 'aside'),
    ]) {
      expect(codeOf(act)).to.match(/^ERR_IO: .*a\/b\/group: is no folder: remove it/);
    }
    fs.symlinkSync(join(base, 'outside'), at('locks'));
    for (const act of [() => folder.tryLock('x'), () => folder.isLocked('x')]) {
      expect(codeOf(act)).to.match(/^ERR_IO: .*a\/b\/locks: is no folder: remove it/);
    }
    expect(fs.readdirSync(join(base, 'outside'))).to.deep.equal(['x']);
    expect(fs.readFileSync(join(base, 'outside', 'x'), 'utf8')).to.equal('untouched');
  });

  it('keeps everything that it moves, whatever it is', () => {
    folder.write('group', 'x', 'first', 'quick');
    folder.move('group', 'x', 'aside');
    fs.mkdirSync(at('group', 'x'));
    folder.move('group', 'x', 'aside');
    folder.write('group', 'x', 'third', 'quick');
    folder.move('group', 'x', 'aside');
    folder.move('group', 'x', 'aside');
    expect(fs.readdirSync(at('aside')).sort()).to.deep.equal(['x', 'x.1', 'x.2']);
    expect([folder.read('aside', 'x'), folder.read('aside', 'x.2')]).to.deep.equal(['first', 'third']);
  });
});
