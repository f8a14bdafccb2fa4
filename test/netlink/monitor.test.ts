import { expect } from 'chai';
import type { Link } from '../../lib/driver.js';
import { isNicError } from '../../lib/errors.js';
import type { LinkEvent } from '../../netlink/link-monitor.js';
import { type LinkMonitor, openLinkMonitor } from '../../netlink/link-monitor.js';
import { createReadinessPoller } from '../../netlink/readiness.js';
import { openRtnetlink, type Rtnetlink } from '../../netlink/rtnetlink.js';
import { requireLive } from '../support/live.js';
import { countDescriptors, createNetlinkLab, type NetlinkLab, rejection } from '../support/netlink-lab.js';

describe('openLinkMonitor()', () => {
  let lab: NetlinkLab;
  let rtnetlink: Rtnetlink;
  let monitors: LinkMonitor[];

  before(function () {
    requireLive(this);
  });
  beforeEach(async () => {
    lab = createNetlinkLab();
    rtnetlink = await lab.open('watched');
    monitors = [];
  });
  afterEach(() => {
    for (const monitor of monitors ?? []) monitor.close();
    lab?.close();
  });

  async function open(): Promise<LinkMonitor> {
    const monitor = await openLinkMonitor(rtnetlink);
    monitors.push(monitor);
    return monitor;
  }

  const named =
    (name: string) =>
    (links: readonly Link[]): Link | undefined =>
      links.find((link) => link.name === name);

  it('begins with the links that are there', async () => {
    await rtnetlink.link.add({ kind: 'ifb', name: 'ifb0' });
    const monitor = await open();
    expect(monitor.links().map(({ name }) => name)).to.deep.equal(['lo', 'ifb0']);
    expect((await monitor.waitFor(named('ifb0'))).kind).to.equal('ifb');
  });

  it('waitFor() resolves when a link comes, changes and goes', async () => {
    const monitor = await open();
    const came = monitor.waitFor(named('ifb0'));
    await rtnetlink.link.add({ kind: 'ifb', name: 'ifb0' });
    const { index } = await came;
    const changed = monitor.waitFor((links) => links.find((link) => link.index === index && link.name === 'new' && link.up));
    await rtnetlink.link.set(index, { name: 'new' });
    await rtnetlink.link.set(index, { up: true });
    await changed;
    const gone = monitor.waitFor((links) => (links.some((link) => link.index === index) ? undefined : true));
    await rtnetlink.link.delete({ index });
    await gone;
  });

  it('counts what happened before the wait but was not seen yet', async () => {
    const monitor = await open();
    await rtnetlink.link.add({ kind: 'ifb', name: 'ifb0' });
    let asked = 0;
    await monitor.waitFor((links) => {
      asked++;
      return named('ifb0')(links);
    });
    expect(asked).to.equal(1);
  });

  it('sees links come from and go to other namespaces, and alternative names', async () => {
    const other = await lab.open('other');
    await other.link.add({ kind: 'veth', name: 'v0', peer: { name: 'v1' } });
    const { index } = await other.link.get({ name: 'v0' });
    const monitor = await open();
    await other.link.move(index, rtnetlink.namespace, { name: 'eth0' });
    const link = await monitor.waitFor(named('eth0'));
    // Of a link that is down the kernel does not tell that its alternative names change.
    await rtnetlink.link.set(link.index, { up: true });
    await rtnetlink.link.addAltName(link.index, 'a-long-alternative-name');
    await monitor.waitFor((links) => links.find((one) => one.altNames.includes('a-long-alternative-name')));
    await rtnetlink.link.move(link.index, other.namespace);
    await monitor.waitFor((links) => (named('eth0')(links) === undefined ? true : undefined));
  });

  it('tells of both ends of a veth which the other is, also when that is in another namespace', async () => {
    const other = await lab.open('other');
    const monitor = await open();
    await rtnetlink.link.add({ kind: 'veth', name: 'v0', peer: { name: 'v1' } });
    await other.link.add({ kind: 'veth', name: 'far', peer: { name: 'near', namespace: rtnetlink.namespace } });
    const listed = new Map((await rtnetlink.link.list()).map(({ name, lowerIndex }) => [name, lowerIndex]));
    expect(listed.get('near')).to.equal((await other.link.get({ name: 'far' })).index);
    for (const name of ['v0', 'v1', 'near']) {
      await monitor.waitFor((links) => links.find((link) => link.name === name && link.lowerIndex === listed.get(name)));
    }
  });

  it('does not take a port that leaves a bridge for a link that goes', async () => {
    await rtnetlink.link.add({ kind: 'bridge', name: 'br0' });
    await rtnetlink.link.add({ kind: 'veth', name: 'v0', peer: { name: 'v1' } });
    const monitor = await open();
    const { index } = await rtnetlink.link.get({ name: 'v0' });
    const { index: masterIndex } = await rtnetlink.link.get({ name: 'br0' });
    const events: string[] = [];
    monitor.subscribe((event) => {
      if (event.kind !== 'resync') events.push(`${event.kind} ${event.link.name} ${event.link.masterIndex ?? '-'}`);
    });
    await rtnetlink.link.set(index, { masterIndex });
    await monitor.waitFor((links) => links.find((link) => link.masterIndex === masterIndex));
    await rtnetlink.link.set(index, { masterIndex: 0 });
    await monitor.waitFor((links) => links.find((link) => link.index === index && link.masterIndex === undefined));
    expect(events.filter((event) => event.startsWith('removed'))).to.deep.equal([]);
    expect(events).to.include(`changed v0 ${masterIndex}`).and.to.include('changed v0 -');
  });

  it('tells every change once and in order', async () => {
    const monitor = await open();
    const events: string[] = [];
    const stop = monitor.subscribe((event) => events.push(event.kind === 'resync' ? 'resync' : `${event.kind} ${event.link.name}`));
    await rtnetlink.link.add({ kind: 'ifb', name: 'ifb0' });
    const { index } = await monitor.waitFor(named('ifb0'));
    await rtnetlink.link.set(index, { mtu: 1400 });
    await monitor.waitFor((links) => links.find(({ mtu }) => mtu === 1400));
    await rtnetlink.link.delete({ index });
    await monitor.waitFor((links) => (links.length === 1 ? true : undefined));
    expect(events).to.deep.equal(['added ifb0', 'changed ifb0', 'removed ifb0']);
    stop();
    await rtnetlink.link.add({ kind: 'ifb', name: 'ifb1' });
    await monitor.waitFor(named('ifb1'));
    expect(events).to.have.length(3);
  });

  it('tells no change of what a link does not show', async () => {
    await rtnetlink.link.add({ kind: 'ifb', name: 'ifb0', up: true });
    const { index } = await rtnetlink.link.get({ name: 'ifb0' });
    const monitor = await open();
    await monitor.waitFor((links) => links.find((link) => link.index === index && link.carrier));
    const events: string[] = [];
    monitor.subscribe((event) => events.push(event.kind === 'changed' ? `${event.before.mtu} ${event.link.mtu}` : event.kind));
    for (const alias of ['one', 'two', 'three']) await rtnetlink.link.set(index, { alias });
    await rtnetlink.link.set(index, { mtu: 1234 });
    await monitor.waitFor((links) => links.find(({ mtu }) => mtu === 1234));
    expect(events).to.deep.equal(['1500 1234']);
  });

  it('ends up right after more events than the socket holds', async function () {
    this.timeout(120_000);
    const monitor = await open();
    let resyncs = 0;
    const view = new Map<number, string>(monitor.links().map(({ index, name }) => [index, name]));
    monitor.subscribe((event: LinkEvent) => {
      if (event.kind === 'resync') resyncs++;
      else if (event.kind === 'removed') view.delete(event.link.index);
      else view.set(event.link.index, event.link.name);
    });
    await rtnetlink.link.add({ kind: 'ifb', name: 'shaken' });
    const { index } = await rtnetlink.link.get({ name: 'shaken' });
    // While this process waits for a command, the monitor cannot read. Each change takes more than 1 KiB of a buffer of 8 MiB.
    const changes = 'i=0; while [ $i -lt 10000 ]; do i=$((i+1)); echo "link set shaken mtu $((1000+i%400))"; done | ip -batch -';
    lab.run(rtnetlink.namespace, 'sh', '-c', changes);
    await monitor.waitFor(() => true);
    expect(resyncs, 'the buffer was never overrun').to.be.greaterThan(0);
    await rtnetlink.link.set(index, { mtu: 1999, name: 'settled' });
    await monitor.waitFor((links) => links.find(({ name, mtu }) => name === 'settled' && mtu === 1999));
    expect([...view.values()].sort()).to.deep.equal((await rtnetlink.link.list()).map(({ name }) => name).sort());
  });

  it('loses nothing of a churn in many namespaces at once', async function () {
    this.timeout(120_000);
    const COUNT = 100;
    const others = await Promise.all(Array.from({ length: COUNT }, (_, i) => lab.open(`number ${i}`)));
    const watching = await Promise.all(others.map((one) => openLinkMonitor(one)));
    monitors.push(...watching);
    const seen = watching.map((monitor) => {
      const names: string[] = [];
      monitor.subscribe((event) => {
        if (event.kind === 'added') names.push(event.link.name);
      });
      return names;
    });
    const waits = watching.map((monitor) => monitor.waitFor(named('last')));
    for (const other of others) {
      for (const name of ['a', 'b', 'c']) {
        await other.link.add({ kind: 'ifb', name });
        await other.link.delete({ name });
      }
      await other.link.add({ kind: 'ifb', name: 'last' });
    }
    await Promise.all(waits);
    for (const names of seen) expect(names).to.deep.equal(['a', 'b', 'c', 'last']);
  });

  it('agrees with a listing whenever somebody else’s changes come to rest', async () => {
    const monitor = await open();
    const writer = openRtnetlink(rtnetlink.namespace);
    for (let round = 0; round < 30; round++) {
      await writer.link.add({ kind: 'ifb', name: `r${round}` });
      if (round % 3 === 0) await writer.link.delete({ name: `r${round}` });
      const expected = (await writer.link.list()).map(({ name }) => name);
      await monitor.waitFor((links) =>
        links
          .map(({ name }) => name)
          .sort()
          .join() === [...expected].sort().join()
          ? true
          : undefined,
      );
    }
    writer.close();
  });

  it('waitFor() ends with the signal, before and while waiting', async () => {
    const monitor = await open();
    const never = (): undefined => undefined;
    expect(isNicError(await rejection(monitor.waitFor(never, { signal: AbortSignal.abort() })), 'ERR_CANCELLED')).to.equal(true);
    expect(isNicError(await rejection(monitor.waitFor(never, { signal: AbortSignal.timeout(5) })), 'ERR_DEADLINE')).to.equal(true);
    const controller = new AbortController();
    const waiting = rejection(monitor.waitFor(never, { signal: controller.signal }));
    controller.abort();
    expect(isNicError(await waiting, 'ERR_CANCELLED')).to.equal(true);
    expect(isNicError(await rejection(openLinkMonitor(rtnetlink, { signal: AbortSignal.abort() })), 'ERR_CANCELLED')).to.equal(true);
  });

  it('waitFor() rejects with what its function throws, at once or later, and others wait on', async () => {
    const monitor = await open();
    const boom = new Error('boom');
    const explode = (): never => {
      throw boom;
    };
    expect(await rejection(monitor.waitFor(explode))).to.equal(boom);
    const later = rejection(monitor.waitFor((links) => (links.length > 1 ? explode() : undefined)));
    const other = monitor.waitFor(named('ifb0'));
    await rtnetlink.link.add({ kind: 'ifb', name: 'ifb0' });
    expect(await later).to.equal(boom);
    expect((await other).name).to.equal('ifb0');
  });

  it('close() ends the waits at once, twice without harm, and leaves no descriptor, timer or signal handler', async () => {
    const handlers = process.listenerCount('SIGURG');
    const before = countDescriptors();
    const monitor = await openLinkMonitor(rtnetlink);
    expect(process.listenerCount('SIGURG')).to.equal(handlers + 1);
    const waiting = rejection(monitor.waitFor(() => undefined));
    monitor.close();
    monitor.close();
    expect(isNicError(await waiting, 'ERR_CANCELLED')).to.equal(true);
    expect(isNicError(await rejection(monitor.waitFor(() => true)), 'ERR_CANCELLED')).to.equal(true);
    expect(process.listenerCount('SIGURG')).to.equal(handlers);
    expect(countDescriptors()).to.equal(before);
  });

  it('ends with the error of a listener', async () => {
    const monitor = await open();
    monitor.subscribe(() => {
      throw new Error('the listener is broken');
    });
    const waiting = rejection(monitor.waitFor(() => undefined));
    await rtnetlink.link.add({ kind: 'ifb', name: 'ifb0' });
    const error = await waiting;
    expect(isNicError(error, 'ERR_CANCELLED')).to.equal(true);
    expect((error as Error).cause)
      .to.be.an('error')
      .with.property('message', 'the listener is broken');
  });

  it('sees events without the signal too, by the slower way', async () => {
    const poller = createReadinessPoller();
    const monitor = await openLinkMonitor(rtnetlink, { poller });
    monitors.push(monitor);
    const handlers = process.listeners('SIGURG');
    process.removeAllListeners('SIGURG');
    try {
      const came = monitor.waitFor(named('ifb0'));
      await rtnetlink.link.add({ kind: 'ifb', name: 'ifb0' });
      await came;
    } finally {
      for (const handler of handlers) process.on('SIGURG', handler);
    }
  });
});
