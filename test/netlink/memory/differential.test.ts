import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import type { Link, NamespaceRef, NetworkNamespace, RouteRequest } from '../../../lib/driver.js';
import { NetlinkError, NicError } from '../../../lib/errors.js';
import type { DriverBed } from '../../../lib/testing/index.js';
import type { MemoryLink, MemoryNamespace } from '../../../netlink/memory/index.js';
import type { NamespaceHandle } from '../../../netlink/namespace.js';
import { openRtnetlink, type Rtnetlink } from '../../../netlink/rtnetlink.js';
import { requireLive } from '../../support/live.js';
import { createMemoryDriverBed, type MemoryDriverBed } from '../../support/memory-driver-bed.js';
import { createNetlinkDriverBed, type NetlinkDriverBed } from '../../support/netlink-driver-bed.js';
import { type SeededRandom, seededRandom } from '../../support/random.js';

const macs = ['52:54:00:00:00:0a', '52:54:00:00:00:0b', '52:54:00:00:00:0c', '52:54:00:00:00:0d'] as const;
/** Links that come and go while it runs: the two ends of a veth, and one stacked on the first plugged link. */
const pairMacs = ['52:54:00:00:01:0a', '52:54:00:00:01:0b'] as const;
const stackedMac = '52:54:00:00:02:0a';
const bridgeMac = '52:54:00:00:03:0a';
const allMacs = [...macs, ...macs, ...pairMacs, ...pairMacs, stackedMac, bridgeMac] as const;
const names = ['eth0', 'eth1', 'net0', 'net1', 'net2', 'net3'] as const;
const altNames = ['net0', 'uplink', 'slow'] as const;
const addresses = ['10.0.0.2/24', '10.0.0.3/24', '10.0.0.4/25', '10.0.1.2/32', 'fd00::2/64', 'fd00::3/64', 'fd00:1::2/128'] as const;
const destinations = ['0.0.0.0/0', '10.5.0.0/16', '10.0.0.0/24', '::/0', 'fd05::/32', 'fd00::/64'] as const;
const gateways = [
  undefined,
  '10.0.0.1',
  '10.0.0.3',
  '10.0.1.1',
  '10.0.1.2',
  'fd00::1',
  'fd00::3',
  'fe80::1',
  'fe80::5054:ff:fe00:a',
] as const;
const metrics = [undefined, undefined, 5, 256] as const;
const tables = [undefined, undefined, 100] as const;
const settings = [
  'ipv4/ip_forward',
  'ipv4/conf/all/accept_redirects',
  'ipv4/conf/all/forwarding',
  'ipv4/conf/default/rp_filter',
  'ipv6/conf/all/disable_ipv6',
] as const;
const linkSettings = ['ipv4/conf/*/rp_filter', 'ipv4/conf/*/forwarding', 'ipv6/conf/*/disable_ipv6', 'ipv6/conf/*/accept_ra'] as const;

const pristine = {
  'ipv4/conf/all/forwarding': '0',
  'ipv4/conf/default/forwarding': '0',
  'ipv4/conf/all/accept_redirects': '1',
  'ipv4/conf/all/rp_filter': '0',
  'ipv4/conf/default/rp_filter': '0',
  'ipv6/conf/all/disable_ipv6': '0',
  'ipv6/conf/default/accept_ra': '1',
} as const;

interface Place {
  readonly namespace: NetworkNamespace;
  readonly link: Link;
}

/** One step, told by hardware address, since indexes may differ. */
interface Step {
  readonly text: string;
  readonly run: (world: World) => Promise<unknown>;
}

interface Hop {
  readonly gateway: string;
  readonly linkIndex: number;
}

/** What can be done to a machine beside what its driver offers. */
interface Workshop {
  /** Adds a veth with an end in each namespace. */
  addPair(names: readonly [string, string]): Promise<void>;
  /** Stacks a macvlan on a link. */
  stack(place: Place, name: string): Promise<void>;
  /** Adds a bridge to the first namespace. */
  addBridge(): Promise<void>;
  /** Adds a route with several next hops. */
  addMultipath(namespace: NetworkNamespace, dst: string, hops: readonly Hop[]): Promise<void>;
  /** Deletes a link. */
  remove(place: Place): Promise<void>;
  /** Lets go of what it opened. */
  close(): void;
}

