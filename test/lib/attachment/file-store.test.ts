import builtin, * as fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  type AttachmentRecord,
  type AttachmentStore,
  createFileHostStore,
  createFileStore,
  type HostStore,
} from '../../../lib/attachment/index.js';
import { attachmentId, gatewayId } from '../../../lib/attachment/names.js';
import { RECORD_VERSION } from '../../../lib/attachment/record.js';
import { NicError } from '../../../lib/errors.js';
import { fileLocker } from '../../../netlink/index.js';
import { keyOf } from '../../support/attachment-bed.js';
import { rejection } from '../../support/rejection.js';

const id = attachmentId(keyOf('c1'));

function record(revision: number, patch: Partial<AttachmentRecord> = {}): AttachmentRecord {
  return {
    version: RECORD_VERSION,
    kind: 'attachment',
    revision,
    instanceId: 'i-1',
    bootId: 'boot',
    attempts: 0,
    retryAt: undefined,
    step: 'attach',
    nicName: 'hostnic-p',
    subnetIds: ['net-1'],
    nics: [
      { id: 'nic-1', mac: '52:54:00:00:00:01', subnetId: 'net-1', addresses: ['192.168.100.2'], job: { id: 'job-1', kind: 'attach' } },
    ],
    nicId: 'nic-1',
    create: { subnetId: 'net-1', notAfter: 5 },
    uncertainAt: 7,
    key: keyOf('c1'),
    state: 'complete',
    createdAt: 1,
    namespace: { path: '/run/netns/c1', cookie: '4711' },
    sysctls: [{ name: 'ipv4/conf/all/accept_redirects', before: '1' }],
    gateway: { nicId: 'nic-2', mac: '52:54:00:00:00:02', address: '192.168.100.3' },
    result: {
      mtu: 1500,
      addresses: [{ address: '192.168.100.2/24', gateway: '192.168.100.1' }],
      routes: [{ dst: '0.0.0.0/0', gateway: undefined }],
    },
    jobFailure: 'why',
    original: true,
    macs: ['52:54:00:00:00:03'],
    ...patch,
  };
}

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
    await store.write(id, record(1), 'durable');
    expect(await store.read(id)).to.deep.equal({ kind: 'record', id, record: record(1) });
    expect(await store.list()).to.deep.equal([{ kind: 'record', id, record: record(1) }]);
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
    await store.write(id, record(1), 'durable');
    await store.cancel(id);
    (await store.tryLock(id))?.release();
    expect(fs.statSync(join(data, 'attachments')).mode & 0o777).to.equal(0o700);
    for (const name of fs.readdirSync(join(data, 'attachments'))) expect(fs.statSync(file(name)).mode & 0o777, name).to.equal(0o600);
    fs.chmodSync(join(data, 'attachments'), 0o755);
    await store.write(id, record(2), 'durable');
    expect(fs.statSync(join(data, 'attachments')).mode & 0o777).to.equal(0o700);
  });

  describe('with a quick write', () => {
    it('reads the later of the two', async () => {
      await store.write(id, record(1), 'durable');
      await store.write(id, record(2, { attempts: 2 }), 'quick');
      expect(await store.read(id)).to.deep.include({ record: record(2, { attempts: 2 }) });
      await store.write(id, record(3, { attempts: 3 }), 'durable');
      expect(await store.read(id)).to.deep.include({ record: record(3, { attempts: 3 }) });
    });

    it('loses nothing durable when a power cut tears it', async () => {
      await store.write(id, record(1), 'durable');
      await store.write(id, record(2), 'quick');
      fs.truncateSync(file(`${id}.quick.json`), 0);
      expect(await store.read(id)).to.deep.include({ kind: 'record', record: record(1) });
    });

    it('reads it when the durable one is torn', async () => {
      await store.write(id, record(1), 'durable');
      await store.write(id, record(2), 'quick');
      fs.truncateSync(file(`${id}.json`), 10);
      expect(await store.read(id)).to.deep.include({ kind: 'record', record: record(2) });
    });

    it('makes the first write of a record durable all the same', async () => {
      await store.write(id, record(1), 'quick');
      expect(fs.readdirSync(join(data, 'attachments'))).to.deep.equal([`${id}.json`]);
    });

    it('takes none that an earlier record left behind for the new one', async () => {
      await store.write(id, record(1), 'durable');
      await store.write(id, record(9, { attempts: 9 }), 'quick');
      fs.rmSync(file(`${id}.json`));
      expect(await store.read(id)).to.equal(undefined);
      await store.write(id, record(1), 'durable');
      expect(await store.read(id)).to.deep.include({ record: record(1) });
    });
  });

  describe('does not guess', () => {
    const cases: readonly { readonly name: string; readonly text: string; readonly kind: string; readonly says: RegExp }[] = [
      { name: 'an empty file', text: '', kind: 'unreadable', says: /torn/ },
      { name: 'half a record', text: JSON.stringify(record(1)).slice(0, 200), kind: 'unreadable', says: /torn/ },
      { name: 'another document', text: '{"hello":"world"}', kind: 'unreadable', says: /version must be/ },
      { name: 'a list', text: '[]', kind: 'unreadable', says: /must be/ },
      { name: 'a record of a newer version', text: JSON.stringify({ ...record(1), version: 2 }), kind: 'newer', says: /version 2/ },
      { name: 'a field of another type', text: JSON.stringify({ ...record(1), nics: 'nic-1' }), kind: 'unreadable', says: /nics must be/ },
      {
        name: 'the record of another attachment',
        text: JSON.stringify(record(1, { key: keyOf('c2') })),
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
      put('secret', JSON.stringify(record(1)));
      fs.symlinkSync(file('secret'), file(`${id}.json`));
      expect((await store.read(id))?.kind).to.equal('unreadable');
      await store.setAside(id);
      fs.mkdirSync(file(`${id}.json`));
      expect((await store.read(id))?.kind).to.equal('unreadable');
      expect(fs.readFileSync(file('secret'), 'utf8')).to.equal(JSON.stringify(record(1)));
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
    await store.write(id, record(1), 'durable');
    await rejection(store.cancel(id), 'ERR_IO');
    expect(fs.readFileSync(file('victim'), 'utf8')).to.equal('untouched');
    expect(fs.lstatSync(file(`${id}.json`)).isFile()).to.equal(true);
  });

  it('refuses a folder of its own that is a symbolic link', async () => {
    fs.mkdirSync(data, { recursive: true });
    fs.symlinkSync(tmpdir(), join(data, 'attachments'));
    const error = await rejection(store.write(id, record(1), 'durable'), 'ERR_IO');
    expect(error.message).to.match(/attachments.*no folder/);
  });

  it('says what is wrong with a folder, and leaves no temporary file', async () => {
    fs.writeFileSync(join(directory, 'file'), '');
    const broken = createFileStore({ directory: join(directory, 'file', 'data'), locker: fileLocker });
    const error = await rejection(broken.write(id, record(1), 'durable'), 'ERR_IO');
    expect(error.message).to.match(/file\/data.*ENOTDIR/);
    expect(await broken.read(id)).to.equal(undefined);
    expect(fs.readdirSync(directory)).to.deep.equal(['file']);
  });

  it('keeps what it sets aside', async () => {
    await store.write(id, record(1), 'durable');
    await store.write(id, record(2), 'quick');
    await store.setAside(id);
    expect(await store.read(id)).to.equal(undefined);
    expect(fs.readdirSync(join(data, 'aside'))).to.deep.equal([`${id}.json`]);
    await store.setAside(id);
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
    await store.write(id, record(1), 'durable');
    await store.write(id, record(2), 'quick');
    const dead = attachmentId(keyOf('dead'));
    const living = attachmentId(keyOf('living'));
    put(`.${dead}.json.1xabc.tmp`, 'half');
    put(`${dead}.quick.json`, JSON.stringify(record(3)));
    put(`${dead}.cancel`, 'token');
    put(`.${living}.json.1xabc.tmp`, 'half');
    put(`${living}.cancel`, 'token');
    const lock = await store.tryLock(living);
    await store.tidy();
    expect(fs.readdirSync(join(data, 'attachments')).sort()).to.deep.equal(
      [`.${living}.json.1xabc.tmp`, `${living}.cancel`, `${id}.json`, `${id}.quick.json`].sort(),
    );
    lock?.release();
  });
});

