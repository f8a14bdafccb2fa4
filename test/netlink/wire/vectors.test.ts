import { expect } from 'chai';
import { isNicError } from '../../../lib/errors.js';
import { IFLA, IFLA_INFO, IFLA_VLAN, RTA } from '../../../netlink/wire/constants/index.js';
import {
  type Attribute,
  decodeAcknowledgement,
  decodeMessages,
  encodeAttributes,
  encodeMessage,
  type NetlinkMessage,
  NLA_F,
  NLM_F,
  NLMSG,
  RTM,
} from '../../../netlink/wire/index.js';
import { codecOf } from '../../support/netlink-codecs.js';
import { normalForm, rawAttributes } from '../../support/netlink-normal-form.js';
import {
  errorVectors,
  everyVector,
  listingVectors,
  netlinkVectors,
  pyroute2Vectors,
  requestVectors,
} from '../../support/netlink-vectors.js';
import { createPoisonedMemory, isSame } from '../../support/poisoned.js';

/** Where each attribute at the outermost level begins and ends, read independently of the codecs. */
function boundaries(payload: Uint8Array, header: number): ReadonlySet<number> {
  const found = new Set<number>();
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  for (let at = header; at <= payload.length; ) {
    found.add(at);
    if (at + 4 > payload.length) break;
    const length = view.getUint16(at, true);
    // A cut inside the padding leaves the attribute whole.
    for (let end = at + length; end < at + ((length + 3) & ~3) && end <= payload.length; end++) found.add(end);
    at += (length + 3) & ~3;
  }
  return found;
}

/** Runs `decode` and tells whether it refused; any error other than ERR_DECODE fails the test. */
function refuses(decode: () => unknown, what: string): boolean {
  try {
    decode();
    return false;
  } catch (error) {
    if (isNicError(error, 'ERR_DECODE')) return true;
    throw new Error(`${what}: ${error instanceof Error ? error.stack : String(error)}`, { cause: error });
  }
}

interface AttributeLength {
  /** Where the length stands. */
  readonly at: number;
  readonly length: number;
  /** From the attribute to the end of what it is in. */
  readonly most: number;
}

