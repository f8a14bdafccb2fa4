import { expect } from 'chai';
import { isNicError } from '../../lib/errors.js';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import { addRouteRequest, deleteRouteRequest, isErrno } from '../../netlink/services/index.js';
import { IFF, NTF, NUD, RTNH_F } from '../../netlink/wire/index.js';
import { requireLive } from '../support/live.js';
import { createNetlinkLab, type NetlinkLab, rejection } from '../support/netlink-lab.js';

describe('changing a namespace', () => {
  let lab: NetlinkLab;
  let here: Rtnetlink;
  let there: Rtnetlink;

  before(function () {
    requireLive(this);
  });
  beforeEach(async () => {
    lab = createNetlinkLab();
    here = await lab.open('here');
    there = await lab.open('there');
  });
  afterEach(() => lab?.close());

  const names = async ({ link }: Rtnetlink): Promise<readonly (string | undefined)[]> => (await link.list()).map(({ name }) => name);

  async function addLink(rtnetlink: Rtnetlink, name: string): Promise<number> {
    await rtnetlink.link.add({ kind: 'veth', name, peer: { name: `${name}-peer` } });
    return (await rtnetlink.link.get({ name })).index;
  }

  /** A bridge that is up and has 192.0.2.10/24. */
  async function addBridge(): Promise<number> {
    await here.link.add({ kind: 'bridge', name: 'br0', up: true });
    const { index } = await here.link.get({ name: 'br0' });
    await here.address.add({ linkIndex: index, address: '192.0.2.10/24' });
    return index;
  }

  describe('links', () => {
    it('add() makes a veth with its other end straight in another namespace, each with its own address', async () => {
      await here.link.add({
        kind: 'veth',
        name: 'host0',
        mac: '02:00:00:00:00:01',
        index: 77,
        peer: { name: 'eth0', mac: '02:00:00:00:00:02', namespace: there.namespace, mtu: 1400, index: 99 },
      });
      const near = await here.link.get({ name: 'host0' });
      const far = await there.link.get({ name: 'eth0' });
      expect(near).to.include({ index: 77, mac: '02:00:00:00:00:01', lowerIndex: 99 });
      expect(far).to.include({ index: 99, mac: '02:00:00:00:00:02', lowerIndex: 77, mtu: 1400 });
      expect(near.lowerNamespaceId)
        .to.equal(await here.nsid.find(there.namespace))
        .and.be.a('number');
      expect(await names(here)).to.deep.equal(['lo', 'host0']);
    });

    it('add() makes a link in another namespace whose lower link is here', async () => {
      const index = await addLink(here, 'v0');
      await here.link.add({ kind: 'macvlan', name: 'm0', lowerIndex: index, namespace: there.namespace });
      expect(await names(there)).to.deep.equal(['lo', 'm0']);
    });

    it('add() rejects a name that is taken and a kind that does not exist', async () => {
      await addLink(here, 'v0');
      expect(isErrno(await rejection(here.link.add({ kind: 'bridge', name: 'v0' })), 'EEXIST')).to.equal(true);
      const unknown = await rejection(here.link.add({ kind: 'nonesuch', name: 'x' }));
      expect(unknown).to.include({ errno: 'EOPNOTSUPP', op: 'link.add x type nonesuch' });
    });

    it('ensure() adds once and refuses a link of another kind', async () => {
      const first = await here.link.ensure({ kind: 'bridge', name: 'br0' });
      const again = await here.link.ensure({ kind: 'bridge', name: 'br0' });
      expect(again.index).to.equal(first.index);
      expect(isNicError(await rejection(here.link.ensure({ kind: 'ifb', name: 'br0' })), 'ERR_LINK_EXISTS')).to.equal(true);
    });

    it('set() changes several settings in one request', async () => {
      const index = await addLink(here, 'v0');
      await here.link.ensure({ kind: 'bridge', name: 'br0' });
      const { index: masterIndex } = await here.link.get({ name: 'br0' });
      await here.link.set(index, {
        name: 'v9',
        mtu: 1300,
        mac: '02:00:00:00:00:09',
        alias: 'nine',
        txQueueLength: 9,
        group: 4,
        masterIndex,
        up: true,
      });
      const link = await here.link.get({ index });
      expect(link).to.include({ name: 'v9', mtu: 1300, mac: '02:00:00:00:00:09', alias: 'nine', txQueueLength: 9, group: 4, masterIndex });
      expect((link.flags ?? 0) & IFF.UP).to.equal(IFF.UP);
      await here.link.set(index, { up: false, masterIndex: 0 });
      const after = await here.link.get({ index });
      expect((after.flags ?? 0) & IFF.UP).to.equal(0);
      expect(after.masterIndex).to.equal(undefined);
    });

    it('set() tells the kernel’s reason', async () => {
      const index = await addLink(here, 'v0');
      expect(await rejection(here.link.set(index, { mtu: 1_000_000 }))).to.include({
        errno: 'EINVAL',
        kernelMessage: 'mtu greater than device maximum',
      });
      expect(isErrno(await rejection(here.link.set(4242, { up: true })), 'ENODEV')).to.equal(true);
    });

    it('find() and remove() take an absent link for an answer, get() and delete() do not', async () => {
      expect(await here.link.find({ name: 'none' })).to.equal(undefined);
      expect(await here.link.find({ index: 4242 })).to.equal(undefined);
      await here.link.remove({ name: 'none' });
      expect(isErrno(await rejection(here.link.get({ name: 'none' })), 'ENODEV')).to.equal(true);
      expect(isErrno(await rejection(here.link.delete({ index: 4242 })), 'ENODEV')).to.equal(true);
      await addLink(here, 'v0');
      await here.link.delete({ name: 'v0' });
      expect(await names(here)).to.deep.equal(['lo']);
    });

    it('addAltName() and deleteAltName() keep names that serve in every look-up', async () => {
      const index = await addLink(here, 'v0');
      const long = 'a-name-of-more-than-fifteen-bytes';
      await here.link.addAltName(index, 'enp0s3');
      await here.link.addAltName(index, long);
      expect((await here.link.get({ name: long })).altNames).to.deep.equal(['enp0s3', long]);
      expect(isErrno(await rejection(here.link.addAltName(index, long)), 'EEXIST')).to.equal(true);
      await here.link.deleteAltName(index, 'enp0s3');
      expect((await here.link.get({ index })).altNames).to.deep.equal([long]);
      await here.link.delete({ name: long });
      expect(await names(here)).to.deep.equal(['lo']);
    });
  });

  describe('moving links', () => {
    it('move() puts a link into another namespace under a new name, down, without addresses', async () => {
      const index = await addLink(here, 'v0');
      await here.link.set(index, { up: true });
      await here.address.add({ linkIndex: index, address: '192.0.2.10/24' });
      const { mac } = await here.link.get({ index });
      await here.link.move(index, there.namespace, { name: 'eth0' });
      const moved = await there.link.get({ name: 'eth0' });
      expect(moved.mac).to.equal(mac);
      expect((moved.flags ?? 0) & IFF.UP).to.equal(0);
      expect(await there.address.list({ linkIndex: moved.index })).to.deep.equal([]);
      expect(await names(here)).to.deep.equal(['lo', 'v0-peer']);
    });

    it('move() keeps the index where it is free and gets another where it is taken', async () => {
      await here.link.add({ kind: 'ifb', name: 'free', index: 50 });
      await here.link.add({ kind: 'ifb', name: 'taken', index: 60 });
      await there.link.add({ kind: 'ifb', name: 'other', index: 60 });
      await here.link.move(50, there.namespace);
      await here.link.move(60, there.namespace);
      expect((await there.link.get({ name: 'free' })).index).to.equal(50);
      expect((await there.link.get({ name: 'taken' })).index).not.to.equal(60);
      await there.link.move(50, here.namespace, { newIndex: 51 });
      expect((await here.link.get({ name: 'free' })).index).to.equal(51);
    });

    it('move() under a name that is taken is refused, yet the link has moved under its old name', async () => {
      const index = await addLink(here, 'v0');
      await there.link.add({ kind: 'ifb', name: 'eth0' });
      const error = await rejection(here.link.move(index, there.namespace, { name: 'eth0' }));
      expect(error).to.include({ errno: 'EEXIST', op: `link.move ${index} to there as eth0` });
      expect(await names(here)).to.deep.equal(['lo', 'v0-peer']);
      expect(await names(there)).to.include.members(['eth0', 'v0']);
    });

    it('move() of a link whose old and new name are both taken leaves it where it is', async () => {
      const index = await addLink(here, 'v0');
      await there.link.add({ kind: 'ifb', name: 'v0' });
      await there.link.add({ kind: 'ifb', name: 'eth0' });
      expect(isErrno(await rejection(here.link.move(index, there.namespace, { name: 'eth0' })), 'EEXIST')).to.equal(true);
      expect(await names(here)).to.include('v0');
    });

    it('move() of a link whose alternative name is taken leaves it where it is', async () => {
      const index = await addLink(here, 'v0');
      await here.link.addAltName(index, 'enp0s3');
      await there.link.add({ kind: 'ifb', name: 'enp0s3' });
      expect(isErrno(await rejection(here.link.move(index, there.namespace, { name: 'eth0' })), 'EEXIST')).to.equal(true);
      expect(await names(here)).to.include('v0');
      await here.link.deleteAltName(index, 'enp0s3');
      await here.link.move(index, there.namespace, { name: 'eth0' });
      expect(await names(there)).to.include('eth0');
    });
  });

  describe('addresses', () => {
    it('add() refuses a second time, ensure() and replace() do not', async () => {
      const linkIndex = await addBridge();
      for (const address of ['192.0.2.20/24', '2001:db8::20/64']) {
        await here.address.add({ linkIndex, address });
        expect(isErrno(await rejection(here.address.add({ linkIndex, address })), 'EEXIST'), address).to.equal(true);
        await here.address.ensure({ linkIndex, address });
        await here.address.replace({ linkIndex, address, validSeconds: 600, preferredSeconds: 300 });
        const found = (await here.address.list({ linkIndex })).find((one) => `${one.local ?? one.address}/${one.prefix}` === address);
        expect(found?.lifetime?.validSeconds, address).to.be.within(590, 600);
      }
    });

    it('ensure() refuses an IPv6 address that is there with another prefix length', async () => {
      const linkIndex = await addBridge();
      await here.address.ensure({ linkIndex, address: '2001:db8::20/64' });
      await here.address.ensure({ linkIndex, address: '2001:0db8:0::0020/64' });
      expect(isErrno(await rejection(here.address.ensure({ linkIndex, address: '2001:db8::20/128' })), 'EEXIST')).to.equal(true);
    });

    it('delete() takes the one with that prefix length, remove() also takes none for an answer', async () => {
      const linkIndex = await addBridge();
      await here.address.add({ linkIndex, address: '192.0.2.10/32' });
      await here.address.delete(linkIndex, '192.0.2.10/32');
      const left = (await here.address.list({ linkIndex, family: 4 })).map(({ local, prefix }) => `${local}/${prefix}`);
      expect(left).to.deep.equal(['192.0.2.10/24']);
      for (const address of ['192.0.2.10/32', '192.0.2.99/24', '2001:db8::99/64']) {
        expect(isErrno(await rejection(here.address.delete(linkIndex, address)), 'EADDRNOTAVAIL'), address).to.equal(true);
        await here.address.remove(linkIndex, address);
      }
      expect(isErrno(await rejection(here.address.remove(4242, '192.0.2.10/24')), 'ENODEV')).to.equal(true);
    });

    it('delete() takes a point-to-point address when its other end is given', async () => {
      const linkIndex = await addBridge();
      await here.address.add({ linkIndex, address: '198.51.100.1/32', peer: '198.51.100.2' });
      await here.address.delete(linkIndex, '198.51.100.1/32', { peer: '198.51.100.2' });
      expect(await here.address.list({ linkIndex, family: 4 })).to.have.length(1);
    });
  });

  describe('routes', () => {
    it('add() refuses a second one, replace() puts it in place, append() beside, ensure() corrects it', async () => {
      const linkIndex = await addBridge();
      const route = { dst: '203.0.113.0/24', linkIndex };
      const gateways = async () =>
        (await here.route.list({ table: 254, family: 4 })).filter(({ dst }) => dst === route.dst).map(({ gateway }) => gateway);
      await here.route.add({ ...route, gateway: '192.0.2.1' });
      expect(isErrno(await rejection(here.route.add({ ...route, gateway: '192.0.2.2' })), 'EEXIST')).to.equal(true);
      await here.route.ensure({ ...route, gateway: '192.0.2.2' });
      expect(await gateways()).to.deep.equal(['192.0.2.2']);
      await here.route.replace({ ...route, gateway: '192.0.2.3' });
      expect(await gateways()).to.deep.equal(['192.0.2.3']);
      await here.route.append({ ...route, gateway: '192.0.2.4' });
      expect(await gateways()).to.deep.equal(['192.0.2.3', '192.0.2.4']);
    });

    it('delete() takes the one that agrees in what is given, remove() also takes none for an answer', async () => {
      const linkIndex = await addBridge();
      for (const metric of [1, 2]) await here.route.add({ dst: '203.0.113.0/24', gateway: '192.0.2.1', linkIndex, metric });
      await here.route.add({ dst: '203.0.113.0/24', gateway: '192.0.2.1', linkIndex, metric: 2, table: 1000 });
      await here.route.delete({ dst: '203.0.113.0/24', metric: 2 });
      const left = (await here.route.list()).filter(({ dst }) => dst === '203.0.113.0/24').map(({ metric, table }) => ({ metric, table }));
      expect(left).to.have.deep.members([
        { metric: 1, table: 254 },
        { metric: 2, table: 1000 },
      ]);
      expect(isErrno(await rejection(here.route.delete({ dst: '203.0.113.0/24', metric: 2 })), 'ESRCH')).to.equal(true);
      await here.route.remove({ dst: '203.0.113.0/24', metric: 2 });
      await here.route.remove({ dst: '203.0.113.0/24', table: 4711 });
      await here.route.remove({ dst: '2001:db8:9::/48' });
    });

    it('add() takes a router outside every range when it is said to be on the link', async () => {
      const linkIndex = await addBridge();
      const route = { dst: '203.0.113.0/24', gateway: '198.18.0.1', linkIndex };
      expect(await rejection(here.route.add(route))).to.include({ errno: 'ENETUNREACH', kernelMessage: 'Nexthop has invalid gateway' });
      await here.route.add({ ...route, onlink: true });
      const found = (await here.route.list({ linkIndex, table: 254 })).find(({ dst }) => dst === route.dst);
      expect((found?.flags ?? 0) & RTNH_F.ONLINK).to.equal(RTNH_F.ONLINK);
    });

    it('lookup() tells which way packets go', async () => {
      const linkIndex = await addBridge();
      expect(await here.route.lookup('192.0.2.77')).to.include({ linkIndex, preferredSource: '192.0.2.10', table: 254 });
      expect(isErrno(await rejection(here.route.lookup('203.0.113.9')), 'ENETUNREACH')).to.equal(true);
      expect(isErrno(await rejection(here.route.lookup('2001:db8::9')), 'ENETUNREACH')).to.equal(true);
      await here.route.add({ dst: '0.0.0.0/0', gateway: '192.0.2.1' });
      expect(await here.route.lookup('203.0.113.9')).to.include({ gateway: '192.0.2.1', linkIndex });
    });

    it('batch() carries out each request whether or not others fail', async () => {
      const linkIndex = await addBridge();
      const dst = (i: number): string => `203.0.${i >> 8}.${i & 255}/32`;
      const requests = Array.from({ length: 400 }, (_, i) => {
        return addRouteRequest({ dst: dst(i % 100 === 99 ? i - 1 : i), gateway: '192.0.2.1', linkIndex, table: 7 });
      });
      const results = await here.batch(requests);
      expect(results.flatMap((error, i) => (error === undefined ? [] : [`${i} ${error.errno}`]))).to.deep.equal([
        '99 EEXIST',
        '199 EEXIST',
        '299 EEXIST',
        '399 EEXIST',
      ]);
      expect(results[99]?.op).to.equal(`route.add ${dst(98)} via 192.0.2.1 on link ${linkIndex} table 7`);
      expect(await here.route.list({ table: 7 })).to.have.length(396);
      const gone = await here.batch(Array.from({ length: 400 }, (_, i) => deleteRouteRequest({ dst: dst(i), table: 7 })));
      expect(gone.filter((error) => error?.errno === 'ESRCH')).to.have.length(4);
      expect(await here.route.list({ table: 7 })).to.have.length(0);
    });
  });

  describe('rules', () => {
    it('add() refuses a second one, ensure() does not, delete() and remove() take it away', async () => {
      const rule = { src: '192.0.2.0/24', table: 1000, priority: 100 };
      await here.rule.add(rule);
      expect(isErrno(await rejection(here.rule.add(rule)), 'EEXIST')).to.equal(true);
      await here.rule.ensure(rule);
      expect((await here.rule.list({ family: 4 })).filter(({ priority }) => priority === 100)).to.have.length(1);
      await here.rule.delete({ priority: 100 });
      expect(isErrno(await rejection(here.rule.delete({ priority: 100 })), 'ENOENT')).to.equal(true);
      await here.rule.remove({ priority: 100 });
      expect(await here.rule.list()).to.have.length(3 + 2);
    });

    it('works for IPv6 when the family is all that says so', async () => {
      await here.rule.add({ family: 6, mark: 5, table: 9, priority: 7 });
      expect((await here.rule.list({ family: 6 })).map(({ priority }) => priority ?? 0)).to.deep.equal([0, 7, 32_766]);
      await here.rule.delete({ family: 6, priority: 7 });
      expect(await here.rule.list({ family: 6 })).to.have.length(2);
    });
  });

  describe('neighbours', () => {
    it('add() refuses a second one, ensure() corrects it, replace() changes it, delete() and remove() take it away', async () => {
      const linkIndex = await addBridge();
      const one = { linkIndex, address: '192.0.2.77' };
      const find = async () => (await here.neighbour.list({ linkIndex, family: 4 })).find(({ address }) => address === one.address);
      await here.neighbour.add({ ...one, mac: '02:00:00:00:00:77' });
      expect(isErrno(await rejection(here.neighbour.add({ ...one, mac: '02:00:00:00:00:78' })), 'EEXIST')).to.equal(true);
      await here.neighbour.ensure({ ...one, mac: '02:00:00:00:00:78' });
      expect(await find()).to.include({ mac: '02:00:00:00:00:78', state: NUD.PERMANENT });
      await here.neighbour.replace({ ...one, mac: '02:00:00:00:00:78', state: NUD.NOARP });
      expect(await find()).to.include({ mac: '02:00:00:00:00:78', state: NUD.NOARP });
      await here.neighbour.delete(one);
      await here.neighbour.remove(one);
      await here.neighbour.remove({ linkIndex, address: '192.0.2.200' });
      expect(isErrno(await rejection(here.neighbour.delete({ linkIndex, address: '192.0.2.200' })), 'ENOENT')).to.equal(true);
    });

    it('keeps proxy entries apart', async () => {
      const linkIndex = await addBridge();
      await here.neighbour.add({ linkIndex, address: '192.0.2.78', flags: NTF.PROXY });
      expect((await here.neighbour.list({ proxies: true })).map(({ address }) => address)).to.deep.equal(['192.0.2.78']);
      await here.neighbour.delete({ linkIndex, address: '192.0.2.78', flags: NTF.PROXY });
      expect(await here.neighbour.list({ proxies: true })).to.deep.equal([]);
    });
  });

  describe('namespace ids', () => {
    it('find() tells that there is none, ensure() gives one once, add() a wished one', async () => {
      expect(await here.nsid.find(there.namespace)).to.equal(undefined);
      expect(await here.nsid.list()).to.deep.equal([]);
      const id = await here.nsid.ensure(there.namespace);
      expect(await here.nsid.ensure(there.namespace)).to.equal(id);
      expect(await here.nsid.list()).to.deep.equal([id]);
      expect(isErrno(await rejection(here.nsid.add(there.namespace)), 'EEXIST')).to.equal(true);
      const third = await lab.open('third');
      await here.nsid.add(third.namespace, 77);
      expect(await here.nsid.find(third.namespace)).to.equal(77);
    });
  });
});
