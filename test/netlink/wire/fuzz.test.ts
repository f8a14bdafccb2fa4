import { expect } from 'chai';
import { DecodeError } from '../../../lib/errors.js';
import {
  decodeAcknowledgement,
  decodeAttributes,
  decodeLink,
  decodeMessages,
  encodeAttributes,
  encodeLink,
  encodeMessage,
  NLMSG,
  RTM,
} from '../../../netlink/wire/index.js';
import { codecOf } from '../../support/netlink-codecs.js';
import { damage, MOST_BYTES } from '../../support/netlink-mutations.js';
import { everyVector } from '../../support/netlink-vectors.js';
import { createPoisonedMemory, isSame } from '../../support/poisoned.js';
import { type SeededRandom, seededRandom } from '../../support/random.js';
import { randomModels } from '../../support/random-models.js';

/** Messages to make: what fits into an ordinary test, or as many as the environment says. */
const ROUNDS = Number(process.env['NETLINK_FUZZ_ROUNDS'] ?? 30_000);
/** Far above what it takes, which is about 15 s for 100,000. */
const TIMEOUT_MS = 60_000 + ROUNDS;

interface Decoder {
  readonly name: string;
  readonly decode: (bytes: Uint8Array) => unknown;
  /** Writes what `decode` gave; absent where nothing is to be written. */
  readonly encode?: (value: unknown) => Uint8Array;
}

const objects = ([RTM.NEWLINK, RTM.NEWADDR, RTM.NEWROUTE, RTM.NEWNEIGH, RTM.NEWRULE, RTM.NEWNSID] as const).map((type): Decoder => {
  const codec = codecOf(type);
  if (codec === undefined) throw new Error(`no codec for ${type}`);
  return { name: `type ${type}`, ...codec };
});
const plainLink: Decoder = {
  name: 'link without counters',
  decode: (bytes) => decodeLink(bytes),
  encode: (value) => encodeLink(value as ReturnType<typeof decodeLink>),
};
const attributes: Decoder = {
  name: 'attributes',
  decode: decodeAttributes,
  encode: (value) => encodeAttributes(value as ReturnType<typeof decodeAttributes>),
};
const acknowledgements = [NLMSG.ERROR, NLMSG.DONE].flatMap((type) =>
  [0, 0x200, 0x300].map(
    (flags): Decoder => ({
      name: `acknowledgement ${type} with flags ${flags}`,
      decode: (payload) => decodeAcknowledgement({ type, flags, sequence: 1, port: 1, payload }),
    }),
  ),
);
/** Gives payloads that share memory with the datagram, by intention; so they are copied here. */
const splitter: Decoder = {
  name: 'messages',
  decode: (bytes) => decodeMessages(bytes).map((message) => ({ ...message, payload: message.payload.slice() })),
  encode: (value) => Buffer.concat((value as ReturnType<typeof decodeMessages>).map(encodeMessage)),
};
const anyPayload = [...objects, plainLink, attributes, ...acknowledgements];

/** What a decoder makes of bytes: a value, or the issues of its refusal. Anything else that it throws goes on. */
function outcome(decode: Decoder['decode'], bytes: Uint8Array): { readonly value?: unknown; readonly issues?: unknown } {
  try {
    return { value: decode(bytes) };
  } catch (error) {
    if (error instanceof DecodeError && error.code === 'ERR_DECODE') return { issues: error.issues };
    throw error;
  }
}

const inFirst = createPoisonedMemory(0, MOST_BYTES + 64);
const inSecond = createPoisonedMemory(1, MOST_BYTES + 64);