describe('createFileHostStore()', () => {
  let directory = '';
  let store: HostStore;

  beforeEach(() => {
    directory = fs.mkdtempSync(join(tmpdir(), 'hn-host-'));
    store = open();
  });

  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  function open(): HostStore {
    return createFileHostStore({ directory: join(directory, 'host'), originalDirectory: join(directory, 'original'), locker: fileLocker });
  }

  it('keeps its caches for all who open it', async () => {
    const subnets = [
      { subnet: { id: 'net-1', networkId: 'vpc', cidr: '10.0.0.0/24', gateway: '10.0.0.1', freeAddresses: 5 }, fetchedAt: 1 },
      { subnet: { id: 'net-2', networkId: undefined, cidr: undefined, gateway: undefined, freeAddresses: undefined }, fetchedAt: 2 },
    ];
    await store.writeSubnets(subnets);
    await store.writeSetAside(new Map([['net-1', 7]]));
    await store.writeStatus('one', { checkedAt: 3, nicIds: ['nic-1'], problem: undefined });
    const other = open();
    expect(await other.readSubnets()).to.deep.equal(subnets);
    expect([...(await other.readSetAside())]).to.deep.equal([['net-1', 7]]);
    expect(await other.readStatus('one')).to.deep.equal({ checkedAt: 3, nicIds: ['nic-1'], problem: undefined });
    expect(await other.readStatus('two')).to.equal(undefined);
  });

  it('keeps the status of the latest eight askers', async () => {
    for (let i = 0; i < 9; i++) await store.writeStatus(`asker-${i}`, { checkedAt: i, nicIds: [], problem: undefined });
    await store.writeStatus('asker-1', { checkedAt: 20, nicIds: undefined, problem: 'why' });
    const kept = await Promise.all(Array.from({ length: 9 }, async (_, i) => (await store.readStatus(`asker-${i}`))?.checkedAt));
    expect(kept).to.deep.equal([undefined, 20, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('takes a cache that cannot be read for none', async () => {
    await store.writeStatus('one', { checkedAt: 3, nicIds: undefined, problem: 'why' });
    for (const text of ['', '{', '{"checkedAt":3}', '[["one",{"checkedAt":"now"}]]']) {
      fs.writeFileSync(join(directory, 'host', 'cache', 'status.json'), text);
      expect(await store.readStatus('one')).to.equal(undefined);
    }
  });

  it('finds journals of other configurations', async () => {
    const first = createFileStore({ directory: join(directory, 'first'), locker: fileLocker });
    const second = createFileStore({ directory: join(directory, 'second'), locker: fileLocker });
    await Promise.all([store.register(first), open().register(second), store.register(first)]);
    await second.write(id, record(1), 'durable');
    const found = await open().stores();
    expect(found.map((journal) => journal.location).sort()).to.deep.equal([join(directory, 'first'), join(directory, 'second')]);
    const records = await Promise.all(found.map((journal) => journal.list()));
    expect(records.flat().map((stored) => stored.id)).to.deep.equal([id]);
  });

  it('keeps gateways apart from attachments', async () => {
    expect(await store.gateways.list()).to.deep.equal([]);
    fs.mkdirSync(join(directory, 'host', 'gateways'), { recursive: true });
    fs.writeFileSync(join(directory, 'host', 'gateways', `${gatewayId('net-1')}.json`), JSON.stringify(record(1)));
    expect((await store.gateways.read(gatewayId('net-1')))?.kind).to.equal('unreadable');
  });

  describe("reads the original plugin's files", () => {
    const original = {
      id: '52:54:AA:00:00:01',
      vxNet: { id: 'vxnet-1', gateWay: '10.0.0.1', network: '10.0.0.0/24' },
      hardwareAddr: '52:54:AA:00:00:01',
      address: '10.0.0.7',
    };
    const put = (name: string, text: string): void => {
      fs.mkdirSync(join(directory, 'original'), { recursive: true });
      fs.writeFileSync(join(directory, 'original', name), text);
    };

    it('by container id, until it removes one', async () => {
      put('c1', JSON.stringify(original));
      put('lock', '');
      fs.mkdirSync(join(directory, 'original', 'folder'));
      const expected = { containerId: 'c1', nicId: '52:54:AA:00:00:01', mac: '52:54:aa:00:00:01', subnetId: 'vxnet-1' };
      expect(await store.readOriginal('c1')).to.deep.equal(expected);
      expect(await store.listOriginals()).to.deep.equal([expected]);
      await store.removeOriginal('c1');
      await store.removeOriginal('c1');
      expect(await store.listOriginals()).to.deep.equal([]);
    });

    it('but none outside its folder, and none that is no such file', async () => {
      fs.writeFileSync(join(directory, 'outside'), JSON.stringify(original));
      put('lock', JSON.stringify(original));
      put('broken', '{"id":');
      put('other', '{"id":""}');
      for (const containerId of ['../outside', 'lock', 'broken', 'other', 'none', '', '.', '..', '/etc/passwd']) {
        expect(await store.readOriginal(containerId), containerId).to.equal(undefined);
      }
    });
  });
});
