import { expect } from 'chai';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import { FIB_RULE, FR_ACT, IFA_F, MACVLAN_MODE, NTF, NUD, RTN } from '../../netlink/wire/index.js';
import {
  fromIpAddress,
  fromIpLink,
  fromIpNeighbour,
  fromIpRoute,
  fromIpRule,
  type IpObject,
  type LinkNames,
  toIpAddress,
  toIpLink,
  toIpNeighbour,
  toIpRoute,
  toIpRule,
} from '../support/ip-json.js';
import { requireLive } from '../support/live.js';
import { createNetlinkLab, type NetlinkLab } from '../support/netlink-lab.js';

describe('listing a namespace, compared with "ip -N -d -j"', () => {
  let lab: NetlinkLab;
  let rtnetlink: Rtnetlink;
  let names: LinkNames;
  const ip = (...args: readonly string[]): readonly IpObject[] => lab.ip<IpObject>(rtnetlink.namespace, '-N', ...args);

  before(async function () {
    requireLive(this, ['ip', 'nsenter']);
    lab = createNetlinkLab();
    rtnetlink = await lab.open('here');
    const { link, address, route, rule, neighbour } = rtnetlink;
    const other = await lab.open('there');
    await link.set(1, { up: true });
    await link.add({
      kind: 'bridge',
      name: 'br0',
      mac: '02:00:00:00:00:01',
      up: true,
      alias: 'the switch: größer',
      bridge: { forwardDelay: 300, stpState: 0, multicastSnooping: false },
    });
    const { index: br0 } = await link.get({ name: 'br0' });
    await link.add({
      kind: 'veth',
      name: 'v0',
      mac: '02:00:00:00:00:02',
      mtu: 1400,
      up: true,
      masterIndex: br0,
      group: 5,
      peer: { name: 'v1', mac: '02:00:00:00:00:03', txQueueLength: 77 },
    });
    const { index: v1 } = await link.get({ name: 'v1' });
    await link.set(v1, { up: true });
    await link.addAltName(v1, 'enp0s3');
    await link.addAltName(v1, 'a-name-that-is-much-longer-than-fifteen-bytes');
    await link.add({ kind: 'macvlan', name: 'm0', lowerIndex: v1, macvlan: { mode: MACVLAN_MODE.VEPA } });
    await link.add({ kind: 'ifb', name: 'ifb0' });
    await link.add({
      kind: 'vxlan',
      name: 'vx0',
      vxlan: { id: 4711, local: '192.0.2.10', group: '192.0.2.99', port: 4789, ttl: 9, learning: false },
    });
    await link.add({
      kind: 'vxlan',
      name: 'vx6',
      vxlan: { id: 4712, group6: '2001:db8::99', port: 4789, learning: true, ageingSeconds: 60 },
    });
    await link.add({ kind: 'veth', name: 'far', peer: { name: 'near', namespace: other.namespace } });
    names = new Map((await link.list()).map(({ index, name }) => [index, name ?? '']));

    await address.add({ linkIndex: br0, address: '192.0.2.10/24', broadcast: '192.0.2.255', label: 'br0:one', routeMetric: 44 });
    await address.add({ linkIndex: br0, address: '192.0.2.11/24', preferredSeconds: 3600, validSeconds: 7200 });
    await address.add({ linkIndex: br0, address: '198.51.100.1/32', peer: '198.51.100.2' });
    await address.add({ linkIndex: br0, address: '2001:db8::10/64', flags: IFA_F.NODAD });
    await address.add({ linkIndex: br0, address: '2001:db8:5::1/128', peer: '2001:db8:5::2', flags: IFA_F.NODAD });

    await route.add({ dst: '0.0.0.0/0', gateway: '192.0.2.1' });
    await route.add({ dst: '203.0.113.0/24', gateway: '192.0.2.1', linkIndex: br0, metric: 9, preferredSource: '192.0.2.11' });
    await route.add({
      dst: '203.0.113.128/25',
      gateway: '198.18.0.1',
      linkIndex: br0,
      onlink: true,
      table: 1000,
      metrics: { mtu: 1300, advmss: 1260 },
    });
    await route.add({
      dst: '100.64.0.0/10',
      nextHops: [
        { gateway: '192.0.2.1', linkIndex: br0 },
        { gateway: '192.0.2.2', linkIndex: br0, weight: 256 },
      ],
    });
    await route.add({ dst: '198.19.0.0/24', via: '2001:db8::1', linkIndex: br0 });
    await route.add({ dst: '198.19.1.7/32', linkIndex: br0 });
    await route.add({ dst: '240.0.0.0/8', type: RTN.BLACKHOLE });
    await route.add({ dst: '241.0.0.0/8', type: RTN.UNREACHABLE, table: 70_000 });
    await route.add({ dst: '::/0', gateway: '2001:db8::1', linkIndex: br0, metric: 10 });
    await route.add({ dst: '2001:db8:1::/48', gateway: '2001:db8::1', src: '2001:db8::/32', linkIndex: br0 });
    await route.add({ dst: '2001:db8:2::/48', gateway: '2001:db8::2', linkIndex: br0, table: 300 });

    await rule.add({
      src: '192.0.2.0/24',
      dst: '203.0.113.0/24',
      inputName: 'br0',
      mark: 0x10,
      markMask: 0xff,
      table: 1000,
      priority: 100,
    });
    await rule.add({ outputName: 'br0', table: 70_000, priority: 101, flags: FIB_RULE.INVERT });
    await rule.add({ action: FR_ACT.PROHIBIT, ipProtocol: 6, destinationPorts: { from: 25, to: 25 }, priority: 102 });
    await rule.add({ goto: 32_766, priority: 103 });
    await rule.add({ src: '2001:db8::/32', table: 300, priority: 104, suppressPrefix: 0 });

    await neighbour.add({ linkIndex: br0, address: '192.0.2.77', mac: '02:00:00:00:00:77' });
    await neighbour.add({ linkIndex: br0, address: '192.0.2.79', mac: '02:00:00:00:00:79', state: NUD.NOARP });
    await neighbour.add({ linkIndex: br0, address: '2001:db8::77', mac: '02:00:00:00:00:78' });
    await neighbour.add({ linkIndex: br0, address: '192.0.2.78', flags: NTF.PROXY });
  });
  after(() => lab?.close());

  /**
   * Reads both sides while nothing changes: the kernel goes on by itself for a while (carrier, link-local addresses, multicast).
   * What both say is compared by the caller.
   */
  async function standing<T>(read: () => Promise<readonly IpObject[]>, print: () => T): Promise<{ ours: readonly IpObject[]; printed: T }> {
    for (let tries = 0; tries < 100; tries++) {
      const before = await read();
      const printed = print();
      const ours = await read();
      if (JSON.stringify(before) === JSON.stringify(ours)) return { ours, printed };
    }
    throw new Error('the namespace does not come to rest');
  }

  it('link.list() agrees', async () => {
    const read = async () => (await rtnetlink.link.list()).map((link) => toIpLink(link, names));
    const { ours, printed } = await standing(read, () => ip('link', 'show'));
    expect(ours).to.have.length(9);
    expect(ours).to.deep.equal(printed.map((one, i) => fromIpLink(one, ours[i] ?? {})));
  });

  it('link.get() agrees by index, name and alternative name of any length', async () => {
    const [printed] = ip('link', 'show', 'dev', 'v1');
    const index = Number(printed?.['ifindex']);
    for (const query of [{ index }, { name: 'v1' }, { name: 'enp0s3' }, { name: 'a-name-that-is-much-longer-than-fifteen-bytes' }]) {
      const ours = toIpLink(await rtnetlink.link.get(query), names);
      expect(ours, JSON.stringify(query)).to.deep.equal(fromIpLink(printed ?? {}, ours));
    }
  });

  it('link.list() filters by kind and by bridge', async () => {
    const list = async (filter: object): Promise<readonly (string | undefined)[]> =>
      (await rtnetlink.link.list(filter)).map(({ name }) => name);
    const { index } = await rtnetlink.link.get({ name: 'br0' });
    expect(await list({ kind: 'vxlan' })).to.deep.equal(['vx0', 'vx6']);
    expect(await list({ masterIndex: index })).to.deep.equal(['v0']);
    expect(await list({ kind: 'bridge', masterIndex: index })).to.deep.equal([]);
  });

  it('link.list() reads counters when asked', async () => {
    const [printed] = ip('-s', 'link', 'show', 'dev', 'lo');
    const counters = (printed?.['stats64'] as { rx: { packets: number; bytes: number }; tx: { packets: number } } | undefined) ?? undefined;
    const find = async (stats: boolean) => (await rtnetlink.link.list({ stats })).find(({ name }) => name === 'lo');
    expect((await find(true))?.stats).to.include({
      rxPackets: BigInt(counters?.rx.packets ?? -1),
      rxBytes: BigInt(counters?.rx.bytes ?? -1),
      txPackets: BigInt(counters?.tx.packets ?? -1),
    });
    expect((await find(false))?.stats).to.equal(undefined);
  });

  it('address.list() agrees', async () => {
    const read = async () => (await rtnetlink.address.list()).map((one) => ({ ifindex: one.linkIndex, ...toIpAddress(one) }));
    const { ours, printed } = await standing(read, () =>
      ip('addr', 'show').flatMap((one) => {
        return ((one['addr_info'] ?? []) as readonly IpObject[]).map((info) => ({ ifindex: one['ifindex'], ...fromIpAddress(info) }));
      }),
    );
    // ip groups by link, the kernel by family first.
    const byLink = (list: readonly IpObject[]): readonly IpObject[] =>
      [...list].sort((a, b) => Number(a['ifindex']) - Number(b['ifindex']));
    expect(ours).to.have.length.greaterThan(6);
    expect(byLink(ours)).to.deep.equal(byLink(printed));
  });

  it('address.list() filters by link and family', async () => {
    const { index } = await rtnetlink.link.get({ name: 'br0' });
    const found = await rtnetlink.address.list({ linkIndex: index, family: 4 });
    expect(found.map(({ local }) => local)).to.have.members(['192.0.2.10', '192.0.2.11', '198.51.100.1']);
    expect((await rtnetlink.address.list({ family: 6 })).every(({ family }) => family === 10)).to.equal(true);
    expect(await rtnetlink.address.list({ linkIndex: index, family: 6 })).to.have.length(2 + 1);
  });

  it('route.list() agrees, in all tables and both families', async () => {
    const read = async () => (await rtnetlink.route.list()).map((route) => toIpRoute(route, names));
    const { ours, printed } = await standing(read, () => [4, 6].flatMap((family) => ip(`-${family}`, 'route', 'show', 'table', 'all')));
    expect(ours).to.have.length.greaterThan(20);
    expect(ours).to.deep.equal(printed.map(fromIpRoute));
  });

  it('route.list() filters by table, link, type and family', async () => {
    const { index } = await rtnetlink.link.get({ name: 'br0' });
    const list = async (filter: object): Promise<readonly (string | undefined)[]> =>
      (await rtnetlink.route.list(filter)).map(({ dst }) => dst);
    expect(await list({ table: 1000 })).to.deep.equal(['203.0.113.128/25']);
    expect(await list({ table: 70_000, family: 4 })).to.deep.equal(['241.0.0.0/8']);
    expect(await list({ table: 4242 })).to.deep.equal([]);
    expect(await list({ type: RTN.BLACKHOLE })).to.deep.equal(['240.0.0.0/8']);
    expect(await list({ family: 4, linkIndex: index, table: 254 }))
      .to.include('100.64.0.0/10')
      .and.not.include('240.0.0.0/8');
    expect(await list({ linkIndex: 1, table: 254 })).to.deep.equal([]);
  });

  it('rule.list() agrees', async () => {
    const printed = [...ip('-4', 'rule', 'show'), ...ip('-6', 'rule', 'show')];
    const ours = (await rtnetlink.rule.list()).map(toIpRule);
    expect(ours).to.have.length(3 + 4 + 2 + 1);
    expect(ours).to.deep.equal(printed.map(fromIpRule));
  });

  it('neighbour.list() agrees, proxies apart', async () => {
    const order = (list: readonly IpObject[]): readonly IpObject[] =>
      [...list].sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
    const read = async () => (await rtnetlink.neighbour.list()).map((one) => toIpNeighbour(one, names));
    const { ours, printed } = await standing(read, () => ip('neigh', 'show', 'nud', 'all'));
    expect(ours).to.have.length.greaterThan(2);
    expect(order(ours)).to.deep.equal(order(printed.map(fromIpNeighbour)));
    const proxies = (await rtnetlink.neighbour.list({ proxies: true })).map((one) => toIpNeighbour(one, names));
    expect(proxies)
      .to.deep.equal(ip('neigh', 'show', 'proxy').map(fromIpNeighbour))
      .and.have.length(1);
  });
});
