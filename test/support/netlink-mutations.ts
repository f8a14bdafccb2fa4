import type { SeededRandom } from './random.js';

/** Changes bytes in place or makes others of them; `other` is another message to take parts from. */
type Mutation = (bytes: Uint8Array, other: Uint8Array, pick: (most: number) => number) => Uint8Array;

/** Longest message that is made. */
export const MOST_BYTES = 8192;

const join = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);

/** Where attributes begin at the outermost level after a header of that length, as far as their lengths make sense. */
function attributeStarts(bytes: Uint8Array, header: number): readonly number[] {
  const starts: number[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = header; at + 4 <= bytes.length; ) {
    starts.push(at);
    const length = view.getUint16(at, true);
    if (length < 4) break;
    at += (length + 3) & ~3;
  }
  return [...starts, bytes.length];
}

/** Lengths of the fixed headers there are. */
const HEADERS = [0, 4, 8, 12, 16, 20];

const MUTATIONS: readonly Mutation[] = [
  (bytes, _other, pick) => {
    // Flipped bits.
    for (let hits = 1 + pick(4); hits > 0 && bytes.length > 0; hits--) {
      const at = pick(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << pick(8));
    }
    return bytes;
  },
  (bytes, _other, pick) => {
    // Small numbers, since lengths and types are small.
    for (let hits = 1 + pick(4); hits > 0 && bytes.length > 0; hits--) bytes[pick(bytes.length)] = pick(4) === 0 ? pick(256) : pick(64);
    return bytes;
  },
  (bytes, _other, pick) => {
    // A length of an attribute, at any depth: they begin at multiples of four.
    const at = 4 * pick(Math.floor(bytes.length / 4));
    if (at + 2 > bytes.length) return bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const length = view.getUint16(at, true);
    const lengths = [
      0,
      1,
      3,
      4,
      5,
      length + 1,
      length - 1,
      length + 4,
      length - 4,
      2 * length,
      bytes.length - at,
      bytes.length - at + 1,
      0xffff,
    ];
    view.setUint16(at, (lengths[pick(lengths.length)] ?? 0) & 0xffff, true);
    return bytes;
  },
  (bytes, _other, pick) => bytes.slice(0, pick(bytes.length + 1)),
  (bytes, other, pick) => {
    // A part of another message in the place of a part of this one.
    const [from, to, start] = [4 * pick(bytes.length >> 2), 4 * pick(bytes.length >> 2), 4 * pick(other.length >> 2)];
    return join(bytes.subarray(0, Math.min(from, to)), other.subarray(start, start + 4 * pick(64)), bytes.subarray(Math.max(from, to)));
  },
  (bytes, other, pick) => {
    // One attribute of another message, or one of this message again.
    const donor = pick(2) === 0 ? bytes : other;
    const starts = attributeStarts(donor, HEADERS[pick(HEADERS.length)] ?? 0);
    const which = pick(starts.length);
    const here = attributeStarts(bytes, HEADERS[pick(HEADERS.length)] ?? 0);
    const place = here[pick(here.length)] ?? 0;
    return join(bytes.subarray(0, place), donor.subarray(starts[which] ?? 0, starts[which + 1] ?? donor.length), bytes.subarray(place));
  },
  (bytes, _other, pick) => {
    // Attributes in another order.
    const starts = attributeStarts(bytes, HEADERS[pick(HEADERS.length)] ?? 0);
    const parts = starts.map((start, i) => bytes.subarray(start, starts[i + 1] ?? start));
    for (let i = parts.length - 1; i > 0; i--) {
      const j = pick(i + 1);
      [parts[i], parts[j]] = [parts[j] ?? new Uint8Array(0), parts[i] ?? new Uint8Array(0)];
    }
    return join(bytes.subarray(0, starts[0] ?? 0), ...parts);
  },
  (bytes, _other, pick) => {
    // An attribute inside itself, again and again.
    const starts = attributeStarts(bytes, HEADERS[pick(HEADERS.length)] ?? 0);
    const which = pick(starts.length);
    let inner: Uint8Array = bytes.slice(starts[which] ?? 0, starts[which + 1] ?? bytes.length);
    if (inner.length < 4) return bytes;
    for (let depth = pick(20); depth > 0 && inner.length < 2000; depth--) {
      const outer = join(inner.subarray(0, 4), inner);
      outer.set(Uint8Array.of(outer.length & 0xff, outer.length >> 8));
      inner = outer;
    }
    return join(bytes.subarray(0, starts[which] ?? 0), inner);
  },
  (_bytes, _other, pick) => Uint8Array.from({ length: pick(96) }, () => pick(256)),
];

/** Damages a message in one to three of many ways. */
export function damage(message: Uint8Array, other: Uint8Array, random: SeededRandom): Uint8Array {
  const pick = (most: number): number => Math.floor(random.next() * most);
  let bytes: Uint8Array = message.slice();
  for (let times = 1 + pick(3); times > 0; times--) bytes = MUTATIONS[pick(MUTATIONS.length)]?.(bytes, other, pick) ?? bytes;
  return bytes.length > MOST_BYTES ? bytes.slice(0, MOST_BYTES) : bytes;
}