/** The lengths of all attributes, of those inside others too, as far as payloads can be read as attributes. */
function attributeLengths(payload: Uint8Array, start: number, end = payload.length): readonly AttributeLength[] {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const found: AttributeLength[] = [];
  for (let at = start; at < end; ) {
    const length = at + 4 <= end ? view.getUint16(at, true) : 0;
    if (length < 4 || at + length > end) return [];
    found.push({ at, length, most: end - at }, ...attributeLengths(payload, at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}

function wrongLengths(length: number, most: number): readonly number[] {
  const near = [-8, -4, -3, -2, -1, 1, 2, 3, 4, 8].map((by) => length + by);
  return [...new Set([0, 1, 2, 3, 4, ...near, most, most + 1, 0xffff])].filter((wrong) => wrong >= 0 && wrong !== length);
}

/** True when the outermost attributes reach exactly to the end. */
function attributesFill(payload: Uint8Array, header: number): boolean {
  try {
    rawAttributes(Buffer.from(payload.subarray(header)));
    return true;
  } catch {
    return false;
  }
}

/** Cuts an acknowledgement off: what says more than a number must be refused, but where no attribute is cut. */
function expectWholeAcknowledgement(message: NetlinkMessage): void {
  const { type, flags, payload } = message;
  const request = type === NLMSG.DONE ? 0 : (flags & NLM_F.CAPPED) === 0 ? Buffer.from(payload).readUInt32LE(4) : 16;
  const said = (flags & NLM_F.ACK_TLVS) === 0 ? payload.length : 4 + ((request + 3) & ~3);
  const whole = said === payload.length ? new Set([payload.length]) : boundaries(payload, said);
  // Kernels before 2.6 ended dumps with nothing at all, and without attributes a number and a header are enough.
  const isEnough = (length: number): boolean =>
    (type === NLMSG.DONE && length === 0) ||
    whole.has(length) ||
    ((flags & NLM_F.ACK_TLVS) === 0 && length >= (type === NLMSG.DONE ? 4 : 20));
  for (let length = 0; length < payload.length; length++) {
    const what = `acknowledgement of ${length} bytes`;
    const refused = refuses(() => decodeAcknowledgement({ ...message, payload: payload.slice(0, length) }), what);
    if (refused === isEnough(length)) expect.fail(`${what}: ${refused ? 'refused' : 'taken'}`);
  }
}

/** Cuts every message off at every length: each must be refused, but where no attribute is cut. */
function expectWhole(bytes: Uint8Array): void {
  for (const message of decodeMessages(bytes)) {
    const alone = encodeMessage(message);
    for (let length = 1; length < alone.length; length++) {
      // Without its padding a message is whole.
      const whole = length >= 16 + message.payload.length;
      const refused = refuses(() => decodeMessages(alone.slice(0, length)), `${length} bytes`);
      // Compared before it is asserted: building an assertion takes longer than decoding.
      if (refused === whole) expect.fail(`${length} bytes: ${refused ? 'refused' : 'taken'}`);
    }
    const { payload } = message;
    if (message.type === NLMSG.ERROR || message.type === NLMSG.DONE) expectWholeAcknowledgement(message);
    const codec = codecOf(message.type);
    if (codec === undefined) continue;
    const whole = boundaries(payload, codec.header);
    for (let length = 0; length < payload.length; length++) {
      const what = `payload of ${length} bytes`;
      const refused = refuses(() => codec.decode(payload.slice(0, length)), what);
      if (refused === whole.has(length)) expect.fail(`${what}: ${refused ? 'refused' : 'taken'}`);
    }
  }
}

describe('netlink wire codecs on captured messages', () => {
  for (const { name, origin, bytes } of netlinkVectors) {
    const objects = decodeMessages(bytes).filter(({ type }) => codecOf(type) !== undefined);
    if (objects.length > 0)
      it(`read "${name}" (${origin}), write it and read the same`, () => {
        for (const message of objects) {
          const codec = codecOf(message.type);
          if (codec === undefined) continue;
          const value = codec.decode(message.payload);
          expect(codec.decode(codec.encode(value))).to.deep.equal(value);
        }
      });

    it(`refuse "${name}" cut off anywhere`, () => expectWhole(bytes));
  }

  for (const [what, vectors] of [
    ['what iproute2 sends to make one of everything', requestVectors],
    ['what pyroute2 writes', pyroute2Vectors],
    ['errors of the kernel', errorVectors],
    ['listings of one of everything', listingVectors],
  ] as const) {
    it(`refuse ${what} cut off anywhere`, () => {
      for (const { bytes } of vectors) expectWhole(bytes);
    });
  }

  it('give the bytes of a message back as they were', () => {
    for (const { bytes } of everyVector) {
      expect(Buffer.concat(decodeMessages(bytes).map(encodeMessage)).toString('hex')).to.equal(Buffer.from(bytes).toString('hex'));
    }
  });

  it('lose nothing of a message but how it was written: unknown attributes come back byte for byte, at any depth', () => {
    let count = 0;
    for (const { name, bytes } of everyVector) {
      for (const { type, payload } of decodeMessages(bytes)) {
        const codec = codecOf(type);
        if (codec === undefined) continue;
        expect(normalForm(type, codec.encode(codec.decode(payload))), name).to.deep.equal(normalForm(type, payload));
        count++;
      }
    }
    expect(count).to.be.greaterThan(450);
  });

  it('keep attributes that no kernel has yet, in every nest there is (made by hand)', () => {
    const strange = { type: 999, flags: NLA_F.NESTED, value: Uint8Array.of(1, 2, 3) };
    const of = (type: number, ...inside: readonly (string | Attribute)[]): Attribute => {
      const parts = inside.map((one) => (typeof one === 'string' ? Buffer.from(one, 'hex') : encodeAttributes([one])));
      return { type, flags: 0, value: Buffer.concat(parts) };
    };
    const kind = (name: string): Attribute => of(IFLA_INFO.IFLA_INFO_KIND, Buffer.from(`${name}\0`).toString('hex'));
    const messages: readonly (readonly [number, number, readonly Attribute[]])[] = [
      [
        RTM.NEWLINK,
        16,
        [strange, of(IFLA.IFLA_PROP_LIST, of(IFLA.IFLA_ALT_IFNAME, '616200'), strange), of(IFLA.IFLA_LINKINFO, kind('bond'), strange)],
      ],
      ...['bridge', 'macvtap', 'ipvlan', 'vxlan', 'bond'].map(
        (name) => [RTM.NEWLINK, 16, [of(IFLA.IFLA_LINKINFO, kind(name), of(IFLA_INFO.IFLA_INFO_DATA, strange))]] as const,
      ),
      [
        RTM.NEWLINK,
        16,
        [
          of(
            IFLA.IFLA_LINKINFO,
            kind('vlan'),
            of(IFLA_INFO.IFLA_INFO_DATA, of(IFLA_VLAN.IFLA_VLAN_EGRESS_QOS, of(1, '0100000002000000'), strange)),
          ),
        ],
      ],
      [
        RTM.NEWLINK,
        16,
        [of(IFLA.IFLA_LINKINFO, of(IFLA_INFO.IFLA_INFO_SLAVE_KIND, '62726964676500'), of(IFLA_INFO.IFLA_INFO_SLAVE_DATA, strange))],
      ],
      [
        RTM.NEWLINK,
        16,
        [
          of(
            IFLA.IFLA_LINKINFO,
            kind('veth'),
            of(IFLA_INFO.IFLA_INFO_DATA, strange, of(1, '00'.repeat(16), strange, of(IFLA.IFLA_LINKINFO, kind('veth'), strange))),
          ),
        ],
      ],
      [RTM.NEWADDR, 8, [strange]],
      [RTM.NEWROUTE, 12, [strange, of(RTA.RTA_METRICS, strange), of(RTA.RTA_MULTIPATH, '1000000001000000', strange)]],
      [RTM.NEWNEIGH, 12, [strange]],
      [RTM.NEWRULE, 12, [strange]],
      [RTM.NEWNSID, 4, [strange]],
    ];
    for (const [type, header, attributes] of messages) {
      const payload = Buffer.concat([new Uint8Array(header), encodeAttributes(attributes)]);
      const codec = codecOf(type);
      const again = codec?.encode(codec.decode(payload)) ?? new Uint8Array(0);
      expect(normalForm(type, again), payload.toString('hex')).to.deep.equal(normalForm(type, payload));
      expect(Buffer.from(again).includes(Buffer.from(encodeAttributes([strange])))).to.equal(true);
    }
  });

  it('refuse attributes of every wrong length, at any depth, or read what still is whole', () => {
    const first = createPoisonedMemory(0, 1 << 16);
    const second = createPoisonedMemory(1, 1 << 16);
    let refused = 0;
    let read = 0;
    const layouts = new Set<string>();
    for (const { name, bytes } of everyVector) {
      for (const { type, payload } of decodeMessages(bytes)) {
        const codec = codecOf(type);
        if (codec === undefined) continue;
        const attributes = attributeLengths(payload, codec.header);
        // Where types and lengths stand alike, the same is refused.
        const layout = JSON.stringify([type, payload[0], attributes.map(({ at }) => Buffer.from(payload).readUInt32LE(at))]);
        if (layouts.has(layout)) continue;
        layouts.add(layout);
        for (const { at, length, most } of attributes) {
          for (const wrong of wrongLengths(length, most)) {
            const changed = payload.slice();
            new DataView(changed.buffer).setUint16(at, wrong, true);
            const what = (): string => `"${name}": length ${length} at ${at} set to ${wrong}`;
            const values = [changed, first(changed).message, second(changed).message].map((message) => {
              let value: unknown;
              return refuses(() => {
                value = codec.decode(message);
              }, what())
                ? undefined
                : value;
            });
            if (!isSame(values[0], values[1]) || !isSame(values[0], values[2])) expect.fail(`${what()}: reads outside`);
            if (values[0] === undefined) {
              refused++;
              continue;
            }
            read++;
            if (!attributesFill(changed, codec.header)) expect.fail(`${what()}: taken`);
            if (!isSame(codec.decode(codec.encode(values[0])), values[0])) expect.fail(`${what()}: not kept`);
          }
        }
      }
    }
    expect(refused).to.be.greaterThan(10_000);
    expect(read).to.be.greaterThan(1000);
  });
});