function createMemoryWorkshop({ kernel }: MemoryDriverBed, refs: readonly [NamespaceRef, NamespaceRef]): Workshop {
  const [first, second] = refs.map((ref) => kernel.namespace(ref)) as [MemoryNamespace, MemoryNamespace];
  const linkAt = ({ namespace, link }: Place): MemoryLink =>
    (namespace.cookie === first.cookie ? first : second).link(link.index, 'workshop');
  return {
    addPair: async ([near, far]) => {
      kernel.addVethPair({ namespace: first, name: near, mac: pairMacs[0] }, { namespace: second, name: far, mac: pairMacs[1] });
    },
    stack: async (place, name) => {
      const lower = linkAt(place);
      if (lower.namespace !== undefined) kernel.addLink(lower.namespace, { name, mac: stackedMac, kind: 'macvlan', lower });
    },
    addBridge: async () => {
      kernel.addLink(first, { name: 'br0', mac: bridgeMac, kind: 'bridge', connected: false });
    },
    addMultipath: async ({ cookie }, dst, nextHops) =>
      (cookie === first.cookie ? first : second).addMultipathRoute({ dst, nextHops }, 'workshop'),
    remove: async (place) => kernel.removeLink(linkAt(place)),
    close: () => {},
  };
}

async function createNetlinkWorkshop(bed: NetlinkDriverBed, refs: readonly [NamespaceRef, NamespaceRef]): Promise<Workshop> {
  const [first, second] = refs.map((ref) => bed.handleOf(ref)) as [NamespaceHandle, NamespaceHandle];
  const [inFirst, inSecond] = [openRtnetlink(first), openRtnetlink(second)];
  const at = ({ namespace }: Place): Rtnetlink => (namespace.cookie === first.cookie ? inFirst : inSecond);
  return {
    addPair: ([near, far]) =>
      inFirst.link.add({ kind: 'veth', name: near, mac: pairMacs[0], peer: { name: far, mac: pairMacs[1], namespace: second } }),
    stack: (place, name) => at(place).link.add({ kind: 'macvlan', name, mac: stackedMac, lowerIndex: place.link.index }),
    addBridge: () => inFirst.link.add({ kind: 'bridge', name: 'br0', mac: bridgeMac }),
    addMultipath: ({ cookie }, dst, nextHops) => (cookie === first.cookie ? inFirst : inSecond).route.add({ dst, nextHops }),
    remove: (place) => at(place).link.delete({ index: place.link.index }),
    close: () => {
      inFirst.close();
      inSecond.close();
    },
  };
}

/** A link that a step is about is not there. */
class Gone extends Error {}

/** Two namespaces with a few links, on a real kernel or a fake one. */
class World {
  readonly bed: DriverBed;
  readonly workshop: Workshop;
  readonly namespaces: readonly NetworkNamespace[];

  private constructor(bed: DriverBed, workshop: Workshop, namespaces: readonly NetworkNamespace[]) {
    this.bed = bed;
    this.workshop = workshop;
    this.namespaces = namespaces;
  }

  static async build<B extends DriverBed>(
    bed: B,
    createWorkshop: (bed: B, refs: readonly [NamespaceRef, NamespaceRef]) => Workshop | Promise<Workshop>,
  ): Promise<World> {
    const refs = [await bed.createNamespace(), await bed.createNamespace()] as const;
    const namespaces: NetworkNamespace[] = [];
    for (const ref of refs) {
      const namespace = await bed.driver.open(ref);
      // What a new namespace inherits from the host is not the fake kernel's business.
      for (const [setting, value] of Object.entries(pristine)) await namespace.writeSysctl(setting, value);
      namespaces.push(namespace);
    }
    for (const [n, mac] of macs.entries()) {
      const ref = refs[n % 2];
      if (ref !== undefined)
        await bed.plug(ref, { name: `eth${n < 2 ? 0 : 1}`, mac, altNames: n === 0 ? [...altNames] : n === 1 ? ['uplink'] : [] });
    }
    const workshop = await createWorkshop(bed, refs);
    await workshop.addBridge();
    return new World(bed, workshop, namespaces);
  }

  async find(mac: string): Promise<Place> {
    for (const namespace of this.namespaces) {
      const link = (await namespace.listLinks()).find((candidate) => candidate.mac === mac);
      if (link !== undefined) return { namespace, link };
    }
    throw new Gone(`there is no ${mac}`);
  }

  /** The next link of the same namespace in the order of hardware addresses; the link itself when it is alone. */
  async neighbourOf(namespace: NetworkNamespace, link: Link): Promise<Link> {
    const links = (await namespace.listLinks())
      .filter(({ loopback, kind }) => !loopback && kind !== 'bridge')
      .sort((a, b) => a.mac.localeCompare(b.mac));
    return links[(links.findIndex(({ index }) => index === link.index) + 1) % links.length] ?? link;
  }

