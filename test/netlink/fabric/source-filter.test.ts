import { expect } from 'chai';
import type { FabricNic } from '../../../lib/fabric.js';
import { sourceFilterProgram } from '../../../netlink/fabric/source-filter.js';
import { openRtnetlink } from '../../../netlink/index.js';
import { FabricWorld, testNic } from '../../support/fabric-world.js';
import { type FrameRecorder, recordFrames } from '../../support/frame-recorder.js';
import { arp, frame, ipv4, ipv6, tagged } from '../../support/frames.js';
import { requireLive } from '../../support/live.js';
import { ping } from '../../support/ping.js';
import { sendFrames } from '../../support/send-frame.js';

const OWN = { mac: '52:54:00:00:00:01', ip: '192.168.100.11' } as const;
const FOREIGN = { mac: '52:54:00:00:00:99', ip: '192.168.100.99' } as const;

/** What a NIC may try to send, in the order in which it is tried here, and whether it gets through a filter. */
const FRAMES: readonly { readonly name: string; readonly bytes: (mark: number) => Uint8Array; readonly passes: boolean }[] = [
  { name: 'IPv4 from a foreign address', bytes: (mark) => ipv4(OWN.mac, FOREIGN.ip, mark), passes: false },
  { name: 'IPv4 from no address', bytes: (mark) => ipv4(OWN.mac, '0.0.0.0', mark), passes: false },
  { name: 'IPv4 from a foreign MAC', bytes: (mark) => ipv4(FOREIGN.mac, OWN.ip, mark), passes: false },
  { name: 'IPv4 from a MAC whose last byte is another', bytes: (mark) => ipv4('52:54:00:00:00:02', OWN.ip, mark), passes: false },
  { name: 'IPv4 from a MAC whose first byte is another', bytes: (mark) => ipv4('50:54:00:00:00:01', OWN.ip, mark), passes: false },
  { name: 'ARP of a foreign address', bytes: (mark) => arp(OWN.mac, OWN.mac, FOREIGN.ip, mark), passes: false },
  { name: 'ARP of a foreign MAC', bytes: (mark) => arp(OWN.mac, FOREIGN.mac, OWN.ip, mark), passes: false },
  { name: 'ARP in a frame from a foreign MAC', bytes: (mark) => arp(FOREIGN.mac, OWN.mac, OWN.ip, mark), passes: false },
  { name: 'IPv6 from a foreign MAC', bytes: (mark) => ipv6(FOREIGN.mac, mark), passes: false },
  { name: 'another protocol', bytes: (mark) => frame(OWN.mac, 0x88b5, Buffer.alloc(40), mark), passes: false },
  { name: 'a tag and a foreign address behind it', bytes: (mark) => tagged(ipv4(OWN.mac, FOREIGN.ip, mark)), passes: false },
  { name: 'IPv4 from its own addresses', bytes: (mark) => ipv4(OWN.mac, OWN.ip, mark), passes: true },
  { name: 'ARP of its own addresses', bytes: (mark) => arp(OWN.mac, OWN.mac, OWN.ip, mark), passes: true },
  { name: 'an ARP probe', bytes: (mark) => arp(OWN.mac, OWN.mac, '0.0.0.0', mark), passes: true },
  { name: 'IPv6 from its own MAC', bytes: (mark) => ipv6(OWN.mac, mark), passes: true },
];

