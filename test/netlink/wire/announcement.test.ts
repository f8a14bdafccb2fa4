import { expect } from 'chai';
import { encodeArpAnnouncement, encodeNeighbourAdvertisement } from '../../../netlink/wire/index.js';

const mac = Uint8Array.of(0x52, 0x54, 0x00, 0xab, 0xcd, 0xef);
const ip6 = Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('encodeArpAnnouncement()', () => {
  it('writes a broadcast request for the own address (RFC 5227 section 2.3), laid out as RFC 826 says', () => {
    const frame = [
      ['destination, source, type', 'ffffffffffff 525400abcdef 0806'],
      ['Ethernet, IPv4, 6 bytes, 4 bytes, request', '0001 0800 06 04 0001'],
      ['sender', '525400abcdef c000020a'],
      ['target: unknown hardware, the same address', '000000000000 c000020a'],
    ];
    const expected = frame.map(([, part]) => (part ?? '').replaceAll(' ', '')).join('');
    expect(hex(encodeArpAnnouncement(mac, Uint8Array.of(192, 0, 2, 10)))).to.equal(expected);
  });

  it('refuses addresses of other lengths', () => {
    expect(() => encodeArpAnnouncement(mac, ip6)).to.throw(RangeError);
    expect(() => encodeArpAnnouncement(mac.subarray(1), Uint8Array.of(1, 2, 3, 4))).to.throw(RangeError);
  });
});

describe('encodeNeighbourAdvertisement()', () => {
  it('writes an unsolicited advertisement to all nodes (RFC 4861 sections 4.4 and 7.2.6)', () => {
    const frame = hex(encodeNeighbourAdvertisement(mac, ip6));
    expect(frame.slice(0, 28)).to.equal('333300000001525400abcdef86dd');
    // Version 6, payload of 32 bytes, ICMPv6, hop limit 255.
    expect(frame.slice(28, 44)).to.equal('6000000000203aff');
    expect(frame.slice(44, 108)).to.equal(`${hex(ip6)}ff020000000000000000000000000001`);
    // Type 136, code 0, checksum, override flag, target, option 2 of one unit with the hardware address.
    expect(frame.slice(108, 112)).to.equal('8800');
    expect(frame.slice(116)).to.equal(`20000000${hex(ip6)}0201525400abcdef`);
  });

  it('has a checksum that makes the sum of pseudo-header and message all ones (RFC 4443 section 2.3)', () => {
    for (let last = 0; last < 256; last++) {
      const ip = Uint8Array.from(ip6);
      ip[15] = last;
      const frame = encodeNeighbourAdvertisement(mac, ip);
      const summed = Buffer.concat([frame.subarray(22, 54), Buffer.from([0, 0, 0, 32, 0, 0, 0, 58]), frame.subarray(54)]);
      let sum = 0;
      for (let i = 0; i < summed.length; i += 2) sum += summed.readUInt16BE(i);
      while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
      expect(sum, `address ending in ${last}`).to.equal(0xffff);
    }
  });

  it('refuses addresses of other lengths', () => {
    expect(() => encodeNeighbourAdvertisement(mac, Uint8Array.of(1, 2, 3, 4))).to.throw(RangeError);
  });
});
