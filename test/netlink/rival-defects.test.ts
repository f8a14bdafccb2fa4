import { readlinkSync } from 'node:fs';
import { expect } from 'chai';
import { libc } from '#libc';
import { isNicError, NetlinkError } from '../../lib/errors.js';
import { NetlinkConnection, type NetlinkRequest } from '../../netlink/connection.js';
import { DumpInterruptedError } from '../../netlink/interrupted.js';
import { openLinkMonitor } from '../../netlink/link-monitor.js';
import { socketInNamespace } from '../../netlink/namespace.js';
import { openRtnetlink, type Rtnetlink } from '../../netlink/rtnetlink.js';
import { openNetlinkSocket, optionBytes } from '../../netlink/socket.js';
import { AF, NETLINK_OPTION, SOCK, SOL } from '../../netlink/system-constants.js';
import {
  decodeAddress,
  decodeLink,
  decodeRoute,
  ERRNO,
  encodeAcknowledgement,
  encodeAddress,
  encodeLink,
  encodeMessage,
  encodeRoute,
  FAMILY,
  NETLINK_ROUTE,
  type NetlinkMessage,
  NLM_F,
  NLMSG,
  RTEXT_FILTER,
  RTM,
  RTNLGRP,
} from '../../netlink/wire/index.js';
import { acknowledgement, datagram, FakeNetlinkSocket } from '../support/fake-netlink-socket.js';
import { requireLive } from '../support/live.js';
import { ManualClock } from '../support/manual-clock.js';
import { createNetlinkLab, type NetlinkLab, rejection } from '../support/netlink-lab.js';
import { openStirrer, type Stirrer, tap } from '../support/netlink-tap.js';

const LINKS = 120;
const listLinks: NetlinkRequest = {
  op: 'link.list',
  type: RTM.GETLINK,
  payload: encodeLink({ index: 0, extMask: RTEXT_FILTER.SKIP_STATS }),
};
const nameOf = ({ payload }: NetlinkMessage): string => decodeLink(payload).name ?? '';

