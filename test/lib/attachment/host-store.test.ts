import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { blankGateway } from '../../../lib/attachment/blank-record.js';
import { createFileHostStore, createFileStore, type HostStore } from '../../../lib/attachment/index.js';
import { attachmentId, gatewayId, journalId } from '../../../lib/attachment/names.js';
import { fileLocker } from '../../../netlink/index.js';
import { keyOf } from '../../support/attachment-bed.js';
import { fullRecord } from '../../support/full-record.js';

const id = attachmentId(keyOf('c1'));

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
    const crafted = JSON.stringify({ digest: createHash('sha256').update('{').digest('hex').slice(0, 32), text: '{' });
    for (const text of ['', '{', crafted, '{"checkedAt":3}', '[["one",{"checkedAt":"now"}]]']) {
      fs.writeFileSync(join(directory, 'host', 'cache', 'status.json'), text);
      expect(await store.readStatus('one')).to.equal(undefined);
    }
  });

  it('takes a cache that was changed by anything else for none', async () => {
    const subnet = { id: 'net-1', networkId: 'vpc', cidr: '10.0.0.0/24', gateway: '10.0.0.1', freeAddresses: 5 };
    const file = join(directory, 'host', 'cache', 'subnets.json');
    await store.writeSubnets([{ subnet, fetchedAt: 1 }]);
    const text = fs.readFileSync(file, 'utf8');
    for (const [from, to] of [
      ['10.0.0.1', '10.0.0.2'],
      ['networkId', 'networkIt'],
      ['fetchedAt', 'fetchedat'],
    ] as const) {
      expect(await store.readSubnets()).to.have.length(1);
      fs.writeFileSync(file, text.replace(from, to));
      expect(await store.readSubnets(), `${from} is now ${to}`).to.deep.equal([]);
      fs.writeFileSync(file, text);
    }
  });

  it('removes what writers left that died, and nothing that may still be written', async () => {
    const host = join(directory, 'host');
    await store.writeSubnets([]);
    await store.register(createFileStore({ directory: join(directory, 'journal'), locker: fileLocker }));
    fs.mkdirSync(join(host, 'gateways'), { recursive: true });
    const leave = (file: string): string => {
      fs.writeFileSync(join(host, file), '');
      return file;
    };
    const gateway = gatewayId('net-1');
    const dead = [
      leave(`cache/.subnets.json.1x1.tmp`),
      leave(`cache/.set-aside.json.1x1.tmp`),
      leave(`journals/.${journalId(join(directory, 'journal'))}.json.1x1.tmp`),
      leave(`gateways/.${gateway}.json.1x1.tmp`),
      leave(`gateways/${gateway}.quick.json`),
    ];
    const kept = [leave('cache/.foreign.json.1x1.tmp'), leave('cache/.status.json.1x1.tmp')];
    const writing = await store.lock('status');
    await store.tidy();
    const isThere = (file: string): boolean => fs.existsSync(join(host, file));
    expect(dead.filter(isThere)).to.deep.equal([]);
    expect(kept.filter(isThere)).to.deep.equal(kept);
    writing.release();
    await store.tidy();
    expect(kept.filter(isThere)).to.deep.equal(['cache/.foreign.json.1x1.tmp']);
    expect(await store.readSubnets()).to.deep.equal([]);
  });

  it('finds journals of other configurations', async () => {
    const first = createFileStore({ directory: join(directory, 'first'), locker: fileLocker });
    const second = createFileStore({ directory: join(directory, 'second'), locker: fileLocker });
    await Promise.all([store.register(first), open().register(second), store.register(first)]);
    await second.write(id, fullRecord(1), 'durable');
    const { stores, unreadable } = await open().stores();
    expect(stores.map((journal) => journal.location).sort()).to.deep.equal([join(directory, 'first'), join(directory, 'second')]);
    const records = await Promise.all(stores.map((journal) => journal.list()));
    expect(records.flat().map((stored) => stored.id)).to.deep.equal([id]);
    expect(unreadable).to.deep.equal([]);
  });

  it('says that it does not know of a journal whose entry is damaged, until its owner comes by', async () => {
    const first = createFileStore({ directory: join(directory, 'first'), locker: fileLocker });
    await store.register(first);
    await store.register(createFileStore({ directory: join(directory, 'second'), locker: fileLocker }));
    const entry = join(directory, 'host', 'journals', `${journalId(join(directory, 'first'))}.json`);
    for (const text of ['', '{"location":', '{"location":5}', JSON.stringify({ location: join(directory, 'second') })]) {
      fs.writeFileSync(entry, text);
      const { stores, unreadable } = await open().stores();
      expect(stores.map((journal) => journal.location)).to.deep.equal([join(directory, 'second')]);
      expect(unreadable.map(({ reason }) => reason)).to.satisfy(([reason]: string[]) => reason?.startsWith(entry));
    }
    await store.register(first);
    expect((await open().stores()).stores).to.have.length(2);
  });

  it('keeps gateways apart from attachments', async () => {
    expect(await store.gateways.list()).to.deep.equal([]);
    fs.mkdirSync(join(directory, 'host', 'gateways'), { recursive: true });
    fs.writeFileSync(join(directory, 'host', 'gateways', `${gatewayId('net-1')}.json`), JSON.stringify(fullRecord(1)));
    expect((await store.gateways.read(gatewayId('net-1')))?.kind).to.equal('unreadable');
  });

  it('takes no gateway whose address is none', async () => {
    const gateway = blankGateway('boot', 'net-1', { nicId: 'nic-1', revision: 1 });
    for (const [address, kind] of [
      ['192.168.100.2/24', 'record'],
      ['192.168.100.2', 'unreadable'],
      ['x/24', 'unreadable'],
    ] as const) {
      await store.gateways.write(gatewayId('net-1'), { ...gateway, address }, 'durable');
      expect((await store.gateways.read(gatewayId('net-1')))?.kind, address).to.equal(kind);
    }
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
      fs.mkdirSync(join(directory, 'original', 'folder'));
      for (const containerId of [
        '../outside',
        'lock',
        'broken',
        'other',
        'none',
        '',
        '.',
        '..',
        '/etc/passwd',
        'folder',
        'c'.repeat(300),
      ]) {
        expect(await store.readOriginal(containerId), containerId).to.equal(undefined);
      }
    });
  });
});
