import { expect } from 'chai';
import {
  contains,
  formatCidr,
  formatIp,
  formatMac,
  ipFromBytes,
  parseCidr,
  parseIp,
  parseMac,
  sameIp,
  toNetwork,
} from '../../lib/address.js';

/** Text in, canonical text out; from RFC 5952 section 4 and the Go net package's documented behaviour. */
const canonical: readonly [string, string][] = [
  ['192.0.2.1', '192.0.2.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['2001:DB8::1', '2001:db8::1'],
  ['2001:0db8:0000:0000:0000:ff00:0042:8329', '2001:db8::ff00:42:8329'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['0:0:0:1::', '0:0:0:1::'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::ffff:c000:201', '192.0.2.1'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
];

const refused: readonly string[] = [
  '',
  ' 192.0.2.1',
  '192.0.2.1 ',
  '192.0.2',
  '192.0.2.256',
  '192.0.02.1',
  '1.2.3.4.5',
  '0x1.2.3.4',
  'fe80::1%eth0',
  ':1',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1::2::3',
  '1:2:3:4::5:6:7:8',
  '12345::',
  '1.2.3.4::',
  '::1.2.3',
  '1.2.3.4:1::',
  '::192.0.2.1:1',
  'a',
];

describe('lib/address', () => {
  for (const [text, want] of canonical) {
    it(`parseIp() and formatIp() turn ${text} into ${want}`, () => {
      const ip = parseIp(text);
      expect(ip).not.to.equal(undefined);
      if (ip !== undefined) expect(formatIp(ip)).to.equal(want);
    });
  }

  for (const text of refused) {
    it(`parseIp() refuses "${text}"`, () => {
      expect(parseIp(text)).to.equal(undefined);
    });
  }

  it('parseCidr() keeps host bits and reads 08 as 8', () => {
    const cases: readonly [string, string][] = [
      ['10.1.2.3/08', '10.1.2.3/8'],
      ['10.1.2.3/0', '10.1.2.3/0'],
      ['2001:DB8::5/64', '2001:db8::5/64'],
      ['::ffff:10.0.0.1/120', '10.0.0.1/24'],
      ['::ffff:10.0.0.1/80', '10.0.0.1/0'],
    ];
    for (const [text, want] of cases) {
      const cidr = parseCidr(text);
      expect(cidr === undefined ? undefined : formatCidr(cidr), text).to.equal(want);
    }
  });

  it('parseCidr() refuses a missing, empty, signed or too large prefix', () => {
    for (const text of [
      '10.0.0.1',
      '10.0.0.1/',
      '10.0.0.1/33',
      '10.0.0.1/+8',
      '10.0.0.1/-1',
      '10.0.0.1/8 ',
      '::/129',
      '/8',
      '10.0.0.1/8/8',
    ]) {
      expect(parseCidr(text), text).to.equal(undefined);
    }
  });

  it('toNetwork() clears host bits at every prefix length', () => {
    const want: Record<number, string> = {
      0: '0.0.0.0/0',
      1: '128.0.0.0/1',
      9: '255.128.0.0/9',
      23: '255.255.254.0/23',
      32: '255.255.255.255/32',
    };
    for (const [prefix, text] of Object.entries(want)) {
      const cidr = parseCidr(`255.255.255.255/${prefix}`);
      expect(cidr === undefined ? undefined : formatCidr(toNetwork(cidr))).to.equal(text);
    }
    const v6 = parseCidr('2001:db8:ffff:ffff::1/36');
    expect(v6 === undefined ? undefined : formatCidr(toNetwork(v6))).to.equal('2001:db8:f000::/36');
  });

  it('contains() compares network bits only, within one family', () => {
    const inside = (range: string, address: string): boolean => {
      const cidr = parseCidr(range);
      const ip = parseIp(address);
      if (cidr === undefined || ip === undefined) throw new Error(`bad case ${range} ${address}`);
      return contains(cidr, ip);
    };
    expect(inside('192.168.100.7/24', '192.168.100.255')).to.equal(true);
    expect(inside('192.168.100.0/24', '192.168.101.0')).to.equal(false);
    expect(inside('0.0.0.0/0', '203.0.113.9')).to.equal(true);
    expect(inside('::/0', '203.0.113.9')).to.equal(false);
    expect(inside('2001:db8::/33', '2001:db8:8000::1')).to.equal(false);
  });

  it('ipFromBytes() takes 4 or 16 bytes and nothing else', () => {
    expect(formatIp(ipFromBytes(Uint8Array.of(10, 0, 0, 1)))).to.equal('10.0.0.1');
    expect(ipFromBytes(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1)).family).to.equal(4);
    expect(() => ipFromBytes(new Uint8Array(5))).to.throw(RangeError);
  });

  it('sameIp() tells families and bytes apart', () => {
    const a = parseIp('10.0.0.1');
    const b = parseIp('10.0.0.2');
    const c = parseIp('::ffff:10.0.0.1');
    if (a === undefined || b === undefined || c === undefined) throw new Error('bad case');
    expect(sameIp(a, b)).to.equal(false);
    expect(sameIp(a, c)).to.equal(true);
  });

  it('parseMac() takes six pairs in either case, formatMac() writes lower case', () => {
    const mac = parseMac('52:54:00:AB:cd:0f');
    expect(mac === undefined ? undefined : formatMac(mac)).to.equal('52:54:00:ab:cd:0f');
    for (const text of ['', '52:54:00:ab:cd', '52-54-00-ab-cd-0f', '52:54:00:ab:cd:0f:00', '52:54:0:ab:cd:0f', 'g2:54:00:ab:cd:0f']) {
      expect(parseMac(text), text).to.equal(undefined);
    }
  });
});
