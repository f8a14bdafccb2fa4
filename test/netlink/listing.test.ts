import { expect } from 'chai';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import { FIB_RULE, FR_ACT, IFA_F, MACVLAN_MODE, NTF, NUD, RTN } from '../../netlink/wire/index.js';
import { type BesideIp, type Both, besideIp } from '../support/beside-ip.js';
import { comparableLink, surroundings, toIpLink } from '../support/ip-json-link.js';
import { COMPARED_KINDS } from '../support/ip-json-link-info.js';
import { requireLive } from '../support/live.js';
import { createNetlinkLab, type NetlinkLab } from '../support/netlink-lab.js';
import { type Missing, makeOneOfEverything } from '../support/one-of-everything.js';

/** Object by object, so that a difference is shown with its neighbourhood and not within a long list. */
function expectSame({ ours, printed }: Both): void {
  for (const [i, one] of printed.entries()) expect(ours[i], JSON.stringify(one).slice(0, 100)).to.deep.equal(one);
  expect(ours).to.have.length(printed.length);
}

/** The same for every namespace: what the library lists is what `ip` prints, key by key. */
function itAgreesWithIp(
  beside: () => BesideIp,
  least: Readonly<Record<'links' | 'addresses' | 'routes' | 'rules' | 'neighbours', number>>,
): void {
  it('link.list() agrees, counters among it', async () => {
    const both = await beside().links();
    expectSame(both);
    expect(both.ours).to.have.length.of.at.least(least.links);
  });

  it('address.list() agrees', async () => {
    const both = await beside().addresses();
    expectSame(both);
    expect(both.ours).to.have.length.of.at.least(least.addresses);
  });

  it('route.list() agrees, in all tables and both families', async () => {
    const both = await beside().routes();
    expectSame(both);
    expect(both.ours).to.have.length.of.at.least(least.routes);
  });

  it('rule.list() agrees, in both families', async () => {
    const both = await beside().rules();
    expectSame(both);
    expect(both.ours).to.have.length.of.at.least(least.rules);
  });

  it('neighbour.list() agrees, proxies apart', async () => {
    const both = await beside().neighbours('all');
    expectSame(both);
    expect(both.ours).to.have.length.of.at.least(least.neighbours);
    const proxies = await beside().neighbours('proxies');
    expectSame(proxies);
    expect(proxies.ours).not.to.have.length(0);
  });

  it('nsid.list() agrees', async () => {
    const both = await beside().nsids();
    expectSame(both);
    expect(both.ours).not.to.have.length(0);
  });
}

describe('listing one of everything that ip can make, compared with "ip -N -d -j"', () => {
  let lab: NetlinkLab;
  let here: Rtnetlink;
  let there: Rtnetlink;
  let missing: Missing;

  before(async function () {
    requireLive(this, ['ip', 'nsenter']);
    lab = createNetlinkLab();
    here = await lab.open('here');
    there = await lab.open('there');
    missing = makeOneOfEverything(lab, here.namespace);
    const other = `/proc/${process.pid}/fd/${there.namespace.fd}`;
    lab.run(here.namespace, 'ip', 'link', 'add', 'far', 'type', 'veth', 'peer', 'name', 'near', 'netns', other);
    // Below it is a link of a namespace that has no id for the other yet.
    lab.run(here.namespace, 'ip', 'link', 'add', 'link', 'd1', 'name', 'above', 'type', 'macvlan', 'mode', 'vepa');
    lab.run(here.namespace, 'ip', 'link', 'set', 'above', 'netns', other);
    const kinds = [...missing.kinds].map(([kind, reason]) => `${kind} (${reason})`);
    console.log(`    links this kernel lacks, not compared: ${kinds.join(', ') || 'none'}`);
    for (const [command, reason] of missing.commands) console.log(`    refused, not compared: ip ${command} (${reason})`);
  });
  after(() => lab?.close());

  itAgreesWithIp(() => besideIp(lab, here), { links: 45, addresses: 20, routes: 70, rules: 20, neighbours: 20 });

  it('makes at least the kinds that containers need', async () => {
    const kinds = new Set((await here.link.list()).map(({ info }) => info?.kind));
    expect([...kinds]).to.include.members(['veth', 'bridge', 'macvlan', 'macvtap', 'vxlan', 'ifb', 'tun']);
    const uncompared = [...kinds].filter((kind) => !COMPARED_KINDS.includes(kind));
    if (uncompared.length > 0) console.log(`    settings not compared of kinds: ${uncompared.join(', ')}`);
  });

  it('link.list() agrees on links that lead to another namespace, from either side', async () => {
    for (const rtnetlink of [here, there]) {
      const both = await besideIp(lab, rtnetlink).links();
      expectSame(both);
      expect(both.ours.filter((link) => 'link_netnsid' in link)).to.have.length.of.at.least(1);
    }
    const abroad = (await besideIp(lab, there).links()).ours.map(({ ifname }) => ifname);
    expect(abroad).to.have.members(['lo', 'near', 'above']);
  });

  it('the countdowns of bridges agree', async () => {
    const beside = besideIp(lab, here);
    let odd: readonly object[] = [];
    for (let tries = 0; tries < 50; tries++) {
      const timers = await beside.timers();
      expect(timers).to.have.length.of.at.least(8 + 3);
      expect(timers.some(({ printed }) => printed > 0)).to.equal(true);
      odd = timers.filter(({ before, printed, after }) => !(before >= printed && printed >= after));
      // A timer that has just been started anew is beyond both readings.
      if (odd.length === 0) return;
    }
    expect(odd).to.deep.equal([]);
  });

  it('link.get() agrees with the listing for every link', async () => {
    const links = await here.link.list();
    const around = surroundings(links);
    for (const link of links) {
      const found = await here.link.get({ index: link.index });
      expect(comparableLink(toIpLink(found, around))).to.deep.equal(comparableLink(toIpLink(link, around)));
    }
  });
});

