import { expect } from 'chai';
import { isNicError } from '../../../lib/errors.js';
import { NetlinkConnection } from '../../../netlink/connection.js';
import type { Rtnetlink } from '../../../netlink/rtnetlink.js';
import {
  AddressService,
  isErrno,
  LinkService,
  NeighbourService,
  type Requester,
  RouteService,
  RuleService,
} from '../../../netlink/services/index.js';
import { FR_ACT, IFA_F, IFF, NTF, NUD, RT_SCOPE, RTN, RTPROT } from '../../../netlink/wire/index.js';
import { requireLive } from '../../support/live.js';
import { createNetlinkLab, type NetlinkLab, rejection } from '../../support/netlink-lab.js';

const BR0 = 10;

describe('the verbs of the services', () => {
  let lab: NetlinkLab;
  let here: Rtnetlink;
  let connection: NetlinkConnection;
  /** What was asked for since the last look, without arguments. */
  let asked: string[] = [];
  let requester: Requester;

  before(function () {
    requireLive(this);
  });
  beforeEach(async () => {
    lab = createNetlinkLab();
    here = await lab.open('here');
    connection = NetlinkConnection.open(here.namespace);
    asked = [];
    requester = {
      request: (request, ...rest) => {
        asked.push(request.op.split(' ')[0] ?? '');
        return connection.request(request, ...rest);
      },
      dump: (request, ...rest) => {
        asked.push(request.op.split(' ')[0] ?? '');
        return connection.dump(request, ...rest);
      },
    };
    await here.link.add({ kind: 'bridge', name: 'br0', index: BR0, up: true });
    await here.address.add({ linkIndex: BR0, address: '192.0.2.10/24' });
  });
  afterEach(() => {
    connection?.close();
    lab?.close();
  });

  /** Runs it and gives the requests it made. */
  async function requestsOf(call: () => Promise<unknown>): Promise<readonly string[]> {
    asked = [];
    await call();
    return asked;
  }

  describe('link', () => {
    const wanted = {
      kind: 'bridge',
      name: 'br9',
      mac: '02:00:00:00:00:AB',
      mtu: 1400,
      up: true,
      alias: 'nine',
      txQueueLength: 9,
      group: 4,
      promiscuous: true,
      multicast: false,
      bridge: { forwardDelay: 300, groupForwardMask: 8 },
    } as const;

    it('ensure() adds, leaves what agrees, corrects what differs', async () => {
      const link = new LinkService(requester);
      const made = await link.ensure(wanted);
      expect(made).to.include({ name: 'br9', mac: '02:00:00:00:00:ab', mtu: 1400, alias: 'nine', group: 4 });
      expect(await requestsOf(() => link.ensure(wanted))).to.deep.equal(['link.add', 'link.get']);
      await link.set(made.index, { mtu: 1300, up: false, promiscuous: false, alias: '', bridge: { forwardDelay: 200 } });
      const corrected = await link.ensure(wanted);
      expect(corrected).to.include({ index: made.index, mtu: 1400, alias: 'nine', promiscuity: 1 });
      expect(corrected.info?.bridge).to.include({ forwardDelay: 300, groupForwardMask: 8 });
      expect((corrected.flags ?? 0) & (IFF.UP | IFF.PROMISC | IFF.MULTICAST)).to.equal(IFF.UP | IFF.PROMISC);
      expect(await requestsOf(() => link.ensure(wanted))).to.deep.equal(['link.add', 'link.get']);
    });

    it('ensure() puts a link into its bridge and takes it out again', async () => {
      const wantedPort = { kind: 'ifb', name: 'port', masterIndex: BR0 };
      expect((await here.link.ensure(wantedPort)).masterIndex).to.equal(BR0);
      expect((await here.link.ensure({ ...wantedPort, masterIndex: 0 })).masterIndex).to.equal(undefined);
      const link = new LinkService(requester);
      expect(await requestsOf(() => link.ensure({ ...wantedPort, masterIndex: 0 }))).to.deep.equal(['link.add', 'link.get']);
    });

    it('ensure() refuses what cannot be changed, naming it', async () => {
      await here.link.add({ kind: 'veth', name: 'v0', index: 20, peer: { name: 'v1', index: 21 } });
      await here.link.add({ kind: 'macvlan', name: 'm0', lowerIndex: 20 });
      const lower = await rejection(here.link.ensure({ kind: 'macvlan', name: 'm0', lowerIndex: 21 }));
      expect(isNicError(lower, 'ERR_LINK_EXISTS')).to.equal(true);
      expect(String(lower)).to.match(/link m0: exists with another lowerIndex, which cannot be changed; delete it first$/);
      const kind = await rejection(here.link.ensure({ kind: 'bridge', name: 'm0' }));
      expect(String(kind)).to.match(/link m0: exists and is macvlan, not bridge$/);
    });

    it('replace() adds, then changes what is given', async () => {
      await here.link.replace({ kind: 'bridge', name: 'br8', bridge: { forwardDelay: 300 } });
      await here.link.replace({ kind: 'bridge', name: 'br8', mtu: 1300, bridge: { forwardDelay: 400 } });
      const found = await here.link.get({ name: 'br8' });
      expect(found.mtu).to.equal(1300);
      expect(found.info?.bridge?.forwardDelay).to.equal(400);
    });

    it('set() sets and clears the flags that it is given and no other', async () => {
      const flags = async (): Promise<number> => ((await here.link.get({ index: BR0 })).flags ?? 0) & ~(IFF.RUNNING | IFF.LOWER_UP);
      const before = await flags();
      await here.link.set(BR0, { arp: false, allMulticast: true, promiscuous: true });
      expect(await flags()).to.equal(before | IFF.NOARP | IFF.ALLMULTI | IFF.PROMISC);
      await here.link.set(BR0, { arp: true, allMulticast: false, multicast: false });
      expect(await flags()).to.equal((before | IFF.PROMISC) & ~IFF.MULTICAST);
    });

    it('list() finds links by state and group', async () => {
      await here.link.add({ kind: 'ifb', name: 'down', group: 7 });
      const names = async (options: object): Promise<unknown> => (await here.link.list(options)).map(({ name }) => name);
      expect(await names({ up: true })).to.deep.equal(['br0']);
      expect(await names({ up: false })).to.deep.equal(['lo', 'down']);
      expect(await names({ group: 7 })).to.deep.equal(['down']);
    });
  });

  describe('address', () => {
    it('get() and find() give the one with that prefix length and peer', async () => {
      await here.address.add({ linkIndex: BR0, address: '192.0.2.10/32', peer: '192.0.2.1' });
      await here.address.add({ linkIndex: BR0, address: '2001:db8::1/64', flags: IFA_F.NODAD });
      expect(await here.address.get(BR0, '192.0.2.10/24')).to.include({ local: '192.0.2.10', prefix: 24 });
      expect(await here.address.get(BR0, '192.0.2.10/32', { peer: '192.0.2.1' })).to.include({ address: '192.0.2.1' });
      expect(await here.address.get(BR0, '2001:DB8:0::1/64')).to.include({ address: '2001:db8::1' });
      expect(await here.address.find(BR0, '192.0.2.10/32')).to.equal(undefined);
      expect(isErrno(await rejection(here.address.get(BR0, '2001:db8::1/48')), 'EADDRNOTAVAIL')).to.equal(true);
      expect(await here.address.list({ scope: RT_SCOPE.LINK })).to.have.length(1);
    });

    it('ensure() leaves what agrees, changes what can be changed, and renews lifetimes', async () => {
      const address = new AddressService(requester);
      for (const [text, flags] of [
        ['192.0.2.20/24', IFA_F.NOPREFIXROUTE],
        ['2001:db8::20/64', IFA_F.NODAD],
      ] as const) {
        const wanted = { linkIndex: BR0, address: text, routeMetric: 7 };
        await address.ensure(wanted);
        expect(await requestsOf(() => address.ensure(wanted)), text).to.deep.equal(['address.add', 'address.list']);
        await address.ensure({ ...wanted, routeMetric: 8 });
        expect(await here.address.get(BR0, text), text).to.include({ routeMetric: 8 });
        if (text.includes(':')) {
          await address.ensure({ ...wanted, routeMetric: 8, flags });
          expect(((await here.address.get(BR0, text)).flags ?? 0) & flags, text).to.equal(flags);
        }
        await address.ensure({ ...wanted, routeMetric: 8, validSeconds: 600 });
        expect((await here.address.get(BR0, text)).lifetime?.validSeconds, text).to.be.within(590, 600);
      }
    });

    it('ensure() refuses what IPv4 does not change, naming it', async () => {
      const wanted = { linkIndex: BR0, address: '192.0.2.10/24', label: 'br0:x', scope: RT_SCOPE.LINK };
      const error = await rejection(here.address.ensure(wanted));
      expect(isErrno(error, 'EEXIST')).to.equal(true);
      expect(String(error)).to.contain(
        'address.ensure 192.0.2.10/24 on link 10: EEXIST; it is there with another label, scope, which the kernel does not change; delete it first',
      );
    });
  });

  describe('route', () => {
    it('get(), find() and list() give those that agree in what is given', async () => {
      for (const metric of [1, 2]) await here.route.add({ dst: '203.0.113.0/24', gateway: `192.0.2.${metric}`, metric });
      await here.route.add({ dst: '203.0.113.0/24', type: RTN.BLACKHOLE, table: 1000 });
      await here.route.add({ dst: '203.0.113.0/25', gateway: '192.0.2.1' });
      expect(await here.route.get({ dst: '203.0.113.0/24', metric: 2 })).to.include({ gateway: '192.0.2.2' });
      expect(await here.route.get({ dst: '203.0.113.0/24', gateway: '192.0.2.1' })).to.include({ metric: 1 });
      expect(await here.route.get({ dst: '203.0.113.0/24', table: 1000 })).to.include({ type: RTN.BLACKHOLE });
      expect(await here.route.find({ dst: '203.0.113.0/24', gateway: '192.0.2.3' })).to.equal(undefined);
      expect(await here.route.list({ dst: '203.0.113.0/24' })).to.have.length(3);
      expect(await here.route.list({ dst: '2001:DB8::/32' })).to.deep.equal([]);
      expect(isErrno(await rejection(here.route.get({ dst: '203.0.113.0/26' })), 'ESRCH')).to.equal(true);
    });

    it('set() changes what is there and nothing else', async () => {
      const route = { dst: '203.0.113.0/24', gateway: '192.0.2.1' };
      expect(isErrno(await rejection(here.route.set(route)), 'ENOENT')).to.equal(true);
      await here.route.add(route);
      await here.route.set({ ...route, gateway: '192.0.2.2' });
      expect(await here.route.get({ dst: route.dst })).to.include({ gateway: '192.0.2.2' });
    });

    it('ensure() leaves what agrees and corrects what differs, in both families', async () => {
      await here.address.add({ linkIndex: BR0, address: '2001:db8::10/64', flags: IFA_F.NODAD });
      const route = new RouteService(requester);
      const v4 = { dst: '203.0.113.0/24', linkIndex: BR0 };
      const v6 = { dst: '2001:DB8:1::/48', linkIndex: BR0 };
      for (const wanted of [
        { ...v4, gateway: '192.0.2.1' },
        { ...v4, gateway: '192.0.2.2' },
        { ...v4, gateway: '192.0.2.2', metrics: { mtu: 1300 } },
        { ...v4, gateway: '192.0.2.2', protocol: RTPROT.STATIC, preferredSource: '192.0.2.10' },
        { ...v4, gateway: '198.51.100.1', onlink: true },
        { ...v4, table: 1000, metric: 5 },
        v4,
        { ...v4, scope: RT_SCOPE.LINK },
        { dst: v4.dst, type: RTN.BLACKHOLE },
        {
          dst: v4.dst,
          nextHops: [
            { linkIndex: BR0, gateway: '192.0.2.1' },
            { linkIndex: BR0, gateway: '192.0.2.2', weight: 3 },
          ],
        },
        { ...v6, gateway: '2001:db8:0::1' },
        { ...v6, gateway: '2001:db8::2' },
        { ...v6, gateway: '2001:db8::2', metrics: { mtu: 1300 } },
        v6,
        { ...v6, metric: 1024 },
        { ...v6, metric: 7, table: 1000 },
      ]) {
        const text = JSON.stringify(wanted);
        await route.ensure(wanted);
        expect(await here.route.find(wanted), text).not.to.equal(undefined);
        const { metric, table } = wanted as { metric?: number; table?: number };
        const same = (await here.route.list({ dst: wanted.dst, table: table ?? 254 })).filter((one) => {
          return metric === undefined || one.metric === metric;
        });
        expect(same, text).to.have.length(1);
        expect(same[0]?.gateway === undefined, text).to.equal(!('gateway' in wanted));
        expect(await requestsOf(() => route.ensure(wanted)), text).to.deep.equal(['route.add', 'route.list']);
      }
    });

    it('ensure() leaves the kernel’s own route of an address alone', async () => {
      const route = new RouteService(requester);
      await route.ensure({ dst: '192.0.2.0/24', linkIndex: BR0 });
      expect(await requestsOf(() => route.ensure({ dst: '192.0.2.0/24', linkIndex: BR0 }))).not.to.include('route.replace');
      expect(await here.route.get({ dst: '192.0.2.0/24' })).to.include({ protocol: RTPROT.KERNEL, preferredSource: '192.0.2.10' });
    });
  });

  describe('rule', () => {
    it('get(), find() and list() give those that agree in what is given', async () => {
      await here.rule.add({ src: '192.0.2.0/24', mark: 5, table: 1000, priority: 100 });
      await here.rule.add({ src: '2001:db8::/32', table: 1000, priority: 100, flags: 2 });
      await here.rule.add({ goto: 32_766, priority: 90 });
      expect(await here.rule.get({ mark: 5 })).to.include({ src: '192.0.2.0/24', priority: 100 });
      expect(await here.rule.get({ src: '2001:DB8:0::/32' })).to.include({ table: 1000 });
      expect(await here.rule.get({ goto: 32_766 })).to.include({ action: FR_ACT.GOTO, priority: 90 });
      expect(await here.rule.get({ priority: 0 })).to.include({ table: 255 });
      expect(await here.rule.find({ priority: 100, mark: 6 })).to.equal(undefined);
      expect(isErrno(await rejection(here.rule.get({ priority: 101 })), 'ENOENT')).to.equal(true);
      expect(await here.rule.list({ table: 1000 })).to.have.length(2);
      expect(await here.rule.list({ priority: 100, family: 6 })).to.have.length(1);
    });

    it('ensure() adds once, whether or not it has a priority, and takes no rule with further selectors for the same', async () => {
      const rule = new RuleService(requester);
      const count = async (): Promise<number> => (await here.rule.list()).length;
      await here.rule.add({ src: '192.0.2.0/24', mark: 5, table: 1000, priority: 40 });
      await here.rule.add({ src: '192.0.2.0/24', inputName: 'eth9', table: 1000, priority: 41 });
      const first = await count();
      const wanted = [
        { src: '192.0.2.0/24', table: 1000 },
        { priority: 50, mark: 5, table: 1000 },
        { mark: 5, markMask: 7, table: 1000 },
        { family: 6, mark: 5, table: 9 },
        { src: '2001:DB8::/32', table: 9, suppressPrefix: 0 },
        { uidRange: { from: 5, to: 9 }, ipProtocol: 6, destinationPorts: { from: 443, to: 443 }, action: FR_ACT.PROHIBIT },
        { outputName: 'eth9', flags: 2, goto: 32_766 },
      ] as const;
      for (const [i, one] of wanted.entries()) {
        await rule.ensure(one);
        expect(await count(), JSON.stringify(one)).to.equal(first + 1 + i);
        await rule.ensure(one);
        expect(await count(), JSON.stringify(one)).to.equal(first + 1 + i);
      }
    });
  });

  describe('neighbour', () => {
    const one = { linkIndex: BR0, address: '192.0.2.77' };

    it('get(), find() and list() give those that are meant', async () => {
      await here.neighbour.add({ ...one, mac: '02:00:00:00:00:77' });
      await here.neighbour.add({ linkIndex: BR0, address: '2001:db8::77', mac: '02:00:00:00:00:77', state: NUD.NOARP });
      await here.neighbour.add({ linkIndex: BR0, address: '192.0.2.78', flags: NTF.PROXY });
      expect(await here.neighbour.get(one)).to.include({ mac: '02:00:00:00:00:77', state: NUD.PERMANENT });
      expect(await here.neighbour.get({ linkIndex: BR0, address: '2001:DB8::77' })).to.include({ state: NUD.NOARP });
      expect(await here.neighbour.get({ linkIndex: BR0, address: '192.0.2.78', flags: NTF.PROXY })).to.include({ address: '192.0.2.78' });
      expect(await here.neighbour.find({ linkIndex: BR0, address: '192.0.2.78' })).to.equal(undefined);
      expect((await here.neighbour.list({ state: NUD.PERMANENT })).map(({ address }) => address)).to.deep.equal(['192.0.2.77']);
    });

    it('ensure() leaves what agrees and corrects what differs; set() changes only what is there', async () => {
      const neighbour = new NeighbourService(requester);
      const wanted = { ...one, mac: '02:00:00:00:00:AB' };
      expect(isErrno(await rejection(neighbour.set(wanted)), 'ENOENT')).to.equal(true);
      await neighbour.ensure(wanted);
      expect(await requestsOf(() => neighbour.ensure(wanted))).to.deep.equal(['neighbour.add', 'neighbour.get']);
      await neighbour.set({ ...one, mac: '02:00:00:00:00:cd', state: NUD.NOARP });
      expect(await neighbour.get(one)).to.include({ mac: '02:00:00:00:00:cd', state: NUD.NOARP });
      await neighbour.ensure(wanted);
      expect(await neighbour.get(one)).to.include({ mac: '02:00:00:00:00:ab', state: NUD.PERMANENT });
      await neighbour.ensure({ linkIndex: BR0, address: '192.0.2.78', flags: NTF.PROXY });
      await neighbour.ensure({ linkIndex: BR0, address: '192.0.2.78', flags: NTF.PROXY });
      expect(await neighbour.list({ proxies: true })).to.have.length(1);
    });
  });
});
