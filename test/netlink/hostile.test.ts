import { expect } from 'chai';
import type { Link, NetworkNamespace } from '../../lib/driver.js';
import { isNicError, NetlinkError } from '../../lib/errors.js';
import { createNetlinkDriver } from '../../netlink/driver.js';
import { DumpInterruptedError } from '../../netlink/interrupted.js';
import type { LinkEvent } from '../../netlink/link-monitor.js';
import { type LinkMonitor, openLinkMonitor } from '../../netlink/link-monitor.js';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import { addLinkRequest } from '../../netlink/services/index.js';
import { toLink } from '../../netlink/to-link.js';
import type { LinkMessage } from '../../netlink/wire/index.js';
import { requireLive } from '../support/live.js';
import { createNetlinkLab, type NetlinkLab } from '../support/netlink-lab.js';
import { churn, macOf, meddle, type Offender, squat, startOffender } from '../support/offender.js';
import { seededRandom } from '../support/random.js';

const STANDING = 60;
const MOVED = 40;
/** Commands of each offender. Much of what they do takes the kernel some ten milliseconds. */
const CHURNED = 400;
const MEDDLED = 300;

describe('while other processes change everything', function () {
  this.timeout(120_000);
  const random = seededRandom();
  let lab: NetlinkLab;
  let here: Rtnetlink;
  let offenders: Offender[];
  let monitors: LinkMonitor[];

  beforeEach(async function () {
    requireLive(this, ['ip', 'nsenter']);
    lab = createNetlinkLab();
    offenders = [];
    monitors = [];
    here = await lab.open('here');
  });
  afterEach(async () => {
    for (const monitor of monitors) monitor.close();
    for (const offender of offenders) offender.stop();
    await Promise.all(offenders.map(({ ended }) => ended));
    lab?.close();
  });

  function offend(rtnetlink: Rtnetlink, commands: readonly string[]): void {
    offenders.push(startOffender(rtnetlink.namespace, commands));
  }
  const isHostile = (): boolean => offenders.some((offender) => offender.isRunning());

  async function addStanding(): Promise<void> {
    const pairs = Array.from({ length: STANDING }, (_none, i) => i);
    const requests = pairs.map((i) =>
      addLinkRequest({ kind: 'veth', name: `s${i}`, mac: macOf(9, i), peer: { name: `t${i}`, mac: macOf(8, i) } }),
    );
    expect((await here.batch(requests)).filter((result) => result !== undefined)).to.deep.equal([]);
  }

  /** What must hold of a listing that was not torn. */
  function expectWhole(links: readonly LinkMessage[]): void {
    const indexes = new Set(links.map(({ index }) => index));
    expect(indexes.size, random.label).to.equal(links.length);
    expect(new Set(links.map(({ name }) => name)).size, random.label).to.equal(links.length);
    const byName = new Map(links.map((link) => [link.name, link]));
    for (let i = 0; i < STANDING; i++) {
      expect(byName.get(`s${i}`)?.mac, random.label).to.equal(macOf(9, i));
      expect(byName.get(`t${i}`)?.mac, random.label).to.equal(macOf(8, i));
      expect(byName.get(`s${i}`)?.lowerIndex, random.label).to.equal(byName.get(`t${i}`)?.index);
    }
    // The kernel lists by index, and loses its own mark when nothing is left to list after a change: rtnl_dump_ifinfo() puts it on a message
    // that is not there, and has compared by the time the end of the listing is written (net/netlink/af_netlink.c, netlink_dump_done()).
    const last = Math.max(...indexes);
    for (const { name, masterIndex, lowerIndex } of links) {
      for (const other of [masterIndex, lowerIndex]) {
        if (other !== undefined && other <= last) expect(indexes, `above or below ${name}, ${random.label}`).to.include(other);
      }
    }
  }

  /** A listing, or undefined when changes tore it ten times running. */
  async function unlessTorn<T>(listing: Promise<readonly T[]>): Promise<readonly T[] | undefined> {
    try {
      return await listing;
    } catch (error) {
      expect(error, `${random.label}: ${error}`).to.be.instanceOf(DumpInterruptedError);
      return undefined;
    }
  }

  it('each listing is whole, or says that it was torn', async () => {
    await addStanding();
    offend(here, churn(random, 'a', CHURNED));
    offend(here, churn(random, 'b', CHURNED));
    let whole = 0;
    let torn = 0;
    do {
      const links = await unlessTorn(here.link.list());
      if (links === undefined) torn++;
      else {
        whole++;
        expectWhole(links);
      }
      const [addresses, routes] = [await unlessTorn(here.address.list()), await unlessTorn(here.route.list())];
      const addressKeys = addresses?.map((one) => `${one.linkIndex} ${one.local ?? one.address}/${one.prefix}`);
      expect(new Set(addressKeys).size, random.label).to.equal(addressKeys?.length ?? 0);
      expect(routes?.every(({ family }) => family === 2 || family === 10) ?? true).to.equal(true);
    } while (isHostile());
    console.log(`    ${whole} whole listings, ${torn} given up as torn`);
    expectWhole(await here.link.list());
  });

  it('each monitor ends with what a fresh listing says, and its events lead there', async () => {
    await addStanding();
    offend(here, churn(random, 'a', CHURNED));
    offend(here, churn(random, 'b', CHURNED));
    const views: Map<number, Link>[] = [];
    const odd: string[] = [];
    do {
      if (monitors.length < 8) {
        const monitor = await openLinkMonitor(here);
        monitors.push(monitor);
        const view = new Map(monitor.links().map((link) => [link.index, link]));
        views.push(view);
        monitor.subscribe((event) => odd.push(...follow(view, event)));
      }
      await new Promise((resolve) => setImmediate(resolve));
    } while (isHostile());
    const fresh = (await here.link.list()).map(toLink);
    const wanted = asText(fresh);
    for (const [i, monitor] of monitors.entries()) {
      const settled = await monitor.waitFor((links) => (asText(links) === wanted ? links : undefined), {
        signal: AbortSignal.timeout(30_000),
      });
      expect(asText(settled)).to.equal(wanted);
      expect(asText([...(views[i]?.values() ?? [])]), random.label).to.equal(wanted);
    }
    expect(odd, random.label).to.deep.equal([]);
  });

  describe('moves', () => {
    let there: Rtnetlink;
    let source: NetworkNamespace;
    let target: NetworkNamespace;

    beforeEach(async () => {
      there = await lab.open('there');
      const outside = await lab.open('outside');
      const links = Array.from({ length: MOVED }, (_none, i) => i);
      const requests = links.map((i) =>
        addLinkRequest({ kind: 'veth', name: `n${i}`, mac: macOf(1, i), peer: { name: `o${i}`, namespace: outside.namespace } }),
      );
      expect((await here.batch(requests)).filter((result) => result !== undefined)).to.deep.equal([]);
      const driver = createNetlinkDriver();
      source = await driver.open({ kind: 'fd', fd: here.namespace.fd });
      target = await driver.open({ kind: 'fd', fd: there.namespace.fd });
    });
    afterEach(() => {
      source?.close();
      target?.close();
    });

    /** The card of that address, not what is stacked on it. */
    async function find(namespace: NetworkNamespace, mac: string): Promise<Link | undefined> {
      for (let tries = 0; ; tries++) {
        try {
          return (await namespace.listLinks()).find((link) => link.mac === mac && link.kind === 'veth');
        } catch (error) {
          if (!(error instanceof DumpInterruptedError) || tries === 100) throw error;
        }
      }
    }

    it('end with the right link in the right place, or with a plain error and the link in one of the two', async () => {
      offend(here, meddle(random, 'n', MOVED, MEDDLED));
      offend(here, meddle(random, 'n', MOVED, MEDDLED));
      offend(there, squat(random, 'eth', MOVED, 2 * MEDDLED));
      const outcomes = new Map<string, number>();
      let moves = 0;
      for (let round = 0; isHostile() || moves < 250; round++) {
        const i = round % MOVED;
        const mac = macOf(1, i);
        const before = await find(source, mac);
        const [from, to, name] = before === undefined ? [target, source, `n${i}`] : [source, target, `eth${i}`];
        const link = before ?? (await find(target, mac));
        if (link === undefined) throw new Error(`${mac} is nowhere, ${random.label}`);
        let outcome = 'moved';
        try {
          const moved = await from.moveLink(link.index, to, name);
          moves++;
          expect([moved.mac, moved.kind, moved.name], random.label).to.deep.equal([mac, 'veth', name]);
          expect((await find(to, mac))?.index, `${mac} after a move, ${random.label}`).to.equal(moved.index);
          expect(await find(from, mac), `${mac} after a move, ${random.label}`).to.equal(undefined);
        } catch (error) {
          if (!isNicError(error)) throw error;
          outcome = error instanceof NetlinkError ? error.errno : error.code;
          expect(error.message, random.label).to.match(/^link\.(move|list|get|deleteAltName) /);
          const places = [await find(from, mac), await find(to, mac)].filter((place) => place !== undefined);
          expect(places, `${mac} after ${error.message}, ${random.label}`).to.have.length(1);
        }
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
      console.log(`    ${[...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}`);
      // Only what these offenders can bring about: a name that is taken, a link that has gone from under the request or was renamed at once.
      expect([...outcomes.keys()], random.label).to.satisfy((seen: readonly string[]) =>
        seen.every((outcome) => ['moved', 'EEXIST', 'ENODEV', 'EBUSY', 'EINTR', 'ERR_LINK'].includes(outcome)),
      );
      // Now that nobody interferes, every one of them goes where it is sent.
      for (let i = 0; i < MOVED; i++) {
        const link = await find(source, macOf(1, i));
        if (link !== undefined) await source.moveLink(link.index, target, `pod${i}`);
        expect((await find(target, macOf(1, i)))?.mac).to.equal(macOf(1, i));
      }
    });
  });
});

function asText(links: readonly Link[]): string {
  return JSON.stringify([...links].sort((a, b) => a.index - b.index));
}

/** Takes over an event; gives what is wrong with it. */
function follow(view: Map<number, Link>, event: LinkEvent): readonly string[] {
  if (event.kind === 'resync') return [];
  const { kind, link } = event;
  const known = view.get(link.index);
  if (kind === 'removed') view.delete(link.index);
  else view.set(link.index, link);
  if ((known !== undefined) !== (kind !== 'added')) return [`${kind} ${link.index} ${link.name}`];
  return [];
}