/** Runs classic BPF on a frame, as Documentation/networking/filter.rst has it: enough of it for these programs. */
function run(program: Uint8Array, bytes: Uint8Array): number {
  const code = new DataView(program.buffer, program.byteOffset, program.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let accumulator = 0;
  for (let at = 0; ; at += 8) {
    const k = code.getUint32(at + 4, true);
    const jump = (taken: boolean): number => 8 * code.getUint8(at + (taken ? 2 : 3));
    switch (code.getUint16(at, true)) {
      case 0x20:
        if (k + 4 > bytes.length) return 0;
        accumulator = view.getUint32(k);
        break;
      case 0x28:
        if (k + 2 > bytes.length) return 0;
        accumulator = view.getUint16(k);
        break;
      case 0x80:
        accumulator = bytes.length;
        break;
      case 0x15:
        at += jump(accumulator === k);
        break;
      case 0x35:
        at += jump(accumulator >= k);
        break;
      case 0x06:
        return k;
      default:
        throw new Error(`an instruction that is not known at ${at}`);
    }
  }
}

const PASS = 0;
const DROP = 2;

describe('sourceFilterProgram()', () => {
  const program = sourceFilterProgram(OWN.mac, OWN.ip);
  for (const { name, bytes, passes } of FRAMES) {
    it(`${passes ? 'passes' : 'drops'} ${name}`, () => expect(run(program, bytes(0))).to.equal(passes ? PASS : DROP));
  }

  it('drops IPv4 and ARP that are cut off, whatever else they are', () => {
    expect(run(program, ipv4(OWN.mac, OWN.ip, 0).subarray(0, 33))).to.equal(DROP);
    expect(run(program, ipv4(OWN.mac, OWN.ip, 0).subarray(0, 34))).to.equal(PASS);
    expect(run(program, arp(OWN.mac, OWN.mac, OWN.ip, 0).subarray(0, 41))).to.equal(DROP);
    expect(run(program, arp(OWN.mac, OWN.mac, OWN.ip, 0).subarray(0, 42))).to.equal(PASS);
  });

  it('compares MAC addresses only where there is no IPv4 address', () => {
    for (const address of ['', 'fd00::5']) {
      const other = sourceFilterProgram(OWN.mac, address);
      expect(run(other, ipv4(OWN.mac, FOREIGN.ip, 0))).to.equal(PASS);
      expect(run(other, arp(OWN.mac, OWN.mac, FOREIGN.ip, 0))).to.equal(PASS);
      expect(run(other, ipv4(FOREIGN.mac, FOREIGN.ip, 0))).to.equal(DROP);
      expect(run(other, arp(OWN.mac, FOREIGN.mac, FOREIGN.ip, 0))).to.equal(DROP);
    }
  });

  it('compares addresses with the highest bit set', () => {
    const high = sourceFilterProgram('fe:ff:ff:ff:ff:ff', '203.0.113.255');
    expect(run(high, ipv4('fe:ff:ff:ff:ff:ff', '203.0.113.255', 0))).to.equal(PASS);
    expect(run(high, ipv4('fe:ff:ff:ff:ff:ff', '203.0.113.254', 0))).to.equal(DROP);
  });

  it('refuses what is no MAC address', () => expect(() => sourceFilterProgram('x', OWN.ip)).to.throw(RangeError));
});

describe('anti-spoofing of createVethFabric()', () => {
  let world: FabricWorld | undefined;
  let recorder: FrameRecorder | undefined;
  const card: FabricNic = { ...testNic(1, 'vxnet-a', OWN.ip), antiSpoofing: true };
  const listener = testNic(2, 'vxnet-a', '192.168.100.12');
  let marks = 0;

  before(function () {
    requireLive(this);
  });

  afterEach(async () => {
    recorder?.close();
    recorder = undefined;
    await world?.tearDown();
    world = undefined;
  });

  /** Two pods on one switch; the second listens. Gives the namespace of the first. */
  async function twoPods(first: FabricNic): Promise<{ readonly built: FabricWorld; readonly listen: FrameRecorder }> {
    const built = await FabricWorld.build();
    world = built;
    for (const one of [first, listener]) await built.fabric.plug(one, 'i-1');
    await built.give(first, 'pod1', '192.168.100.1');
    const ear = await built.give(listener, 'pod2', '192.168.100.1');
    const [link] = (await built.pod('pod2').listLinks()).filter((one) => !one.loopback);
    recorder = recordFrames(ear, link?.index ?? 0);
    return { built, listen: recorder };
  }

  /** Sends each frame once and says which arrived. The last of them always does, behind all others. */
  async function arriving(built: FabricWorld, listen: FrameRecorder, podName: string): Promise<string[]> {
    const handle = built.handleOf(podName);
    // A port that came up a moment ago takes nothing yet.
    expect((await ping(handle, listener.address)).answered).to.equal(true);
    const rtnetlink = openRtnetlink(handle);
    const link = (await rtnetlink.link.list()).find((one) => one.mac === card.mac);
    rtnetlink.close();
    const sent = FRAMES.map(({ name, bytes }) => ({ name, bytes: bytes(marks), mark: (marks++ & 255).toString(16).padStart(2, '0') }));
    sendFrames(
      handle,
      link?.index ?? 0,
      sent.map((one) => one.bytes),
    );
    const isMarked = (hex: string, mark: string): boolean => hex.endsWith(`feedbe${mark}`);
    await listen.waitFor((hex) => isMarked(hex, sent.at(-1)?.mark ?? ''));
    return sent.filter(({ mark }) => listen.frames().some((hex) => isMarked(hex, mark))).map((one) => one.name);
  }

  const allowed = FRAMES.filter((one) => one.passes).map((one) => one.name);
  const all = FRAMES.map((one) => one.name);

  it('drops what a NIC sends under foreign addresses, until it is allowed, and again when it is forbidden', async () => {
    const { built, listen } = await twoPods(card);
    expect(await arriving(built, listen, 'pod1')).to.deep.equal(allowed);
    await built.fabric.setAntiSpoofing(card.id, false);
    expect([...built.fabric.filtered]).to.deep.equal([]);
    expect(await arriving(built, listen, 'pod1')).to.deep.equal(all);
    await built.fabric.setAntiSpoofing(card.id, false);
    await built.fabric.setAntiSpoofing(card.id, true);
    await built.fabric.setAntiSpoofing(card.id, true);
    expect(await arriving(built, listen, 'pod1')).to.deep.equal(allowed);
  });

  it('filters nothing on a NIC that it is not asked for', async () => {
    const { built, listen } = await twoPods({ ...card, antiSpoofing: false });
    expect(await arriving(built, listen, 'pod1')).to.deep.equal(all);
  });

  it('lets a NIC reach its router and other NICs under its own addresses', async () => {
    const { built } = await twoPods(card);
    for (const address of ['192.168.100.1', '192.168.100.12']) {
      expect((await ping(built.handleOf('pod1'), address)).answered, address).to.equal(true);
    }
  });

  it('filters again when the NIC came back from a namespace that died', async () => {
    const { built, listen } = await twoPods(card);
    built.killPod('pod1');
    await built.give(card, 'pod3', '192.168.100.1');
    expect(await arriving(built, listen, 'pod3')).to.deep.equal(allowed);
  });

  it('can be had on this kernel, and says so before anything is plugged', async () => {
    world = await FabricWorld.build();
    expect(await world.fabric.whyNoAntiSpoofing?.()).to.equal(undefined);
    expect(await world.fabric.whyNoAntiSpoofing?.()).to.equal(undefined);
  });
});