describe('listing a namespace that the library has set up, compared with "ip -N -d -j"', () => {
  let lab: NetlinkLab;
  let rtnetlink: Rtnetlink;

  before(async function () {
    requireLive(this, ['ip', 'nsenter']);
    lab = createNetlinkLab();
    rtnetlink = await lab.open('here');
    const { link, address, route, rule, neighbour } = rtnetlink;
    const other = await lab.open('there');
    await link.set(1, { up: true });
    await link.ensure({
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

  itAgreesWithIp(() => besideIp(lab, rtnetlink), { links: 9, addresses: 8, routes: 20, rules: 10, neighbours: 3 });

  it('link.get() agrees by index, name and alternative name of any length', async () => {
    const links = await rtnetlink.link.list();
    const around = surroundings(links);
    const wanted = links.find(({ name }) => name === 'v1');
    const index = wanted?.index ?? 0;
    for (const query of [{ index }, { name: 'v1' }, { name: 'enp0s3' }, { name: 'a-name-that-is-much-longer-than-fifteen-bytes' }]) {
      expect(toIpLink(await rtnetlink.link.get(query), around), JSON.stringify(query)).to.deep.equal(wanted && toIpLink(wanted, around));
    }
  });

  it('link.list() has no counters unless asked', async () => {
    for (const { stats } of await rtnetlink.link.list()) expect(stats).to.equal(undefined);
    for (const { stats } of await rtnetlink.link.list({ stats: true })) expect(stats?.rxPackets).to.be.a('bigint');
  });

  it('link.list() filters by kind and by bridge', async () => {
    const list = async (filter: object): Promise<readonly (string | undefined)[]> =>
      (await rtnetlink.link.list(filter)).map(({ name }) => name);
    const { index } = await rtnetlink.link.get({ name: 'br0' });
    expect(await list({ kind: 'vxlan' })).to.deep.equal(['vx0', 'vx6']);
    expect(await list({ masterIndex: index })).to.deep.equal(['v0']);
    expect(await list({ kind: 'bridge', masterIndex: index })).to.deep.equal([]);
  });

  it('address.list() filters by link and family', async () => {
    const { index } = await rtnetlink.link.get({ name: 'br0' });
    const found = await rtnetlink.address.list({ linkIndex: index, family: 4 });
    expect(found.map(({ local }) => local)).to.have.members(['192.0.2.10', '192.0.2.11', '198.51.100.1']);
    expect((await rtnetlink.address.list({ family: 6 })).every(({ family }) => family === 10)).to.equal(true);
    expect(await rtnetlink.address.list({ linkIndex: index, family: 6 })).to.have.length(2 + 1);
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
});
