import { expect } from 'chai';
import { isNicError } from '../../../lib/errors.js';
import { decodeMessages, encodeMessage } from '../../../netlink/wire/index.js';
import { codecOf } from '../../support/netlink-codecs.js';
import { netlinkVectors } from '../../support/netlink-vectors.js';
import { seededRandom } from '../../support/random.js';

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

    it(`refuse "${name}" cut off anywhere`, () => {
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
        const codec = codecOf(message.type);
        if (codec === undefined) continue;
        const whole = boundaries(payload, codec.header);
        for (let length = 0; length < payload.length; length++) {
          const what = `payload of ${length} bytes`;
          const refused = refuses(() => codec.decode(payload.slice(0, length)), what);
          if (refused === whole.has(length)) expect.fail(`${what}: ${refused ? 'refused' : 'taken'}`);
        }
      }
    });
  }

  it('give the bytes of a message back as they were', () => {
    for (const { bytes } of netlinkVectors) {
      expect(Buffer.concat(decodeMessages(bytes).map(encodeMessage)).toString('hex')).to.equal(Buffer.from(bytes).toString('hex'));
    }
  });

  it('survive damaged messages: refuse them, or read what they can write again', () => {
    const random = seededRandom();
    const messages = netlinkVectors.flatMap(({ bytes }) => decodeMessages(bytes));
    let read = 0;
    let refused = 0;
    for (let round = 0; round < 20_000; round++) {
      const message = messages[Math.floor(random.next() * messages.length)];
      const codec = message === undefined ? undefined : codecOf(message.type);
      if (message === undefined || codec === undefined) continue;
      const damaged = message.payload.slice(0, Math.ceil(random.next() * message.payload.length));
      for (let hits = Math.ceil(random.next() * 6); hits > 0; hits--) {
        // Small numbers most of the time, since lengths and types are small.
        const byte = random.next() < 0.7 ? random.next() * 64 : random.next() * 256;
        damaged[Math.floor(random.next() * damaged.length)] = byte;
      }
      const what = `${random.label} round ${round}: ${Buffer.from(damaged).toString('hex')}`;
      let value: unknown;
      if (
        refuses(() => {
          value = codec.decode(damaged);
        }, what)
      ) {
        refused++;
        continue;
      }
      read++;
      expect(codec.decode(codec.encode(value)), what).to.deep.equal(value);
    }
    // Both must have happened, or the test has lost its bite.
    expect(read, random.label).to.be.greaterThan(1000);
    expect(refused, random.label).to.be.greaterThan(1000);
  });
});