  async has(mac: string): Promise<boolean> {
    const all = await Promise.all(this.namespaces.map((namespace) => namespace.listLinks()));
    return all.flat().some((link) => link.mac === mac);
  }

  close(): void {
    this.workshop.close();
    for (const namespace of this.namespaces) namespace.close();
  }

  other(namespace: NetworkNamespace): NetworkNamespace {
    const [first, second] = this.namespaces;
    if (first === undefined || second === undefined) throw new Error('there are two namespaces');
    return namespace === first ? second : first;
  }

  /** All that can be seen, as lines. */
  async view(): Promise<readonly string[]> {
    const lines: string[] = [];
    const indexes = new Map<string, number>();
    for (const namespace of this.namespaces) for (const { mac, index } of await namespace.listLinks()) indexes.set(mac, index);
    for (const [n, namespace] of this.namespaces.entries()) {
      const links = (await namespace.listLinks()).filter((link) => !link.loopback);
      const nameOf = (index: number | undefined): string => links.find((link) => link.index === index)?.name ?? `${index}`;
      for (const link of links) {
        const { name, mac, mtu, up, carrier } = link;
        lines.push(`${n} link ${name} ${mac} mtu ${mtu} up ${up} carrier ${carrier} alt ${[...link.altNames].sort()}`);
        const below = { [pairMacs[0]]: pairMacs[1], [pairMacs[1]]: pairMacs[0], [stackedMac]: macs[0] }[mac];
        if (below !== undefined) lines.push(`${n} link ${name} hangs on ${below}: ${link.lowerIndex === indexes.get(below)}`);
        for (const { address } of await namespace.listAddresses(link.index)) lines.push(`${n} address ${name} ${address}`);
        for (const setting of linkSettings) {
          const own = setting.replace('*', name);
          lines.push(`${n} ${own} = ${await namespace.readSysctl(own)}`);
        }
      }
      for (const { dst, gateway, linkIndex, table, metric, protocol } of await namespace.listRoutes()) {
        lines.push(`${n} route ${dst} via ${gateway} dev ${nameOf(linkIndex)} table ${table} metric ${metric} proto ${protocol}`);
      }
      for (const setting of settings) lines.push(`${n} ${setting} = ${await namespace.readSysctl(setting)}`);
    }
    return lines.sort();
  }
}

async function outcome(step: Step, world: World): Promise<string> {
  try {
    await step.run(world);
    return 'done';
  } catch (error) {
    if (error instanceof Gone) return error.message;
    if (error instanceof NetlinkError) return `${error.errno}: ${error.kernelMessage}`;
    if (error instanceof NicError || error instanceof RangeError) return error.name;
    throw error;
  }
}

const hopsTo = (dst: string): readonly string[] =>
  dst.includes(':') ? ['fd00::1', 'fd00::5', 'fe80::1', 'fe80::2'] : ['10.0.0.1', '10.0.0.9', '10.0.1.1'];

