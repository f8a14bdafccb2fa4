import { expect } from 'chai';
import {
  type Acknowledgement,
  decodeAcknowledgement,
  decodeMessages,
  describeMissing,
  describeOffset,
  encodeAcknowledgement,
  type NetlinkMessage,
  NLM_F,
} from '../../../netlink/wire/index.js';
import { errorVectors } from '../../support/netlink-vectors.js';

interface Case {
  readonly says: Acknowledgement;
  /** The attribute that the offset points at, by name. */
  readonly at?: string;
}

const FAILED = 'Attribute failed policy validation';
const mtu: Case = {
  says: { error: -34, message: FAILED, offset: 32, policy: { minimum: 0n, maximum: 0xffff_ffffn, type: 4 } },
  at: 'IFLA_MTU',
};

/** What is wrong with each request, as the kernel's sources say (net/core/rtnetlink.c, net/core/fib_rules.c, net/core/neighbour.c, …). */
const cases: Readonly<Record<string, Case>> = {
  'IFLA_MTU of two bytes': mtu,
  'IFLA_MTU of two bytes, request left out': mtu,
  'IFLA_IFNAME of 40 bytes': {
    says: { error: -34, message: FAILED, offset: 32, policy: { maximumLength: 15, type: 11 } },
    at: 'IFLA_IFNAME',
  },
  'IFLA_GRO_MAX_SIZE of a gigabyte': { says: { error: -22, message: 'too big gro_max_size' } },
  'FRA_DSCP of 255': {
    says: { error: -34, message: 'Error parsing msg', offset: 28, policy: { minimum: 0n, maximum: 63n, type: 2 } },
    at: 'FRA_DSCP',
  },
  'NDA_FLAGS_EXT with reserved bits': { says: { error: -22, message: 'reserved bit set', offset: 36 }, at: 'NDA_FLAGS_EXT' },
  'neighbour without an address': { says: { error: -22, message: 'Network address not specified' } },
  'IFLA_VXLAN_DF of 5': {
    says: { error: -22, message: 'Invalid DF attribute', offset: 60 },
    at: 'IFLA_LINKINFO.IFLA_INFO_DATA',
  },
  'request without NETDEV_A_DEV_IFINDEX': { says: { error: -22, missingType: 1 } },
  'no error': { says: { error: 0 } },
};

/** The request that an error repeats. */
function repeated({ payload }: NetlinkMessage): NetlinkMessage | undefined {
  const [request] = decodeMessages(payload.slice(4, 4 + Buffer.from(payload).readUInt32LE(4)));
  return request;
}

describe('decodeAcknowledgement() on what the kernel says', () => {
  it('is tried on every answer that was captured', () => {
    expect(errorVectors.map(({ name }) => name)).to.have.members(Object.keys(cases));
  });

  for (const { name, origin, bytes } of errorVectors) {
    it(`reads the answer to: ${name} (${origin})`, () => {
      const [message] = decodeMessages(bytes);
      const expected = cases[name];
      if (message === undefined || expected === undefined) throw new Error('no message, or nothing to expect');
      const said = decodeAcknowledgement(message);
      expect(said).to.deep.equal(expected.says);
      const request = (message.flags & NLM_F.CAPPED) === 0 ? repeated(message) : undefined;
      if (request !== undefined && said.offset !== undefined) expect(describeOffset(request, said.offset)).to.equal(expected.at);
    });

    it(`reads the answer to: ${name}, written again`, () => {
      const [message] = decodeMessages(bytes);
      if (message === undefined) throw new Error('no message');
      const said = decodeAcknowledgement(message);
      const payload = encodeAcknowledgement(said, message.payload.slice(4));
      const flags = NLM_F.CAPPED | NLM_F.ACK_TLVS;
      expect(decodeAcknowledgement({ ...message, flags, payload })).to.deep.equal(said);
    });
  }

  it('reads where an attribute is missing, a cookie, and keeps what it does not know (made by hand)', () => {
    const attributes = `0800050007000000 0800060014000000 0700030001020300 06002a0005060000 10000480 0800010009000000 04002b00`;
    const payload = Buffer.from(`eaffffff 14000000${'00'.repeat(12)} ${attributes}`.replaceAll(' ', ''), 'hex');
    const message = { type: 2, flags: NLM_F.CAPPED | NLM_F.ACK_TLVS, sequence: 1, port: 1, payload };
    const said = decodeAcknowledgement(message);
    expect(said).to.deep.equal({
      error: -22,
      missingType: 7,
      missingNest: 20,
      cookie: Uint8Array.of(1, 2, 3),
      policy: { type: 9, unknown: Uint8Array.from(Buffer.from('04002b00', 'hex')) },
      unknown: Uint8Array.from(Buffer.from('06002a0005060000', 'hex')),
    });
  });

  it('names what is missing', () => {
    expect(describeMissing({ type: 16, flags: 0, sequence: 1, port: 1, payload: new Uint8Array(16) }, 3)).to.equal('IFLA_IFNAME');
  });
});
