import { expect } from 'chai';
import { isNicError } from '../../lib/errors.js';
import { openLinkMonitor } from '../../netlink/link-monitor.js';
import { openRouteMonitor, type RouteEvent, type RouteMonitor, routeKind } from '../../netlink/route-monitor.js';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import type { NewRoute } from '../../netlink/services/index.js';
import { IF_OPER, IFA_F, type RouteMessage, RT_TABLE, RTN } from '../../netlink/wire/index.js';
import { requireLive } from '../support/live.js';
import { createNetlinkLab, type NetlinkLab, rejection } from '../support/netlink-lab.js';
import { seededRandom } from '../support/random.js';

const words = ({ dst, gateway, table, nextHops, type }: RouteMessage): string =>
  [
    dst,
    gateway ?? nextHops?.map((hop) => hop.gateway).join('+') ?? (type === RTN.BLACKHOLE ? 'blackhole' : 'on link'),
    ...(table === RT_TABLE.MAIN ? [] : [`in ${table}`]),
  ].join(' ');
/** Without what the kernel makes for its own. */
const isGiven = (route: RouteMessage): boolean => route.table !== RT_TABLE.LOCAL && route.protocol === 3;
const text = (event: RouteEvent): string => (event.kind === 'resync' ? event.kind : `${event.kind} ${words(event.route)}`);

