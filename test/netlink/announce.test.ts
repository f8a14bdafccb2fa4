import { expect } from 'chai';
import { isNicError } from '../../lib/errors.js';
import { announce } from '../../netlink/announce.js';
import { openLinkMonitor } from '../../netlink/link-monitor.js';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import { isErrno } from '../../netlink/services/index.js';
import { NUD } from '../../netlink/wire/index.js';
import { recordFrames } from '../support/frame-recorder.js';
import { requireLive } from '../support/live.js';
import { createNetlinkLab, type NetlinkLab, rejection } from '../support/netlink-lab.js';

describe('announce()', () => {
  let lab: NetlinkLab;
  let pod: Rtnetlink;
  let neighbour: Rtnetlink;
  let podLink: number;
  let neighbourLink: number;

  before(function () {
    requireLive(this);
  });
  beforeEach(async () => {
    lab = createNetlinkLab();
    pod = await lab.open('pod');
    neighbour = await lab.open('neighbour');
    await pod.link.add({
      kind: 'veth',
      name: 'eth0',
      mac: '02:00:00:00:00:01',
      peer: { name: 'eth0', namespace: neighbour.namespace, mac: '02:00:00:00:00:02' },
    });
    podLink = (await pod.link.get({ name: 'eth0' })).index;
    neighbourLink = (await neighbour.link.get({ name: 'eth0' })).index;
  });
  afterEach(() => lab?.close());

  async function bringUp(): Promise<void> {
    await neighbour.link.set(neighbourLink, { up: true });
    await pod.link.set(podLink, { up: true });
    const monitor = await openLinkMonitor(pod);
    await monitor.waitFor((links) => links.find(({ index, carrier }) => index === podLink && carrier));
    monitor.close();
    await neighbour.address.add({ linkIndex: neighbourLink, address: '192.0.2.2/24' });
    await neighbour.address.add({ linkIndex: neighbourLink, address: '2001:db8::2/64', flags: 2 });
  }

  /** Announces until the neighbour has learnt it; a frame may be lost while the other end is still coming up. */
  async function learnt(address: string): Promise<string | undefined> {
    for (let tries = 0; tries < 50; tries++) {
      await announce(pod, podLink, address);
      await new Promise((resolve) => setImmediate(resolve));
      const found = (await neighbour.neighbour.list({ linkIndex: neighbourLink })).find((one) => one.address === address);
      if (found?.mac === '02:00:00:00:00:01') return found.mac;
    }
    return undefined;
  }

  for (const address of ['192.0.2.1', '2001:db8::1']) {
    it(`corrects what a neighbour knows of ${address}`, async () => {
      await bringUp();
      // The address lived on another card before: as after a container was replaced.
      await neighbour.neighbour.add({ linkIndex: neighbourLink, address, mac: '02:00:00:00:00:99', state: NUD.STALE });
      expect(await learnt(address)).to.equal('02:00:00:00:00:01');
    });
  }

  it('announces an address that the link has without leaving anything behind', async () => {
    await pod.address.add({ linkIndex: podLink, address: '192.0.2.1/24' });
    await bringUp();
    await neighbour.neighbour.add({ linkIndex: neighbourLink, address: '192.0.2.1', mac: '02:00:00:00:00:99', state: NUD.STALE });
    expect(await learnt('192.0.2.1')).to.equal('02:00:00:00:00:01');
    expect(await pod.neighbour.list({ linkIndex: podLink, family: 4 })).to.deep.equal([]);
  });

  it('announces in the name of each address of a link, secondary ones and those of another range too', async () => {
    for (const address of ['192.0.2.1/24', '192.0.2.11/24', '198.51.100.1/24', '192.0.2.12/25']) {
      await pod.address.add({ linkIndex: podLink, address });
    }
    await bringUp();
    for (const address of ['192.0.2.11', '198.51.100.1', '192.0.2.12', '192.0.2.1']) {
      await neighbour.neighbour.add({ linkIndex: neighbourLink, address, mac: '02:00:00:00:00:99', state: NUD.STALE });
      expect(await learnt(address), address).to.equal('02:00:00:00:00:01');
    }
  });

  describe('on the wire', () => {
    const mac = '020000000001';
    const v4 = 'c0000201';
    const v6 = '20010db8000000000000000000000001';
    const isArp = (frame: string): boolean => frame.slice(24, 28) === '0806';
    const isAdvertisement = (frame: string): boolean =>
      frame.slice(24, 28) === '86dd' && frame.slice(40, 42) === '3a' && frame.slice(108, 110) === '88';
    /** Sums pseudo-header and message (RFC 4443 section 2.3): all ones when the checksum is right. */
    const sum = (frame: string): number => {
      let total = 58 + 32;
      for (let at = 44; at < frame.length; at += 4) total += Number.parseInt(frame.slice(at, at + 4), 16);
      while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
      return total;
    };
    const arp = ['ffffffffffff', mac, '0806', '0001080006040001', mac, v4, '000000000000', v4].join('');
    const cases = [
      { title: 'an IPv4 address that the link has', address: '192.0.2.1', own: '192.0.2.1/24', is: isArp, expected: arp },
      { title: 'an IPv4 address that it has not', address: '192.0.2.1', own: '192.0.2.3/24', is: isArp, expected: arp },
      {
        title: 'an IPv6 address that the link has',
        address: '2001:db8::1',
        own: '2001:db8::1/64',
        is: isAdvertisement,
        expected: undefined,
      },
      { title: 'an IPv6 address that it has not', address: '2001:db8::1', own: undefined, is: isAdvertisement, expected: undefined },
    ] as const;
    for (const { title, address, own, is, expected } of cases) {
      it(`is one frame for ${title}, byte for byte, and mends a stale entry of the neighbour at once`, async () => {
        if (own !== undefined) await pod.address.add({ linkIndex: podLink, address: own, ...(own.includes(':') ? { flags: 2 } : {}) });
        await bringUp();
        await neighbour.neighbour.add({ linkIndex: neighbourLink, address, mac: '02:00:00:00:00:99', state: NUD.STALE });
        const recorder = recordFrames(neighbour.namespace, neighbourLink);
        await announce(pod, podLink, address);
        const frame = await recorder.waitFor(is);
        const look = async (): Promise<string | undefined> =>
          (await neighbour.neighbour.list({ linkIndex: neighbourLink })).find((one) => one.address === address)?.mac;
        for (let looks = 0; looks < 200 && (await look()) !== '02:00:00:00:00:01'; looks++)
          await new Promise((resolve) => setImmediate(resolve));
        expect(await look()).to.equal('02:00:00:00:00:01');
        expect(recorder.frames().filter(is)).to.deep.equal([frame]);
        recorder.close();
        if (expected !== undefined) {
          expect(frame).to.equal(expected);
          return;
        }
        const parts = [
          ['to all nodes, from the link, IPv6', '333300000001', mac, '86dd'],
          ['version 6, 32 bytes, ICMPv6, 255 hops', '60000000', '0020', '3a', 'ff'],
          ['from the address to ff02::1', v6, 'ff020000000000000000000000000001'],
          ['advertisement, code, checksum', '88', '00', frame.slice(112, 116)],
          ['override and neither solicited nor router; target', '20000000', v6],
          ['option: the hardware address', '02', '01', mac],
        ];
        expect(frame).to.equal(parts.map(([, ...bytes]) => bytes.join('')).join(''));
        expect(sum(frame)).to.equal(0xffff);
      });
    }
  });

  it('refuses a link that is down, one that is not there, and an address that is none', async () => {
    expect(isNicError(await rejection(announce(pod, podLink, '192.0.2.1')), 'ERR_LINK')).to.equal(true);
    expect(isErrno(await rejection(announce(pod, 4242, '192.0.2.1')), 'ENODEV')).to.equal(true);
    expect(await rejection(announce(pod, podLink, '192.0.2.1/24'))).to.be.instanceOf(RangeError);
  });
});
