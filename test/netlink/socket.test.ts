import { closeSync } from 'node:fs';
import { expect } from 'chai';
import { libc } from '#libc';
import { openLinkMonitor } from '../../netlink/link-monitor.js';
import { socketInNamespace } from '../../netlink/namespace.js';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import { openNetlinkSocket } from '../../netlink/socket.js';
import { ERRNO, encodeLink, encodeMessage, NETLINK_ROUTE, RTM } from '../../netlink/wire/index.js';
import { requireLive } from '../support/live.js';
import { createNetlinkLab, type NetlinkLab } from '../support/netlink-lab.js';

const AF_NETLINK = 16;
const SOCK_RAW = 3;

describe('netlink sockets among others', () => {
  let lab: NetlinkLab;
  let rtnetlink: Rtnetlink;

  before(function () {
    requireLive(this);
  });
  beforeEach(async () => {
    lab = createNetlinkLab();
    rtnetlink = await lab.open();
  });
  afterEach(() => lab?.close());

  /** A socket of somebody else, which sends what looks like the kernel's to a port or to a group. */
  function forge(port: number, groups: number): number {
    const fd = socketInNamespace(rtnetlink.namespace, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    try {
      const own = new Uint8Array(12);
      own[0] = AF_NETLINK;
      expect(libc.bind(fd, own)).to.equal(0);
      const victim = Uint8Array.from(own);
      new DataView(victim.buffer).setUint32(4, port, true);
      new DataView(victim.buffer).setUint32(8, groups, true);
      expect(libc.connect(fd, victim)).to.equal(0);
      const payload = encodeLink({ index: 666, name: 'forged', mtu: 1500 });
      return libc.send(fd, encodeMessage({ type: RTM.NEWLINK, flags: 0, sequence: 1, port, payload }), 0);
    } finally {
      closeSync(fd);
    }
  }

  it('refuse what other processes send to them', () => {
    const socket = openNetlinkSocket(rtnetlink.namespace, 65_536);
    expect(forge(socket.port, 0)).to.equal(-ERRNO.ECONNREFUSED);
    expect(socket.receive(new Uint8Array(4096))).to.equal(-ERRNO.EAGAIN);
    socket.close();
  });

  it('pass over events that other processes send to the whole group', async () => {
    const monitor = await openLinkMonitor(rtnetlink);
    // A socket that takes what the monitor must not, so that this test knows it was sent at all.
    const witness = socketInNamespace(rtnetlink.namespace, AF_NETLINK, SOCK_RAW | 0o4000, NETLINK_ROUTE);
    const group = new Uint8Array(12);
    group[0] = AF_NETLINK;
    group[8] = 1;
    expect(libc.bind(witness, group)).to.equal(0);
    forge(0, 1);
    const heard = new Uint8Array(4096);
    expect(libc.recv(witness, heard, 0)).to.be.greaterThan(0);
    expect(Buffer.from(heard).includes('forged')).to.equal(true);
    await rtnetlink.link.add({ kind: 'ifb', name: 'real' });
    await monitor.waitFor((links) => links.find(({ name }) => name === 'real'));
    expect(monitor.links().map(({ name }) => name)).to.deep.equal(['lo', 'real']);
    monitor.close();
    closeSync(witness);
  });
});
