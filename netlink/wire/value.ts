import { formatIp, formatMac, parseIp, parseIpv4Number } from '../../lib/address.js';
import { LITTLE_ENDIAN } from './byte-order.js';
import type { ByteWriter } from './byte-writer.js';
import { copyBytes, Malformed } from './malformed.js';

/** How one kind of value stands in the payload of an attribute. */
export interface ValueCodec<T> {
  /** Reads the value from `start` up to `end`, which lie inside the view. @throws Malformed when it is not there */
  decode(view: DataView, start: number, end: number): T;
  /** Appends the value, without padding. @throws RangeError when the value cannot be written */
  encode(value: T, writer: ByteWriter): void;
}

/** @throws Malformed unless the range has that length */
export function expectLength(start: number, end: number, length: number): void {
  if (end - start !== length) throw new Malformed(`${length} bytes, not ${end - start}`);
}

function expectRange(value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`a whole number from ${least} to ${most} is needed, not ${value}`);
  }
}

/** 8 bits without sign. */
export const u8: ValueCodec<number> = {
  decode(view, start, end) {
    expectLength(start, end, 1);
    return view.getUint8(start);
  },
  encode(value, writer) {
    expectRange(value, 0, 0xff);
    writer.u8(value);
  },
};

/** A byte that is 0 or not. */
export const bool8: ValueCodec<boolean> = {
  decode: (view, start, end) => u8.decode(view, start, end) !== 0,
  encode: (value, writer) => writer.u8(value ? 1 : 0),
};

/** 16 bits without sign. */
export const u16: ValueCodec<number> = {
  decode(view, start, end) {
    expectLength(start, end, 2);
    return view.getUint16(start, LITTLE_ENDIAN);
  },
  encode(value, writer) {
    expectRange(value, 0, 0xffff);
    writer.u16(value);
  },
};

/** 16 bits without sign in network order. */
export const be16: ValueCodec<number> = {
  decode(view, start, end) {
    expectLength(start, end, 2);
    return view.getUint16(start, false);
  },
  encode(value, writer) {
    expectRange(value, 0, 0xffff);
    writer.be16(value);
  },
};

/** 32 bits without sign. */
export const u32: ValueCodec<number> = {
  decode(view, start, end) {
    expectLength(start, end, 4);
    return view.getUint32(start, LITTLE_ENDIAN);
  },
  encode(value, writer) {
    expectRange(value, 0, 0xffff_ffff);
    writer.u32(value);
  },
};

/** 32 bits without sign in network order. */
export const be32: ValueCodec<number> = {
  decode(view, start, end) {
    expectLength(start, end, 4);
    return view.getUint32(start, false);
  },
  encode(value, writer) {
    expectRange(value, 0, 0xffff_ffff);
    writer.be32(value);
  },
};

/** 32 bits with sign. */
export const s32: ValueCodec<number> = {
  decode(view, start, end) {
    expectLength(start, end, 4);
    return view.getInt32(start, LITTLE_ENDIAN);
  },
  encode(value, writer) {
    expectRange(value, -0x8000_0000, 0x7fff_ffff);
    writer.u32(value >>> 0);
  },
};

/** 64 bits without sign. */
export const u64: ValueCodec<bigint> = {
  decode(view, start, end) {
    expectLength(start, end, 8);
    return view.getBigUint64(start, LITTLE_ENDIAN);
  },
  encode(value, writer) {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new RangeError('a whole number of at most 64 bits is needed');
    writer.u64(value);
  },
};

/** 64 bits without sign in network order. */
export const be64: ValueCodec<bigint> = {
  decode(view, start, end) {
    expectLength(start, end, 8);
    return view.getBigUint64(start, false);
  },
  encode(value, writer) {
    if (BigInt.asUintN(64, value) !== value) throw new RangeError('a whole number of at most 64 bits is needed');
    writer.be32(Number(value >> 32n));
    writer.be32(Number(value & 0xffff_ffffn));
  },
};