/** Runs one decoder over one message, and tells what is wrong with what it did; undefined when nothing is. */
function fault(decoder: Decoder, bytes: Uint8Array, seen: { read: number; refused: number }): string | undefined {
  const exact = outcome(decoder.decode, bytes.slice());
  const first = inFirst(bytes);
  const second = inSecond(bytes);
  const inFirstPoison = outcome(decoder.decode, first.message);
  const inSecondPoison = outcome(decoder.decode, second.message);
  if (!first.isUntouched() || !second.isUntouched()) return 'writes into what it reads';
  // What was read must not be a view of memory that the next message is received into.
  first.scribble();
  second.scribble();
  if (!isSame(exact, inFirstPoison) || !isSame(exact, inSecondPoison))
    return 'depends on what stands around the message, or shares its memory';
  if (!('value' in exact)) {
    seen.refused++;
    return undefined;
  }
  seen.read++;
  if (decoder.encode === undefined) return undefined;
  const again = outcome(decoder.decode, decoder.encode(exact.value));
  return isSame(again, exact) ? undefined : 'does not read again what was read and written';
}

function expectSound(decoder: Decoder, bytes: Uint8Array, seen: { read: number; refused: number }, where: string): void {
  let wrong: string | undefined;
  try {
    wrong = fault(decoder, bytes, seen);
  } catch (error) {
    wrong = `throws ${error instanceof Error ? error.stack : String(error)}`;
  }
  // Built only when it is needed: a million texts would take longer than the decoders.
  if (wrong !== undefined) expect.fail(`${where}: ${decoder.name} ${wrong}: ${Buffer.from(bytes).toString('hex')}`);
}

describe('netlink wire codecs on damaged messages', function () {
  this.timeout(TIMEOUT_MS);

  const messages = everyVector.flatMap(({ bytes }) => decodeMessages(bytes));
  const choose = <T>(from: readonly T[], random: SeededRandom): T => {
    const one = from[Math.floor(random.next() * from.length)];
    if (one === undefined) throw new RangeError('nothing to choose from');
    return one;
  };

  it(`throw nothing but ERR_DECODE, read nothing outside, and keep what they read, in ${ROUNDS} messages`, () => {
    const random = seededRandom();
    const seen = { read: 0, refused: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const where = `${random.label} round ${round}`;
      const message = choose(messages, random);
      const damaged = damage(message.payload, choose(messages, random).payload, random);
      const own = codecOf(message.type);
      if (own !== undefined) expectSound({ name: `type ${message.type}`, ...own }, damaged, seen, where);
      expectSound(choose(anyPayload, random), damaged, seen, where);
    }
    // Both must have happened often, or the test has lost its bite.
    expect(seen.read, random.label).to.be.greaterThan(ROUNDS / 10);
    expect(seen.refused, random.label).to.be.greaterThan(ROUNDS / 10);
  });

  it(`split damaged datagrams likewise, ${Math.ceil(ROUNDS / 4)} of them`, () => {
    const random = seededRandom();
    const seen = { read: 0, refused: 0 };
    for (let round = 0; round < ROUNDS / 4; round++) {
      const datagram = Buffer.concat([choose(messages, random), choose(messages, random)].map(encodeMessage)).subarray(0, MOST_BYTES);
      const whole = encodeMessage(choose(messages, random));
      expectSound(splitter, damage(datagram, whole, random), seen, `${random.label} round ${round}`);
    }
    expect(seen.read, random.label).to.be.greaterThan(ROUNDS / 100);
    expect(seen.refused, random.label).to.be.greaterThan(ROUNDS / 100);
  });
});

describe('netlink wire codecs on random models', function () {
  this.timeout(TIMEOUT_MS);

  it(`read what they have written, ${ROUNDS / 20} of each`, () => {
    const random = seededRandom();
    for (const [type, make] of randomModels(random)) {
      const codec = codecOf(type);
      for (let round = 0; round < ROUNDS / 20; round++) {
        const model = make();
        const read = codec?.decode(codec.encode(model));
        // The assertion tells what differs; it takes a thousand times as long as finding that nothing does.
        if (!isSame(read, model)) expect(read, `${random.label} type ${type} round ${round}`).to.deep.equal(model);
      }
    }
  });
});
