import { expect } from 'chai';
import { DecodeError } from '../../../lib/errors.js';
import {
  decodeAcknowledgement,
  decodeAddress,
  decodeAttributes,
  decodeLink,
  decodeMessages,
  decodeNeighbour,
  decodeRoute,
  decodeRule,
  encodeAttributes,
  encodeLink,
  encodeMessage,
  NLMSG,
} from '../../../netlink/wire/index.js';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/[^0-9a-f]/g, ''), 'hex'));
const acknowledgement = (type: number, flags: number, hex: string) =>
  decodeAcknowledgement({ type, flags, sequence: 1, port: 1, payload: bytes(hex) });

const LINK = '00 00 01 00 02 00 00 00 00 00 00 00 00 00 00 00';
const ROUTE = '02 18 00 00 fe 03 00 01 00 00 00 00';

/** Bytes that no kernel sends, all made by hand, and where the fault is. */
const rejects: readonly { readonly name: string; readonly decode: () => unknown; readonly path: string; readonly expected: RegExp }[] = [
  {
    name: 'a message header that is cut off',
    decode: () => decodeMessages(bytes('10 00 00 00 10')),
    path: '',
    expected: /header of 16 bytes, not 5/,
  },
  {
    name: 'a message shorter than its header',
    decode: () => decodeMessages(bytes(`0f 00 00 00 ${'00'.repeat(12)}`)),
    path: '',
    expected: /message of 16 to 16 bytes, not 15/,
  },
  { name: 'a message of length 0', decode: () => decodeMessages(bytes('00'.repeat(16))), path: '', expected: /not 0/ },
  { name: 'an attribute of length 0', decode: () => decodeAttributes(bytes('00 00 01 00')), path: '', expected: /not 0/ },
  {
    name: 'an attribute that reaches over the end',
    decode: () => decodeAttributes(bytes('09 00 01 00 aa')),
    path: '',
    expected: /4 to 5 bytes, not 9/,
  },
  {
    name: 'three bytes after the last attribute',
    decode: () => decodeAttributes(bytes('04 00 01 00 00 00 00')),
    path: '',
    expected: /header of 4/,
  },
  {
    name: 'a link header that is cut off',
    decode: () => decodeLink(bytes(LINK).slice(0, 15)),
    path: '',
    expected: /at least 16 bytes, not 15/,
  },
  {
    name: 'an MTU of two bytes',
    decode: () => decodeLink(bytes(`${LINK} 06 00 04 00 dc 05 00 00`)),
    path: 'IFLA_MTU',
    expected: /4 bytes, not 2/,
  },
  {
    name: 'a VLAN id of four bytes, three nests down',
    decode: () => decodeLink(bytes(`${LINK} 1c 00 12 80 09 00 01 00 76 6c 61 6e 00 00 00 00 0c 00 02 80 08 00 01 00 09 00 00 00`)),
    path: 'IFLA_LINKINFO.IFLA_INFO_DATA.IFLA_VLAN_ID',
    expected: /2 bytes, not 4/,
  },
  {
    name: 'an alternative name that reaches out of its list',
    decode: () => decodeLink(bytes(`${LINK} 0c 00 34 80 20 00 35 00 61 62 63 00`)),
    path: 'IFLA_PROP_LIST',
    expected: /4 to 8 bytes, not 32/,
  },
  {
    name: 'counters that are too short',
    decode: () => decodeLink(bytes(`${LINK} 0c 00 17 00 ${'00'.repeat(8)}`), { stats: true }),
    path: 'IFLA_STATS64',
    expected: /at least 184 bytes, not 8/,
  },
  {
    name: 'an address of five bytes',
    decode: () => decodeAddress(bytes('02 18 00 00 01 00 00 00 09 00 02 00 01 02 03 04 05 00 00 00')),
    path: 'IFA_LOCAL',
    expected: /4 or 16 bytes, not 5/,
  },
  {
    name: 'a lifetime of one number',
    decode: () => decodeAddress(bytes('02 18 00 00 01 00 00 00 08 00 06 00 01 02 03 04')),
    path: 'IFA_CACHEINFO',
    expected: /16 bytes, not 4/,
  },
  { name: 'an IPv4 prefix of 33', decode: () => decodeRoute(bytes(ROUTE.replace('18', '21'))), path: '', expected: /0 to 32, not 33/ },
  {
    name: 'an IPv6 destination in an IPv4 route',
    decode: () => decodeRoute(bytes(`${ROUTE} 14 00 01 00 ${'20'.repeat(16)}`)),
    path: '',
    expected: /family in the header/,
  },
  {
    name: 'a next hop of length 0',
    decode: () => decodeRoute(bytes(`${ROUTE} 0c 00 09 00 00 00 00 00 01 00 00 00`)),
    path: 'RTA_MULTIPATH',
    expected: /8 to 8 bytes, not 0/,
  },
  {
    name: 'a next hop that is cut off',
    decode: () => decodeRoute(bytes(`${ROUTE} 05 00 09 00 08 00 00 00`)),
    path: 'RTA_MULTIPATH',
    expected: /at least 8 bytes, not 1/,
  },
  {
    name: 'a next hop of another family without one',
    decode: () => decodeRoute(bytes(`${ROUTE} 05 00 12 00 0a 00 00 00`)),
    path: 'RTA_VIA',
    expected: /at least 2 bytes, not 1/,
  },
  {
    name: 'a port range of one port',
    decode: () => decodeRule(bytes('02 00 00 00 00 00 00 01 00 00 00 00 06 00 17 00 16 00 00 00')),
    path: 'FRA_SPORT_RANGE',
    expected: /4 bytes, not 2/,
  },
  {
    name: 'a neighbour header that is cut off',
    decode: () => decodeNeighbour(bytes('02 00 00 00')),
    path: '',
    expected: /at least 12 bytes/,
  },
  { name: 'an error without a number', decode: () => acknowledgement(NLMSG.ERROR, 0, '00 00'), path: '', expected: /at least 4 bytes/ },
  {
    name: 'an error without the header it answers',
    decode: () => acknowledgement(NLMSG.ERROR, 0, '00 00 00 00 10 00'),
    path: '',
    expected: /20 bytes/,
  },
  {
    name: 'an error that repeats more than it holds',
    decode: () => acknowledgement(NLMSG.ERROR, 0x200, `ea ff ff ff 40 00 00 00 ${'00'.repeat(12)}`),
    path: '',
    expected: /at least 68 bytes, not 20/,
  },
  { name: 'an end of two bytes', decode: () => acknowledgement(NLMSG.DONE, 0, '00 00'), path: '', expected: /at least 4 bytes/ },
];