/** 64 bits with sign. */
export const s64: ValueCodec<bigint> = {
  decode(view, start, end) {
    expectLength(start, end, 8);
    return view.getBigInt64(start, LITTLE_ENDIAN);
  },
  encode(value, writer) {
    if (BigInt.asIntN(64, value) !== value) throw new RangeError('a whole number of at most 64 bits with sign is needed');
    writer.u64(BigInt.asUintN(64, value));
  },
};

/** What is true when it is there, and has no bytes of its own. */
export const presence: ValueCodec<true> = {
  decode(_view, start, end) {
    expectLength(start, end, 0);
    return true;
  },
  encode() {},
};

/** Bytes as they are. */
export const bytes: ValueCodec<Uint8Array> = {
  decode: (view, start, end) => copyBytes(view, start, end),
  encode: (value, writer) => writer.bytes(value),
};

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Text up to the first null byte. Written with one. */
export const text: ValueCodec<string> = {
  decode(view, start, end) {
    // Names are short and nearly always ASCII, where this is several times faster than a TextDecoder.
    let value = '';
    for (let i = start; i < end; i++) {
      const byte = view.getUint8(i);
      if (byte === 0) return value;
      if (byte > 0x7f) return decodeUtf8(view, start, end);
      value += String.fromCharCode(byte);
    }
    return value;
  },
  encode(value, writer) {
    if (value.includes('\0')) throw new RangeError('text with a null byte cannot be written');
    writer.bytes(new TextEncoder().encode(value));
    writer.u8(0);
  },
};

function decodeUtf8(view: DataView, start: number, end: number): string {
  let stop = start;
  while (stop < end && view.getUint8(stop) !== 0) stop++;
  return utf8.decode(new Uint8Array(view.buffer, view.byteOffset + start, stop - start));
}

/** A hardware address of any length as lower-case text with colons; empty text for an empty one. */
export const hardwareAddress: ValueCodec<string> = {
  decode: (view, start, end) => formatMac(new Uint8Array(view.buffer, view.byteOffset + start, end - start)),
  encode(value, writer) {
    if (value === '') return;
    if (!/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2})*$/.test(value))
      throw new RangeError('a hardware address is pairs of hexadecimal digits with colons');
    for (const pair of value.split(':')) writer.u8(Number.parseInt(pair, 16));
  },
};

/** The bytes of an address as text: 4, or 16 when it is written with colons. @throws RangeError when it is none */
export function ipToBytes(value: string): Uint8Array {
  const ip = parseIp(value);
  if (ip === undefined) throw new RangeError('an IP address is needed');
  if (ip.family === 6 || !value.includes(':')) return ip.bytes;
  // parseIp gives IPv4 for an IPv4-mapped address; the kernel keeps the two apart.
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...ip.bytes);
}

/** An IPv4 or IPv6 address, told by its length, as canonical text. */
export const ipAddress: ValueCodec<string> = {
  decode(view, start, end) {
    const length = end - start;
    if (length !== 4 && length !== 16) throw new Malformed(`4 or 16 bytes, not ${length}`);
    const address = new Uint8Array(view.buffer, view.byteOffset + start, length);
    return formatIp({ family: length === 4 ? 4 : 6, bytes: address });
  },
  encode(value, writer) {
    const narrow = parseIpv4Number(value);
    if (narrow < 0) writer.bytes(ipToBytes(value));
    else writer.be32(narrow);
  },
};

/** A range of whole numbers, both ends included. */
export interface NumberRange {
  /** The first. */
  readonly from: number;
  /** The last. */
  readonly to: number;
}

/** Two numbers of the same codec, one after the other. */
function range(codec: ValueCodec<number>, size: number): ValueCodec<NumberRange> {
  return {
    decode(view, start, end) {
      expectLength(start, end, 2 * size);
      return { from: codec.decode(view, start, start + size), to: codec.decode(view, start + size, end) };
    },
    encode(value, writer) {
      codec.encode(value.from, writer);
      codec.encode(value.to, writer);
    },
  };
}

/** Ports from and to (struct fib_rule_port_range). */
export const portRange = range(u16, 2);

/** Two numbers of 16 bits in network order. */
export const be16Range = range(be16, 2);

/** User ids from and to (struct fib_rule_uid_range). */
export const uidRange = range(u32, 4);
