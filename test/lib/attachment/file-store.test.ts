import builtin, * as fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type AttachmentStore, createFileStore } from '../../../lib/attachment/index.js';
import { attachmentId } from '../../../lib/attachment/names.js';
import { NicError } from '../../../lib/errors.js';
import { fileLocker } from '../../../netlink/index.js';
import { keyOf } from '../../support/attachment-bed.js';
import { fullRecord } from '../../support/full-record.js';
import { rejection } from '../../support/rejection.js';

const id = attachmentId(keyOf('c1'));

describe('createFileStore()', () => {
  let directory = '';
  let data = '';
  let store: AttachmentStore;

  beforeEach(() => {
    directory = fs.mkdtempSync(join(tmpdir(), 'hn-store-'));
    data = join(directory, 'data', 'hostnic');
    store = createFileStore({ directory: data, locker: fileLocker });
  });

  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  const file = (name: string): string => join(data, 'attachments', name);
  const put = (name: string, text: string): void => {
    fs.mkdirSync(join(data, 'attachments'), { recursive: true });
    fs.writeFileSync(file(name), text);
  };

  it('gives back every field of a record', async () => {
    await store.write(id, fullRecord(1), 'durable');
    expect(await store.read(id)).to.deep.equal({ kind: 'record', id, record: fullRecord(1) });
    expect(await store.list()).to.deep.equal([{ kind: 'record', id, record: fullRecord(1) }]);
    await store.remove(id);
    expect(await store.read(id)).to.equal(undefined);
    expect(await store.list()).to.deep.equal([]);
    await store.remove(id);
  });

  it('reads nothing where there is no folder', async () => {
    expect(await store.read(id)).to.equal(undefined);
    expect(await store.list()).to.deep.equal([]);
    expect(await store.cancellation(id)).to.equal(undefined);
    await store.tidy();
    expect(fs.existsSync(data)).to.equal(false);
  });

  it('refuses a path that is not absolute', () => {
    expect(() => createFileStore({ directory: 'data', locker: fileLocker })).to.throw(RangeError, /data/);
  });

  it('closes files and folders to others, and tightens its own folder', async () => {
    await store.write(id, fullRecord(1), 'durable');
    await store.cancel(id);
    (await store.tryLock(id))?.release();
    expect(fs.statSync(join(data, 'attachments')).mode & 0o777).to.equal(0o700);
    for (const name of fs.readdirSync(join(data, 'attachments'))) expect(fs.statSync(file(name)).mode & 0o777, name).to.equal(0o600);
    fs.chmodSync(join(data, 'attachments'), 0o755);
    await store.write(id, fullRecord(2), 'durable');
    expect(fs.statSync(join(data, 'attachments')).mode & 0o777).to.equal(0o700);
  });

  describe('with a quick write', () => {
    it('reads the later of the two', async () => {
      await store.write(id, fullRecord(1), 'durable');
      await store.write(id, fullRecord(2, { attempts: 2 }), 'quick');
      expect(await store.read(id)).to.deep.include({ record: fullRecord(2, { attempts: 2 }) });
      await store.write(id, fullRecord(3, { attempts: 3 }), 'durable');
      expect(await store.read(id)).to.deep.include({ record: fullRecord(3, { attempts: 3 }) });
    });

    it('loses nothing durable when a power cut tears it', async () => {
      await store.write(id, fullRecord(1), 'durable');
      await store.write(id, fullRecord(2), 'quick');
      fs.truncateSync(file(`${id}.quick.json`), 0);
      expect(await store.read(id)).to.deep.include({ kind: 'record', record: fullRecord(1) });
    });

    it('does not take it for the latest when the durable one is damaged', async () => {
      await store.write(id, fullRecord(1), 'durable');
      await store.write(id, fullRecord(2), 'quick');
      fs.truncateSync(file(`${id}.json`), 10);
      expect(await store.read(id)).to.deep.include({ kind: 'unreadable' });
    });

    it('does not act on an earlier one when a newer release wrote it', async () => {
      await store.write(id, fullRecord(1), 'durable');
      put(`${id}.quick.json`, JSON.stringify({ version: 2 }));
      expect(await store.read(id)).to.deep.include({ kind: 'newer' });
    });

    it('keeps a folder in its place for a person to look at, and goes on', async () => {
      await store.write(id, fullRecord(1), 'durable');
      for (const act of [
        () => store.write(id, fullRecord(2), 'quick'),
        () => store.remove(id),
        () => store.write(id, fullRecord(1), 'durable'),
      ]) {
        fs.rmSync(file(`${id}.quick.json`), { force: true });
        fs.mkdirSync(file(`${id}.quick.json`));
        await act();
      }
      expect(await store.read(id)).to.deep.equal({ kind: 'record', id, record: fullRecord(1) });
      expect(fs.readdirSync(join(data, 'aside'))).to.have.length(3);
    });

    it('makes the first write of a record durable all the same', async () => {
      await store.write(id, fullRecord(1), 'quick');
      expect(fs.readdirSync(join(data, 'attachments'))).to.deep.equal([`${id}.json`]);
    });

    it('takes none that an earlier record left behind for the new one', async () => {
      await store.write(id, fullRecord(1), 'durable');
      await store.write(id, fullRecord(9, { attempts: 9 }), 'quick');
      fs.rmSync(file(`${id}.json`));
      expect(await store.read(id)).to.equal(undefined);
      await store.write(id, fullRecord(1), 'durable');
      expect(await store.read(id)).to.deep.include({ record: fullRecord(1) });
    });
  });

  describe('does not guess', () => {
    const cases: readonly { readonly name: string; readonly text: string; readonly kind: string; readonly says: RegExp }[] = [
      { name: 'an empty file', text: '', kind: 'unreadable', says: /torn/ },
      { name: 'half a record', text: JSON.stringify(fullRecord(1)).slice(0, 200), kind: 'unreadable', says: /torn/ },
      { name: 'another document', text: '{"hello":"world"}', kind: 'unreadable', says: /version must be/ },
      { name: 'a list', text: '[]', kind: 'unreadable', says: /must be/ },
      { name: 'a record of a newer version', text: JSON.stringify({ ...fullRecord(1), version: 2 }), kind: 'newer', says: /version 2/ },
      {
        name: 'a field of another type',
        text: JSON.stringify({ ...fullRecord(1), nics: 'nic-1' }),
        kind: 'unreadable',
        says: /nics must be/,
      },
      ...['../../kernel/core_pattern', '', 'ipv4/./x', 'ipv4/conf/\0'].map((name) => ({
        name: `a setting ${JSON.stringify(name)}, which is none of the network`,
        text: JSON.stringify(fullRecord(1, { sysctls: [{ name, before: '1' }] })),
        kind: 'unreadable',
        says: /sysctls\[0\]\.name must be the name of a setting below net/,
      })),
      {
        name: 'the record of another attachment',
        text: JSON.stringify(fullRecord(1, { key: keyOf('c2') })),
        kind: 'unreadable',
        says: /another attachment/,
      },
    ];
    for (const { name, text, kind, says } of cases) {
      it(`at ${name}`, async () => {
        put(`${id}.json`, text);
        const stored = await store.read(id);
        expect(stored?.kind).to.equal(kind);
        expect(stored !== undefined && 'reason' in stored ? stored.reason : '').to.match(says);
        expect((await store.list()).map((entry) => entry.kind)).to.deep.equal([kind]);
      });
    }

    it('at a symbolic link or a folder in the place of a file', async () => {
      put('secret', JSON.stringify(fullRecord(1)));
      fs.symlinkSync(file('secret'), file(`${id}.json`));
      expect((await store.read(id))?.kind).to.equal('unreadable');
      await store.setAside(id);
      fs.mkdirSync(file(`${id}.json`));
      expect((await store.read(id))?.kind).to.equal('unreadable');
      expect(fs.readFileSync(file('secret'), 'utf8')).to.equal(JSON.stringify(fullRecord(1)));
    });

    it('at a file that is far too long', async () => {
      put(`${id}.json`, ' '.repeat(1024 * 1024 + 1));
      expect((await store.read(id))?.kind).to.equal('unreadable');
    });

    it('at foreign files, which it leaves out and alone', async () => {
      for (const name of ['README', 'x.json', `${id}.json.bak`, '..json', `${id.toUpperCase()}.json`]) put(name, '{}');
      expect(await store.list()).to.deep.equal([]);
      await store.tidy();
      expect(fs.readdirSync(join(data, 'attachments'))).to.have.length(5);
    });
  });

  it('writes through no symbolic link', async () => {
    put('victim', 'untouched');
    fs.symlinkSync(file('victim'), file(`${id}.json`));
    fs.symlinkSync(file('victim'), file(`${id}.cancel`));
    await store.write(id, fullRecord(1), 'durable');
    await rejection(store.cancel(id), 'ERR_IO');
    expect(fs.readFileSync(file('victim'), 'utf8')).to.equal('untouched');
    expect(fs.lstatSync(file(`${id}.json`)).isFile()).to.equal(true);
  });

  it('refuses a folder of its own that is a symbolic link', async () => {
    fs.mkdirSync(data, { recursive: true });
    fs.symlinkSync(tmpdir(), join(data, 'attachments'));
    const error = await rejection(store.write(id, fullRecord(1), 'durable'), 'ERR_IO');
    expect(error.message).to.match(/attachments.*no folder/);
  });

  it('says what is wrong with a folder, and leaves no temporary file', async () => {
    fs.writeFileSync(join(directory, 'file'), '');
    const broken = createFileStore({ directory: join(directory, 'file', 'data'), locker: fileLocker });
    const error = await rejection(broken.write(id, fullRecord(1), 'durable'), 'ERR_IO');
    expect(error.message).to.match(/file\/data.*ENOTDIR/);
    expect(await broken.read(id)).to.equal(undefined);
    expect(fs.readdirSync(directory)).to.deep.equal(['file']);
  });

  it('keeps what it sets aside', async () => {
    await store.write(id, fullRecord(1), 'durable');
    await store.write(id, fullRecord(2), 'quick');
    await store.setAside(id);
    expect(await store.read(id)).to.equal(undefined);
    await store.setAside(id);
    await store.write(id, fullRecord(1), 'durable');
    await store.setAside(id);
    expect(fs.readdirSync(join(data, 'aside')).sort()).to.deep.equal([`${id}.json`, `${id}.json.1`, `${id}.quick.json`].sort());
  });

  describe('locks', () => {
    it('exclude each other across handles, and come back when released', async () => {
      const other = createFileStore({ directory: data, locker: fileLocker });
      const lock = await store.lock(id);
      expect(await other.tryLock(id)).to.equal(undefined);
      expect(await other.tryLock(attachmentId(keyOf('another')))).not.to.equal(undefined);
      const waiting = other.lock(id);
      lock.release();
      lock.release();
      (await waiting).release();
      (await store.tryLock(id))?.release();
    });

    it('can be looked at without a trace: nothing is made, and nobody is in the way', async () => {
      const other = createFileStore({ directory: data, locker: fileLocker });
      expect(await store.isLocked(id)).to.equal(false);
      expect(fs.existsSync(data), 'no folder').to.equal(false);
      const lock = await store.lock(id);
      const made = fs.readdirSync(data, { recursive: true });
      expect(await other.isLocked(id)).to.equal(true);
      expect(await other.isLocked(attachmentId(keyOf('another')))).to.equal(false);
      expect(fs.readdirSync(data, { recursive: true }), 'no lock of the other').to.deep.equal(made);
      lock.release();
      expect(await other.isLocked(id)).to.equal(false);
      (await store.lock(id)).release();
    });

    it('names the read-only file system when a new one cannot be made', async () => {
      const real = fs.openSync;
      const failing = (file: fs.PathLike, flags: fs.OpenMode, mode?: fs.Mode): number => {
        if (typeof flags !== 'number' || (flags & fs.constants.O_CREAT) === 0) return real(file, flags, mode);
        throw Object.assign(new Error('read-only'), { code: 'EROFS' });
      };
      Object.assign(builtin, { openSync: failing });
      syncBuiltinESMExports();
      try {
        expect((await rejection(store.lock(id))).message).to.match(/cannot open \(EROFS\): the file system is read-only/);
      } finally {
        Object.assign(builtin, { openSync: real });
        syncBuiltinESMExports();
      }
    });

    it('stay as files: with a removed one two could hold the lock', async () => {
      (await store.lock(id)).release();
      await store.tidy();
      expect(fs.readdirSync(join(data, 'locks'))).to.have.length(1);
    });

    it('give up with the signal', async () => {
      const lock = await store.lock(id);
      const late = new AbortController();
      const waiting = rejection(store.lock(id, { signal: late.signal }), 'ERR_LOCKED');
      late.abort(new NicError('ERR_DEADLINE', 'the deadline has passed'));
      await waiting;
      const cancelled = new AbortController();
      const second = rejection(store.lock(id, { signal: cancelled.signal }), 'ERR_CANCELLED');
      cancelled.abort();
      await second;
      lock.release();
    });
  });

  it('remembers who asked to cancel until that is cleared', async () => {
    const token = await store.cancel(id);
    expect(await store.cancellation(id)).to.equal(token);
    expect(await store.cancel(id)).not.to.equal(token);
    await store.clearCancellation(id);
    expect(await store.cancellation(id)).to.equal(undefined);
  });

  it('tidies what dead processes left, and nothing of the living', async () => {
    await store.write(id, fullRecord(1), 'durable');
    await store.write(id, fullRecord(2), 'quick');
    const dead = attachmentId(keyOf('dead'));
    const living = attachmentId(keyOf('living'));
    put(`.${dead}.json.1xabc.tmp`, 'half');
    put(`${dead}.quick.json`, JSON.stringify(fullRecord(3)));
    put(`${dead}.cancel`, 'token');
    put(`.${living}.json.1xabc.tmp`, 'half');
    put(`${living}.cancel`, 'token');
    const lock = await store.tryLock(living);
    // No command has left a folder behind, and one that is there keeps nothing else from being tidied.
    const foreign = attachmentId(keyOf('foreign'));
    fs.mkdirSync(file(`${foreign}.cancel`));
    await store.tidy();
    fs.rmdirSync(file(`${foreign}.cancel`));
    expect(fs.readdirSync(join(data, 'attachments')).sort()).to.deep.equal(
      [`.${living}.json.1xabc.tmp`, `${living}.cancel`, `${id}.json`, `${id}.quick.json`].sort(),
    );
    lock?.release();
  });
});
