import { pbkdf2 } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { Link } from '../../lib/driver.js';
import { isNicError } from '../../lib/errors.js';
import type { LinkEvent } from '../../netlink/link-monitor.js';
import { type LinkMonitor, openLinkMonitor } from '../../netlink/link-monitor.js';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import { requireLive } from '../support/live.js';
import { createNetlinkLab, type NetlinkLab, rejection } from '../support/netlink-lab.js';
import { openStirrer, type Stirrer } from '../support/netlink-tap.js';

const COUNT = 100;
const text = (event: LinkEvent): string => (event.kind === 'resync' ? 'resync' : `${event.kind} ${event.link.name}`);
const named =
  (name: string) =>
  (links: readonly Link[]): Link | undefined =>
    links.find((link) => link.name === name);

describe('link monitors among others', () => {
  let lab: NetlinkLab;
  let rtnetlink: Rtnetlink;
  let stirrer: Stirrer;
  let monitors: LinkMonitor[];

  before(function () {
    requireLive(this);
  });
  beforeEach(async () => {
    lab = createNetlinkLab();
    rtnetlink = await lab.open('watched');
    stirrer = openStirrer(rtnetlink.namespace);
    monitors = [];
  });
  afterEach(() => {
    for (const monitor of monitors ?? []) monitor.close();
    stirrer?.close();
    lab?.close();
  });

  async function open(): Promise<LinkMonitor> {
    const monitor = await openLinkMonitor(rtnetlink);
    monitors.push(monitor);
    return monitor;
  }

  it('leave the thread pool to others, a hundred of them that wait, and each sees each event', async () => {
    for (let i = 0; i < COUNT; i++) await open();
    const seen = monitors.map((monitor) => {
      const events: string[] = [];
      monitor.subscribe((event) => events.push(text(event)));
      return events;
    });
    const waits = monitors.map((monitor) => monitor.waitFor(named('last')));
    const reads = monitors.map((monitor) => monitor.events().next());
    // The pool has four threads. If monitors waited in it, none of this would ever end.
    const derive = promisify(pbkdf2);
    await Promise.all(Array.from({ length: 8 }, () => derive('a', 'b', 1, 16, 'sha256')));
    expect((await readFile('/proc/self/stat', 'utf8')).length).to.be.greaterThan(0);
    stirrer.add('first');
    stirrer.remove('first');
    stirrer.add('last');
    await Promise.all(waits);
    for (const events of seen) expect(events).to.deep.equal(['added first', 'removed first', 'added last']);
    for (const { value } of await Promise.all(reads)) expect(value?.kind).to.equal('added');
  });

  it('give their events to a loop, which ends when they are closed and throws what ends them otherwise', async () => {
    const monitor = await open();
    const found: string[] = [];
    const events = monitor.events();
    stirrer.add('a');
    stirrer.remove('a');
    for await (const event of events) {
      found.push(text(event));
      if (found.length === 2) monitor.close();
    }
    expect(found).to.deep.equal(['added a', 'removed a']);
    expect((await monitor.events().next()).done).to.equal(true);

    const broken = await open();
    const iterator = broken[Symbol.asyncIterator]();
    const waiting = rejection(iterator.next());
    broken.subscribe(() => {
      throw new Error('the listener is broken');
    });
    stirrer.add('b');
    expect(isNicError(await waiting, 'ERR_CANCELLED')).to.equal(true);
    expect(isNicError(await rejection(broken.events().next()), 'ERR_CANCELLED')).to.equal(true);
  });

  it('tell every listener in order, also when one makes the monitor read on', async () => {
    const monitor = await open();
    const first: string[] = [];
    const second: string[] = [];
    const nested: Promise<unknown>[] = [];
    monitor.subscribe((event) => {
      first.push(text(event));
      if (first.length > 1) return;
      stirrer.add('c');
      nested.push(monitor.waitFor(named('c')));
    });
    monitor.subscribe((event) => second.push(text(event)));
    stirrer.add('a');
    stirrer.add('b');
    await monitor.waitFor(named('c'));
    await Promise.all(nested);
    expect(first).to.deep.equal(['added a', 'added b', 'added c']);
    expect(second).to.deep.equal(first);
  });

  it('tell a link that has got the index of another from the other', async () => {
    await rtnetlink.link.add({ kind: 'ifb', name: 'old', index: 77 });
    const monitor = await open();
    const events: string[] = [];
    monitor.subscribe((event) => events.push(text(event)));
    stirrer.remove('old');
    await rtnetlink.link.add({ kind: 'ifb', name: 'new', index: 77 });
    expect((await monitor.waitFor(named('new'))).index).to.equal(77);
    expect(events).to.deep.equal(['removed old', 'added new']);
  });

  it('never show a state that was over when they listed the links', async () => {
    stirrer.add('settled');
    const { index } = await rtnetlink.link.get({ name: 'settled' });
    // Changes come on both sides of the listing, and before it is known to the monitor.
    const list = rtnetlink.link.list.bind(rtnetlink.link);
    const shake = async (): Promise<void> => {
      for (const name of ['x1', 'x2', 'x3']) await rtnetlink.link.set(index, { name });
    };
    rtnetlink.link.list = async (options) => {
      await shake();
      stirrer.add('brief');
      const found = await list(options);
      stirrer.remove('brief');
      await rtnetlink.link.set(index, { name: 'final' });
      return found;
    };
    const monitor = await open();
    const seen: string[] = [];
    monitor.subscribe((event) => seen.push(text(event)));
    expect(monitor.links().map(({ name }) => name)).to.deep.equal(['lo', 'final']);
    stirrer.add('afterwards');
    await monitor.waitFor(named('afterwards'));
    expect(seen).to.deep.equal(['added afterwards']);
  });

  it('close at once while they list anew after an overrun', async function () {
    this.timeout(120_000);
    const monitor = await open();
    const { index } = await rtnetlink.link.get({ name: 'lo' });
    stirrer.add('shaken');
    const shaken = (await rtnetlink.link.get({ name: 'shaken' })).index;
    expect(shaken).not.to.equal(index);
    let resyncs = 0;
    monitor.subscribe(({ kind }) => {
      if (kind !== 'resync') return;
      resyncs++;
      monitor.close();
    });
    const events = monitor.events();
    for (let i = 0; i < 20_000; i++) stirrer.change(shaken);
    expect(isNicError(await rejection(monitor.waitFor(() => undefined)), 'ERR_CANCELLED')).to.equal(true);
    expect(resyncs).to.equal(1);
    for await (const event of events) expect(event.kind).not.to.equal(undefined);
  });
});