describe('netlink wire codecs on bytes that no kernel sends', () => {
  for (const { name, decode, path, expected } of rejects) {
    it(`refuse ${name}`, () => {
      try {
        decode();
      } catch (error) {
        expect(error).to.be.instanceOf(DecodeError).and.to.include({ code: 'ERR_DECODE' });
        const [issue] = (error as DecodeError).issues;
        expect(issue?.path).to.equal(path);
        expect(issue?.expected).to.match(expected);
        return;
      }
      expect.fail('taken');
    });
  }

  it('read a peer within a peer no deeper than the first', () => {
    const nested = (depth: number): Uint8Array => {
      const inner = depth === 0 ? new Uint8Array(0) : nested(depth - 1);
      const peer = { type: 1, flags: 0, value: Buffer.concat([new Uint8Array(16), inner]) };
      const data = { type: 2, flags: 0x8000, value: encodeAttributes([peer]) };
      const kind = { type: 1, flags: 0, value: Buffer.from('veth\0') };
      return encodeAttributes([{ type: 18, flags: 0x8000, value: encodeAttributes([kind, data]) }]);
    };
    const link = decodeLink(Buffer.concat([bytes(LINK), nested(1000)]));
    expect(link.info?.veth?.peer?.info).to.include.keys('otherData').and.not.include.keys('veth');
    expect(decodeLink(encodeLink(link))).to.deep.equal(link);
  });
});

describe('decodeAcknowledgement()', () => {
  const EXTENDED = '09 00 01 00 6f 6f 70 73 00 00 00 00 08 00 02 00 20 00 00 00';

  it('finds what is said behind a request that is repeated in full', () => {
    const request = `1a 00 00 00 ${'00'.repeat(22)} 00 00`;
    expect(acknowledgement(NLMSG.ERROR, 0x200, `ea ff ff ff ${request} ${EXTENDED}`)).to.deep.equal({
      error: -22,
      message: 'oops',
      offset: 32,
    });
  });

  it('finds it behind the header alone when the request is left out, whatever length it had', () => {
    const header = `ff ff 00 00 ${'00'.repeat(12)}`;
    expect(acknowledgement(NLMSG.ERROR, 0x300, `ea ff ff ff ${header} ${EXTENDED}`)).to.deep.equal({
      error: -22,
      message: 'oops',
      offset: 32,
    });
  });

  it('does not look for it without the flag', () => {
    const header = `10 00 00 00 ${'00'.repeat(12)}`;
    expect(acknowledgement(NLMSG.ERROR, 0, `ea ff ff ff ${header} ${EXTENDED}`)).to.deep.equal({ error: -22 });
  });

  it('reads the end of a dump with and without a number, and with words', () => {
    expect(acknowledgement(NLMSG.DONE, 2, '')).to.deep.equal({ error: 0 });
    expect(acknowledgement(NLMSG.DONE, 2, 'f4 ff ff ff')).to.deep.equal({ error: -12 });
    expect(acknowledgement(NLMSG.DONE, 0x202, `f4 ff ff ff ${EXTENDED}`)).to.deep.equal({ error: -12, message: 'oops', offset: 32 });
  });
});

describe('encodeMessage()', () => {
  it('pads a message to four bytes without counting the padding', () => {
    const whole = encodeMessage({ type: 0x10, flags: 5, sequence: 7, port: 9, payload: Uint8Array.of(0xaa) });
    expect(Buffer.from(whole).toString('hex')).to.equal('1100000010000500070000000900000 0aa000000'.replaceAll(' ', ''));
  });
});