function makeStep(random: SeededRandom): Step {
  const pick = <T>(values: readonly T[]): T => {
    const value = values[Math.floor(random.next() * values.length)];
    return value as T;
  };
  const mac = pick(allMacs);
  const otherName = pick(names);
  const manyTo = pick(['10.5.0.0/16', '0.0.0.0/0', '::/0', 'fd05::/32'] as const);
  const many = [pick(hopsTo(manyTo)), pick(hopsTo(manyTo))] as const;
  const on =
    (work: (place: Place, world: World) => Promise<unknown>) =>
    async (world: World): Promise<unknown> =>
      work(await world.find(mac), world);
  const address = pick(addresses);
  const name = pick(names);
  const route = (linkIndex: number): RouteRequest => ({
    dst,
    linkIndex,
    ...(gateway === undefined ? {} : { gateway }),
    ...(metric === undefined ? {} : { metric }),
    ...(table === undefined ? {} : { table }),
    ...(onlink ? { onlink } : {}),
  });
  const dst = pick(destinations);
  const fitting = gateways.filter((one) => one === undefined || one.includes(':') === dst.includes(':'));
  const gateway = pick(fitting);
  const metric = pick(metrics);
  const table = pick(tables);
  const onlink = gateway !== undefined && random.next() < 0.2;
  const way = `${dst} via ${gateway} metric ${metric} table ${table} onlink ${onlink}`;
  const up = random.next() < 0.75;
  const mtu = 1280 + Math.floor(random.next() * 500);
  const setting = pick(settings);
  const linkSetting = pick(linkSettings);
  const value = random.next() < 0.7 ? '0' : '1';
  const choices: readonly Step[] = [
    { text: `${mac} up ${up}`, run: on(({ namespace, link }) => namespace.changeLink(link.index, { up })) },
    { text: `${mac} up ${up}`, run: on(({ namespace, link }) => namespace.changeLink(link.index, { up })) },
    // Steps name links by their hardware address, so there is never a second with the same.
    {
      text: `pair ${name} ${otherName}`,
      run: async (world) => (await world.has(pairMacs[0])) || world.workshop.addPair([name, otherName]),
    },
    {
      text: `stack ${name}`,
      run: async (world) => (await world.has(stackedMac)) || world.workshop.stack(await world.find(macs[0]), name),
    },
    {
      text: `delete ${stackedMac} or pair, ${up}`,
      run: async (world) => world.workshop.remove(await world.find(up ? stackedMac : pairMacs[mtu % 2 === 0 ? 0 : 1])),
    },
    { text: `${mac} mtu ${mtu}`, run: on(({ namespace, link }) => namespace.changeLink(link.index, { mtu })) },
    { text: `${mac} name ${name}`, run: on(({ namespace, link }) => namespace.changeLink(link.index, { name })) },
    {
      text: `${mac} move as ${name}`,
      run: on(({ namespace, link }, world) => namespace.moveLink(link.index, world.other(namespace), name)),
    },
    { text: `${mac} add ${address}`, run: on(({ namespace, link }) => namespace.addAddress(link.index, address)) },
    { text: `${mac} add ${address}`, run: on(({ namespace, link }) => namespace.addAddress(link.index, address)) },
    { text: `${mac} remove ${address}`, run: on(({ namespace, link }) => namespace.removeAddress(link.index, address)) },
    { text: `${mac} replace ${way}`, run: on(({ namespace, link }) => namespace.replaceRoute(route(link.index))) },
    { text: `${mac} replace ${way}`, run: on(({ namespace, link }) => namespace.replaceRoute(route(link.index))) },
    {
      text: `${mac} add ${manyTo} via ${many}`,
      run: on(async ({ namespace, link }, world) => {
        const second = await world.neighbourOf(namespace, link);
        const [near, far] = many;
        return world.workshop.addMultipath(namespace, manyTo, [
          { gateway: near, linkIndex: link.index },
          { gateway: far, linkIndex: second.index },
        ]);
      }),
    },
    { text: `${mac} remove ${way}`, run: on(({ namespace, link }) => namespace.removeRoute(route(link.index))) },
    { text: `${setting} = ${value} where ${mac} is`, run: on(({ namespace }) => namespace.writeSysctl(setting, value)) },
    {
      text: `${linkSetting} = ${value} of ${mac}`,
      run: on(({ namespace, link }) => namespace.writeSysctl(linkSetting.replace('*', link.name), value)),
    },
  ];
  return pick(choices);
}

/** The real kernel makes link-local addresses a moment after a link is up, so it is given the time to come to look the same. */
async function expectAlike(fake: World, real: World, where: string): Promise<void> {
  const expected = await fake.view();
  const deadline = Date.now() + 2000;
  let seen = await real.view();
  while (seen.join() !== expected.join() && Date.now() < deadline) {
    await delay(2);
    seen = await real.view();
  }
  expect(expected, where).to.deep.equal(seen);
}

describe('fake kernel and real kernel', () => {
  const runs = Number(process.env['TEST_RUNS'] ?? 3);
  const stepsPerRun = Number(process.env['TEST_STEPS'] ?? 100);

  before(function () {
    requireLive(this);
  });

  it(`answer and look alike after each of ${stepsPerRun} random requests, ${runs} times`, async function () {
    this.timeout(runs * stepsPerRun * 200);
    const random = seededRandom();
    for (let run = 1; run <= runs; run++) {
      const beds = [createMemoryDriverBed(), await createNetlinkDriverBed()] as const;
      try {
        const fake = await World.build(beds[0], createMemoryWorkshop);
        const real = await World.build(beds[1], createNetlinkWorkshop);
        const history: string[] = [];
        expect(await fake.view(), `${random.label}, run ${run}, at first`).to.deep.equal(await real.view());
        for (let n = 0; n < stepsPerRun; n++) {
          const step = makeStep(random);
          history.push(step.text);
          const where = `${random.label}, run ${run}, after\n${history.join('\n')}\n`;
          expect(await outcome(step, fake), where).to.equal(await outcome(step, real));
          await expectAlike(fake, real, where);
        }
        for (const world of [fake, real]) world.close();
      } finally {
        for (const bed of beds) await bed.teardown();
      }
    }
  });
});