/** All that must agree: which routes there are, and in which state. */
const state = (routes: Iterable<RouteMessage>): string =>
  [...routes]
    .map((route) => `${routeKind.keyOf(route)} ${route.flags} ${route.nextHops?.map(({ flags }) => flags)}`)
    .sort()
    .join('\n');

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe('openRouteMonitor()', () => {
  let lab: NetlinkLab;
  let rtnetlink: Rtnetlink;
  let monitor: RouteMonitor;
  let events: string[];
  let [first, second] = [0, 0];

  before(function () {
    requireLive(this, ['ip', 'sh']);
  });
  beforeEach(async () => {
    lab = createNetlinkLab();
    rtnetlink = await lab.open('watched');
    const far = await lab.open('far');
    using links = await openLinkMonitor(rtnetlink);
    for (const n of [0, 1]) {
      await rtnetlink.link.add({ kind: 'veth', name: `eth${n}`, peer: { name: `far${n}`, namespace: far.namespace } });
      const { index } = await rtnetlink.link.get({ name: `eth${n}` });
      await far.link.set((await far.link.get({ name: `far${n}` })).index, { up: true });
      await rtnetlink.link.set(index, { up: true });
      // The kernel tells of carrier up to a second later, and that alone would make the monitor list anew.
      await links.waitFor((all) => all.find((link) => link.index === index && link.carrier));
      [first, second] = n === 0 ? [index, 0] : [first, index];
      await rtnetlink.address.add({ linkIndex: index, address: `192.0.${2 + n}.10/24` });
      await rtnetlink.address.add({ linkIndex: index, address: `2001:db8:${n}::10/64`, flags: IFA_F.NODAD });
    }
    monitor = await openRouteMonitor(rtnetlink);
    events = [];
    monitor.subscribe((event) => {
      if (event.kind === 'resync' || (isGiven(event.route) && event.kind !== 'changed')) events.push(text(event));
    });
  });
  afterEach(() => {
    monitor?.close();
    lab?.close();
  });

  /** Waits until the view says what a listing made now says. */
  async function settle(): Promise<void> {
    let listed = '';
    // Links come to carry, and make routes of their own, some time after they were set up.
    for (let tries = 0; tries < 400 && listed !== state(monitor.routes()); tries++) {
      listed = state(await rtnetlink.route.list());
      await monitor
        .waitFor((all) => (state(all) === listed ? true : undefined), { signal: AbortSignal.timeout(50) })
        .catch(() => undefined);
    }
    expect(state(monitor.routes())).to.equal(listed);
  }

  it('begins with what is there, and tells what comes, goes and takes the place of another', async () => {
    await settle();
    const { route } = rtnetlink;
    await route.add({ dst: '10.0.0.0/8', gateway: '192.0.2.1' });
    await route.add({ dst: '10.0.0.0/8', gateway: '192.0.2.1', table: 1000 });
    await route.add({ dst: '2001:db8:5::/48', gateway: '2001:db8::1' });
    await route.add({ dst: '10.1.0.0/16', type: RTN.BLACKHOLE });
    await settle();
    await route.replace({ dst: '10.0.0.0/8', gateway: '192.0.2.2' });
    await settle();
    await route.delete({ dst: '10.0.0.0/8', table: 1000 });
    await route.delete({ dst: '2001:db8:5::/48' });
    await route.delete({ dst: '10.1.0.0/16', type: RTN.BLACKHOLE });
    await settle();
    expect(events).to.deep.equal([
      'added 10.0.0.0/8 192.0.2.1',
      'added 10.0.0.0/8 192.0.2.1 in 1000',
      'added 2001:db8:5::/48 2001:db8::1',
      'added 10.1.0.0/16 blackhole',
      'removed 10.0.0.0/8 192.0.2.1',
      'added 10.0.0.0/8 192.0.2.2',
      'removed 10.0.0.0/8 192.0.2.1 in 1000',
      'removed 2001:db8:5::/48 2001:db8::1',
      'removed 10.1.0.0/16 blackhole',
    ]);
  });

  it('tells of several next hops, and of one among them', async () => {
    await settle();
    const { route } = rtnetlink;
    const hops = (a: string, b: string): NewRoute['nextHops'] => [
      { linkIndex: first, gateway: a },
      { linkIndex: second, gateway: b },
    ];
    await route.add({ dst: '10.0.0.0/8', nextHops: hops('192.0.2.1', '192.0.3.1') ?? [] });
    await route.add({ dst: '2001:db8:5::/48', gateway: '2001:db8:0::1', linkIndex: first });
    await route.append({ dst: '2001:db8:5::/48', gateway: '2001:db8:1::1', linkIndex: second });
    await settle();
    await route.delete({ dst: '2001:db8:5::/48', gateway: '2001:db8:0::1', linkIndex: first });
    await settle();
    await route.delete({ dst: '10.0.0.0/8' });
    await settle();
    const left = events.filter((event) => !event.endsWith('2001:db8::1'));
    expect(left[0]).to.equal('added 10.0.0.0/8 192.0.2.1+192.0.3.1');
    expect(left.at(-1)).to.equal('removed 10.0.0.0/8 192.0.2.1+192.0.3.1');
    expect(left).to.include('removed 2001:db8:5::/48 2001:db8::1+2001:db8:1::1');
    expect(left.filter((event) => event === 'added 2001:db8:5::/48 2001:db8:1::1')).to.have.length(1);
  });

  it('sees routes go of which the kernel says nothing: with their link, their address or its carrier', async () => {
    const { route, address, link } = rtnetlink;
    await route.add({ dst: '10.0.0.0/8', gateway: '192.0.2.1' });
    await route.add({ dst: '10.1.0.0/16', linkIndex: second, preferredSource: '192.0.2.10' });
    await route.add({ dst: '10.2.0.0/16', gateway: '192.0.3.1' });
    await route.add({ dst: '10.3.0.0/16', gateway: '192.0.3.1', linkIndex: second });
    await settle();
    expect(events).to.have.length(4);
    await address.delete(first, '192.0.2.10/24');
    await settle();
    expect(events.slice(4).sort()).to.deep.equal(['removed 10.0.0.0/8 192.0.2.1', 'removed 10.1.0.0/16 on link']);
    await link.set(second, { up: false });
    await settle();
    expect(events.slice(6).sort()).to.deep.equal(['removed 10.2.0.0/16 192.0.3.1', 'removed 10.3.0.0/16 192.0.3.1']);
  });

  it('sees routes go with their next hop object, of which the kernel says nothing either', async () => {
    // Nothing else may make the monitor list anew.
    for (const index of [first, second]) while ((await rtnetlink.link.get({ index })).operState !== IF_OPER.UP) await nextTurn();
    await settle();
    const commands = 'ip nexthop add id 7 via 192.0.3.1 dev eth1 && ip route add 10.4.0.0/16 nhid 7';
    lab.run(rtnetlink.namespace, 'sh', '-c', commands);
    await monitor.waitFor((routes) => routes.find(({ dst }) => dst === '10.4.0.0/16'));
    lab.run(rtnetlink.namespace, 'ip', 'nexthop', 'del', 'id', '7');
    await monitor.waitFor((routes) => (routes.some(({ dst }) => dst === '10.4.0.0/16') ? undefined : true));
    expect(events).to.deep.equal(['added 10.4.0.0/16 192.0.3.1', 'removed 10.4.0.0/16 192.0.3.1']);
  });

  it('agrees with a listing whenever random changes come to rest, and so do its events', async function () {
    this.timeout(120_000);
    const random = seededRandom();
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random.next() * values.length)] as T;
    const told = new Map(monitor.routes().map((route) => [routeKind.keyOf(route), route]));
    monitor.subscribe((event) => {
      if (event.kind === 'resync') return;
      const known = told.has(routeKind.keyOf(event.route));
      expect(known, `${random.label} ${text(event)}`).to.equal(event.kind !== 'added');
      if (event.kind === 'removed') told.delete(routeKind.keyOf(event.route));
      else told.set(routeKind.keyOf(event.route), event.route);
    });
    const gateways4 = ['192.0.2.1', '192.0.3.1', '192.0.2.2'];
    const gateways6 = ['2001:db8::1', '2001:db8:1::1', '2001:db8::2'];
    const wish = (): NewRoute => {
      const wide = random.next() < 0.5;
      const gateways = wide ? gateways6 : gateways4;
      const way = pick([
        { gateway: pick(gateways) },
        { linkIndex: pick([first, second]) },
        { nextHops: [0, 1].map((n) => ({ linkIndex: n === 0 ? first : second, gateway: gateways[n] ?? '' })) },
        { type: RTN.BLACKHOLE },
      ]);
      const metric = pick([undefined, 5]);
      const table = pick([undefined, 1000]);
      return {
        dst: wide ? pick(['2001:db8:5::/48', '::/0']) : pick(['10.0.0.0/8', '0.0.0.0/0']),
        ...way,
        ...(metric === undefined ? {} : { metric }),
        ...(table === undefined ? {} : { table }),
      };
    };
    for (let round = 0; round < 40; round++) {
      for (let n = 0; n < 8; n++) {
        const linkIndex = pick([first, second]);
        const own = linkIndex === first ? '192.0.2.10/24' : '192.0.3.10/24';
        const change = pick([
          () => rtnetlink.route.add(wish()),
          () => rtnetlink.route.replace(wish()),
          () => rtnetlink.route.append(wish()),
          () => rtnetlink.route.delete({ dst: wish().dst }),
          () => rtnetlink.route.delete(wish()),
          () => rtnetlink.link.set(linkIndex, { up: random.next() < 0.7 }),
          () => (random.next() < 0.3 ? rtnetlink.address.delete(linkIndex, own) : rtnetlink.address.ensure({ linkIndex, address: own })),
        ]);
        await change().catch((error: unknown) => expect(isNicError(error, 'ERR_NETLINK'), String(error)).to.equal(true));
      }
      await settle();
      expect(state(told.values()), `${random.label} round ${round}`).to.equal(state(monitor.routes()));
    }
  });

  it('ends up right after more events than the socket holds', async function () {
    this.timeout(120_000);
    const lines =
      'i=0; while [ $i -lt 15000 ]; do echo "route add blackhole 10.$((i/256%256)).$((i%256)).0/24 table 1000"; i=$((i+1)); done';
    // While this process waits for a command, the monitor cannot read.
    lab.run(rtnetlink.namespace, 'sh', '-c', `{ ${lines}; } | ip -batch -`);
    await monitor.waitFor((routes) => (routes.filter(({ table }) => table === 1000).length === 15_000 ? true : undefined));
    expect(events).to.include('resync');
    await settle();
  });

  it('does not list anew for every replacement of a flood', async () => {
    await rtnetlink.route.add({ dst: '10.0.0.0/8', gateway: '192.0.2.1' });
    await settle();
    let listings = 0;
    const list = rtnetlink.route.list.bind(rtnetlink.route);
    rtnetlink.route.list = (options) => {
      listings++;
      return list(options);
    };
    for (let n = 0; n < 500; n++) await rtnetlink.route.replace({ dst: '10.0.0.0/8', gateway: `192.0.2.${1 + (n % 2)}` });
    await rtnetlink.route.add({ dst: '10.9.0.0/16', gateway: '192.0.2.1' });
    await monitor.waitFor((routes) => (routes.some(({ dst }) => dst === '10.9.0.0/16') ? true : undefined));
    expect(listings).to.be.within(1, 250);
    rtnetlink.route.list = list;
    await settle();
  });

  it('ends with its signal and when it is closed, also while it lists anew', async () => {
    const error = await rejection(openRouteMonitor(rtnetlink, { signal: AbortSignal.abort() }));
    expect(isNicError(error, 'ERR_CANCELLED')).to.equal(true);
    await rtnetlink.route.add({ dst: '10.0.0.0/8', gateway: '192.0.2.1' });
    await rtnetlink.route.replace({ dst: '10.0.0.0/8', gateway: '192.0.2.2' });
    const waiting = rejection(monitor.waitFor(() => undefined));
    const loop = monitor.events();
    monitor.close();
    expect(isNicError(await waiting, 'ERR_CANCELLED')).to.equal(true);
    for await (const event of loop) expect(event.kind).not.to.equal('resync');
  });
});