/** What the npm package `netlink` gets wrong, as read in its sources (mildsunrise/node_netlink 0.3.0). Each is provoked from the kernel. */
describe('defects of the other netlink library', () => {
  let lab: NetlinkLab;
  let rtnetlink: Rtnetlink;
  let stirrer: Stirrer;
  const names = ['lo', ...Array.from({ length: LINKS }, (_, i) => `n${i}`)];

  before(async function () {
    requireLive(this);
    lab = createNetlinkLab();
    rtnetlink = await lab.open('here');
    await rtnetlink.link.set(1, { up: true });
    stirrer = openStirrer(rtnetlink.namespace);
    for (const name of names.slice(1)) stirrer.add(name);
  });
  after(() => {
    stirrer?.close();
    lab?.close();
  });

  it('1. a notification inside a dump breaks the dump', async () => {
    const socket = openNetlinkSocket(rtnetlink.namespace, 4 << 20);
    // A socket that hears of changes too, so that notifications arrive between the parts of the answer.
    expect(libc.setsockopt(socket.fd, SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, optionBytes(RTNLGRP.LINK))).to.equal(0);
    const tapped = tap(socket);
    const connection = new NetlinkConnection(tapped);
    tapped.onSent = () => stirrer.change(2);
    tapped.onReceived = () => {
      if (tapped.received.length < 2000) stirrer.change(3);
    };
    expect(await connection.dump(listLinks, nameOf)).to.deep.equal(names);
    connection.close();
    const kinds = tapped.received.map(({ type, sequence }) => (sequence === 1 ? (type === NLMSG.DONE ? 'D' : 'r') : 'n')).join('');
    expect(kinds, 'no notification came inside the dump').to.match(/^r+n+r+.*D/);
  });

  it('2. an error that the end of a dump carries is ignored', async () => {
    const tapped = tap(openNetlinkSocket(rtnetlink.namespace, 65_536));
    const connection = new NetlinkConnection(tapped);
    const payload = encodeRoute({ family: FAMILY.INET, table: 4_000_000, protocol: 0, type: 0 });
    const request = { op: 'route.list table 4000000', type: RTM.GETROUTE, payload };
    const error = await rejection(connection.dump(request, (reply) => decodeRoute(reply.payload)));
    expect(tapped.received.map(({ type }) => type)).to.deep.equal([NLMSG.DONE]);
    expect(error).to.be.instanceOf(NetlinkError).and.to.include({ errno: 'ENOENT', kernelMessage: 'ipv4: FIB table does not exist' });
    connection.close();
  });

  it('3. a dump that a change tore is taken for whole', async () => {
    const tapped = tap(openNetlinkSocket(rtnetlink.namespace, 65_536));
    const connection = new NetlinkConnection(tapped);
    let changes = 2;
    let there = false;
    tapped.onReceived = () => {
      if (changes-- <= 0) return;
      if (there) stirrer.remove('torn');
      else stirrer.add('torn');
      there = !there;
    };
    expect(await connection.dump(listLinks, nameOf)).to.deep.equal(names);
    expect(tapped.received.some(({ flags }) => (flags & NLM_F.DUMP_INTR) !== 0)).to.equal(true);
    expect(new Set(tapped.received.map(({ sequence }) => sequence)).size, 'it was not asked again').to.be.greaterThan(1);
    changes = Number.POSITIVE_INFINITY;
    const error = await rejection(connection.dump(listLinks, nameOf));
    expect(error).to.be.instanceOf(DumpInterruptedError).and.to.include({ errno: 'EINTR', tries: 10, op: 'link.list' });
    expect((error as DumpInterruptedError).partial).to.include.members(names);
    changes = 0;
    if (there) stirrer.remove('torn');
    expect(await connection.dump(listLinks, nameOf)).to.deep.equal(names);
    connection.close();
  });

  it('4. neither extended acknowledgements nor strict checking are asked for', async () => {
    await rtnetlink.link.add({ kind: 'veth', name: 'v0', peer: { name: 'v1' } });
    const { index } = await rtnetlink.link.get({ name: 'v0' });
    const error = await rejection(rtnetlink.link.set(index, { mtu: 10 }));
    await rtnetlink.link.delete({ index });
    expect(error).to.include({ errno: 'EINVAL', kernelMessage: 'mtu less than device minimum' });
    // Without strict checking the kernel ignores the index and lists the addresses of all links.
    await rtnetlink.address.ensure({ linkIndex: 2, address: '192.0.2.1/24' });
    const connection = NetlinkConnection.open(rtnetlink.namespace);
    const payload = encodeAddress({ family: FAMILY.UNSPEC, prefix: 0, linkIndex: 2 });
    const found = await connection.dump({ op: 'address.list', type: RTM.GETADDR, payload }, (reply) => decodeAddress(reply.payload));
    expect(found.map(({ local }) => local)).to.deep.equal(['192.0.2.1']);
    connection.close();
  });

  it('5. a refusal is a plain Error without number, code, the kernel’s words and the request', async () => {
    const error = await rejection(rtnetlink.route.add({ dst: '10.0.0.0/8', gateway: '198.51.100.1' }));
    expect(error).to.be.instanceOf(NetlinkError).and.to.include({
      code: 'ERR_NETLINK',
      errno: 'ENETUNREACH',
      op: 'route.add 10.0.0.0/8 via 198.51.100.1',
      kernelMessage: 'Nexthop has invalid gateway',
      message: 'route.add 10.0.0.0/8 via 198.51.100.1: ENETUNREACH: Nexthop has invalid gateway',
    });
  });

  it('6. sequence numbers may collide, and anybody may send a reply', async () => {
    const tapped = tap(openNetlinkSocket(rtnetlink.namespace, 65_536));
    const connection = new NetlinkConnection(tapped);
    const forger = socketInNamespace(rtnetlink.namespace, AF.NETLINK, SOCK.RAW | SOCK.NONBLOCK, NETLINK_ROUTE);
    const victim = new Uint8Array(12);
    victim[0] = AF.NETLINK;
    new DataView(victim.buffer).setUint32(4, tapped.port, true);
    expect(libc.connect(forger, victim)).to.equal(0);
    const answers: number[] = [];
    tapped.onSent = () => {
      // Just what the kernel would answer, with the number of the request under way.
      const header = { type: RTM.NEWLINK, flags: 0, sequence: answers.length + 1, port: tapped.port, payload: new Uint8Array(0) };
      const payload = encodeAcknowledgement({ error: -ERRNO.EEXIST }, encodeMessage(header));
      answers.push(libc.send(forger, encodeMessage({ ...header, type: NLMSG.ERROR, payload }), 0));
    };
    const change = { op: 'link.set 2', type: RTM.NEWLINK, payload: encodeLink({ index: 2, mtu: 1400 }) };
    await Promise.all(Array.from({ length: 300 }, () => connection.request(change)));
    expect(answers).to.deep.equal(new Array(300).fill(-ERRNO.ECONNREFUSED));
    expect(tapped.received.every(({ port }) => port === tapped.port)).to.equal(true);
    expect(new Set(tapped.received.map(({ sequence }) => sequence)).size).to.equal(300);
    connection.close();

    // Two users at once, each with numbers of its own, that begin at the same.
    const users = [openRtnetlink(rtnetlink.namespace), openRtnetlink(rtnetlink.namespace)];
    const found = await Promise.all(users.flatMap((user) => names.map((name) => user.link.get({ name }))));
    expect(found.map(({ name }) => name)).to.deep.equal([...names, ...names]);
    for (const user of users) user.close();
  });

  it('7. there is no time limit unless one is set, and no AbortSignal', async () => {
    const clock = new ManualClock();
    const silent = new NetlinkConnection(new FakeNetlinkSocket(() => []), { clock });
    const late = rejection(silent.dump(listLinks, nameOf));
    await clock.advance(31_000);
    expect(isNicError(await late, 'ERR_DEADLINE')).to.equal(true);
    const cancelled = rejection(rtnetlink.link.list({ signal: AbortSignal.abort() }));
    expect(isNicError(await cancelled, 'ERR_CANCELLED')).to.equal(true);
    const timeout = AbortSignal.timeout(5);
    const endless = (async () => {
      for (;;) await rtnetlink.link.list({ signal: timeout });
    })();
    expect(isNicError(await rejection(endless), 'ERR_DEADLINE')).to.equal(true);
  });

  it('8. an overrun of the receive buffer ends the process, and nothing is listed anew', async () => {
    const monitor = await openLinkMonitor(rtnetlink);
    let resyncs = 0;
    monitor.subscribe(({ kind }) => {
      if (kind === 'resync') resyncs++;
    });
    // All in one turn of the event loop, so that the monitor cannot read meanwhile.
    for (let i = 0; i < 20_000; i++) stirrer.change(2);
    stirrer.add('afterwards');
    const { mtu } = await rtnetlink.link.get({ index: 2 });
    await monitor.waitFor((links) => links.find(({ name }) => name === 'afterwards'));
    expect(monitor.links().find(({ index }) => index === 2)?.mtu).to.equal(mtu);
    expect(resyncs, 'the buffer was not overrun').to.be.greaterThan(0);
    stirrer.remove('afterwards');
    await monitor.waitFor((links) => (links.some(({ name }) => name === 'afterwards') ? undefined : true));
    monitor.close();

    // Where an answer was lost, as the rival never notices on a socket for requests.
    let losses = 1;
    const socket = new FakeNetlinkSocket((requests) =>
      requests.flatMap((request) => [...(losses-- > 0 ? [-ERRNO.ENOBUFS] : []), datagram(request, acknowledgement(request))]),
    );
    const error = await rejection(new NetlinkConnection(socket).request({ ...listLinks, op: 'link.set 1', type: RTM.NEWLINK }));
    expect(error).to.include({ errno: 'ENOBUFS' });
  });

  it('9. a socket can only be opened in the namespace of the process', async () => {
    const own = readlinkSync('/proc/thread-self/ns/net');
    const there = await lab.open('there');
    await there.link.add({ kind: 'ifb', name: 'only-there' });
    expect((await there.link.list()).map(({ name }) => name)).to.deep.equal(['lo', 'only-there']);
    expect(await rtnetlink.link.find({ name: 'only-there' })).to.equal(undefined);
    expect(readlinkSync('/proc/thread-self/ns/net')).to.equal(own);
  });

  it('10. addresses are raw buffers, and nothing can be done twice', async () => {
    const address = { linkIndex: 5, address: '2001:db8::7/64' };
    await rtnetlink.address.ensure(address);
    await rtnetlink.address.ensure(address);
    const [found] = await rtnetlink.address.list({ linkIndex: 5, family: 6 });
    expect(found).to.include({ address: '2001:db8::7', prefix: 64 });
    await rtnetlink.address.remove(5, '2001:db8::7/64');
    await rtnetlink.address.remove(5, '2001:db8::7/64');
    await rtnetlink.route.ensure({ dst: '203.0.113.0/24', linkIndex: 1 });
    await rtnetlink.route.ensure({ dst: '203.0.113.0/24', linkIndex: 1 });
    await rtnetlink.route.remove({ dst: '203.0.113.0/24' });
    await rtnetlink.route.remove({ dst: '203.0.113.0/24' });
    await rtnetlink.link.ensure({ kind: 'ifb', name: 'twice' });
    await rtnetlink.link.ensure({ kind: 'ifb', name: 'twice' });
    await rtnetlink.link.remove({ name: 'twice' });
    await rtnetlink.link.remove({ name: 'twice' });
  });
});
