import { align4 } from './align.js';
import { LITTLE_ENDIAN } from './byte-order.js';
import { ByteWriter } from './byte-writer.js';
import { copyBytes, decoding, Malformed, viewOf } from './malformed.js';
import type { ValueCodec } from './value.js';

/** Bits of an attribute's type that are flags (NLA_F_NESTED, NLA_F_NET_BYTEORDER, include/uapi/linux/netlink.h). */
export const NLA_F = { NESTED: 0x8000, NET_BYTEORDER: 0x4000 } as const;
const TYPE_MASK = 0x3fff;
const HEADER = 4;

/** One attribute as it stands in a message. */
export interface Attribute {
  /** The number, without flags. */
  readonly type: number;
  /** The flags NLA_F_NESTED (0x8000) and NLA_F_NET_BYTEORDER (0x4000). */
  readonly flags: number;
  /** The payload without padding. */
  readonly value: Uint8Array;
}

/** Length of the attribute at `offset`, header included. @throws Malformed when it reaches over the end */
function lengthAt(view: DataView, offset: number, end: number): number {
  const left = end - offset;
  if (left < HEADER) throw new Malformed(`an attribute header of ${HEADER} bytes, not ${left}`);
  const length = view.getUint16(offset, LITTLE_ENDIAN);
  if (length < HEADER || length > left) throw new Malformed(`an attribute of ${HEADER} to ${left} bytes, not ${length}`);
  return length;
}

/**
 * Calls `visit` for each attribute with its type without flags, the range of its payload and where the next begins.
 * @throws Malformed when one reaches over the end
 */
export function walkAttributes(
  view: DataView,
  start: number,
  end: number,
  visit: (type: number, from: number, to: number, next: number) => void,
): void {
  let offset = start;
  while (offset < end) {
    const length = lengthAt(view, offset, end);
    const next = Math.min(end, offset + align4(length));
    visit(view.getUint16(offset + 2, LITTLE_ENDIAN) & TYPE_MASK, offset + HEADER, offset + length, next);
    offset = next;
  }
}

/** Reads attributes without knowing what they mean. @throws DecodeError when one reaches over the end */
export function decodeAttributes(bytes: Uint8Array): readonly Attribute[] {
  return decoding('attributes', () => {
    const view = viewOf(bytes, 0);
    const attributes: Attribute[] = [];
    walkAttributes(view, 0, bytes.length, (type, from, to) => {
      attributes.push({ type, flags: view.getUint16(from - 2, LITTLE_ENDIAN) & ~TYPE_MASK, value: copyBytes(view, from, to) });
    });
    return attributes;
  });
}

/** Appends one attribute with its padding; `write` appends the payload. @throws RangeError above 65,535 bytes */
export function writeAttribute(writer: ByteWriter, type: number, write: () => void): void {
  const start = writer.skip(HEADER);
  write();
  finishAttribute(writer, start, type);
}

function finishAttribute(writer: ByteWriter, start: number, type: number): void {
  const length = writer.length - start;
  if (length > 0xffff) throw new RangeError(`an attribute holds at most 65,531 bytes, not ${length - HEADER}`);
  writer.patch16(start, length);
  writer.patch16(start + 2, type);
  writer.align();
}

/** Writes attributes as {@link decodeAttributes} read them, byte for byte. */
export function encodeAttributes(attributes: readonly Attribute[]): Uint8Array {
  const writer = new ByteWriter();
  for (const { type, flags, value } of attributes) writeAttribute(writer, type | flags, () => writer.bytes(value));
  return writer.finish();
}

/** How one property of a model stands among the attributes of a message. */
export interface AttributeField<T> {
  /** The attribute's number. */
  readonly type: number;
  /** How its payload is written. */
  readonly value: ValueCodec<T>;
  /** Flags it is sent with; see {@link NLA_F}. */
  readonly flags?: number;
  /** What is inside, for finding a place by its offset. */
  readonly inside?: AttributeTable<object>;
}

/** One field per property of the model, so that a forgotten one does not compile. */
export type AttributeFields<T extends object> = { readonly [K in keyof T]-?: AttributeField<NonNullable<T[K]>> };

interface Entry extends AttributeField<unknown> {
  readonly key: string;
}

/** The attributes of one kind of message or nest: names of the kernel, and the properties of the model they are read into. */
export class AttributeTable<T extends object> {
  readonly #names: ReadonlyMap<number, string>;
  readonly #entries: readonly Entry[];
  readonly #byType: readonly (Entry | undefined)[];

  /** @param names the kernel's names and numbers of all attributes, known to the model or not */
  constructor(names: Readonly<Record<string, number>>, fields: AttributeFields<T>) {
    this.#names = new Map(Object.entries(names).map(([name, type]) => [type, name]));
    // Each field has been checked against its property by the compiler; from here on they are looked up by number.
    const entries = Object.entries(fields) as readonly [string, AttributeField<unknown>][];
    this.#entries = entries.map(([key, field]) => ({ ...field, key }));
    const byType: (Entry | undefined)[] = new Array(Math.max(-1, ...this.#entries.map((entry) => entry.type)) + 1).fill(undefined);
    for (const entry of this.#entries) byType[entry.type] = entry;
    this.#byType = byType;
  }

  /** The kernel's name of an attribute, or its number. */
  nameOf(type: number): string {
    return this.#names.get(type) ?? `attribute ${type}`;
  }

  /**
   * Reads attributes into the properties of `target`. When one comes twice, the last counts, as in the kernel.
   * @returns the attributes that the model has no property for, as they stand, headers and padding included
   * @throws Malformed
   */
  decode(view: DataView, start: number, end: number, target: Partial<T>): Uint8Array {
    const properties = target as Record<string, unknown>;
    const unknown: number[] = [];
    let entry: Entry | undefined;
    // Thousands of attributes are read for one listing, so this loop makes no function and no object of its own.
    try {
      for (let offset = start; offset < end; ) {
        entry = undefined;
        const length = lengthAt(view, offset, end);
        const next = Math.min(end, offset + align4(length));
        entry = this.#byType[view.getUint16(offset + 2, LITTLE_ENDIAN) & TYPE_MASK];
        if (entry !== undefined) properties[entry.key] = entry.value.decode(view, offset + HEADER, offset + length);
        else if (unknown.length > 0 && unknown[unknown.length - 1] === offset) unknown[unknown.length - 1] = next;
        else unknown.push(offset, next);
        offset = next;
      }
    } catch (error) {
      throw error instanceof Malformed && entry !== undefined ? error.within(this.nameOf(entry.type)) : error;
    }
    return unknown.length === 0 ? NOTHING : gather(view, unknown);
  }

  /** Appends the properties of `source` that are not undefined, in the order of the table. */
  encode(source: { readonly [K in keyof T]: T[K] | undefined }, writer: ByteWriter): void {
    const properties = source as Readonly<Record<string, unknown>>;
    for (const entry of this.#entries) {
      const value = properties[entry.key];
      if (value === undefined) continue;
      const start = writer.skip(HEADER);
      entry.value.encode(value, writer);
      finishAttribute(writer, start, entry.type | (entry.flags ?? 0));
    }
  }

  /** Names the attribute at `offset` of `bytes`, from the outermost inwards, as in `IFLA_LINKINFO.IFLA_INFO_KIND`; undefined when there is none. */
  locate(bytes: Uint8Array, start: number, offset: number): string | undefined {
    const view = viewOf(bytes, 0);
    let found: string | undefined;
    walkAttributes(view, start, bytes.length, (type, from, to, next) => {
      if (offset < from - HEADER || offset >= next) return;
      const name = this.nameOf(type);
      const inner = offset < from ? undefined : this.#byType[type]?.inside?.locate(bytes.subarray(0, to), from, offset);
      found = inner === undefined ? name : `${name}.${inner}`;
    });
    return found;
  }
}

const NOTHING = new Uint8Array(0);

/** Copies ranges, each given by its start and its end, into one array. */
function gather(view: DataView, ranges: readonly number[]): Uint8Array {
  let size = 0;
  for (let i = 0; i + 1 < ranges.length; i += 2) size += (ranges[i + 1] ?? 0) - (ranges[i] ?? 0);
  const result = new Uint8Array(size);
  let length = 0;
  for (let i = 0; i + 1 < ranges.length; i += 2) {
    const start = ranges[i] ?? 0;
    const end = ranges[i + 1] ?? 0;
    result.set(new Uint8Array(view.buffer, view.byteOffset + start, end - start), length);
    length += end - start;
  }
  return result;
}

/**
 * What every model of attributes has beside its properties. What is read and written again says the same to the kernel, attributes that
 * nobody here knows included, byte for byte. How it is said may change: known attributes stand before unknown ones, each once, in an order
 * of their own; nests that are known are flagged as such; text ends with a null byte, and bytes that are no UTF-8 become U+FFFD; padding
 * and reserved bytes are zero, truths are 0 or 1; ranges of everything have no address, and tables below 256 stand in the header alone.
 */
export interface WithUnknown {
  /** Attributes that this model has no property for, as they stand in the message, headers and padding included; see {@link decodeAttributes}. */
  readonly unknown?: Uint8Array;
}

/** A nest of attributes as a value. */
export function nest<T extends object>(table: AttributeTable<T>): ValueCodec<T & WithUnknown> {
  return {
    decode(view, start, end) {
      const target: Partial<T> = {};
      const unknown = table.decode(view, start, end, target);
      const value = target as T & WithUnknown;
      return unknown.length === 0 ? value : { ...value, unknown };
    },
    encode(value, writer) {
      table.encode(value, writer);
      if (value.unknown !== undefined) writer.bytes(value.unknown);
    },
  };
}

/** Attributes of other types that stood in a list, by the list that was read: nothing is to be lost, and an array has no place for them. */
const strangers = new WeakMap<object, Uint8Array>();

/** A nest of attributes that are all of one type, as a list. What else a kernel puts into it is written again with the list that was read. */
export function listOf<T>(type: number, value: ValueCodec<T>): ValueCodec<readonly T[]> {
  return {
    decode(view, start, end) {
      const list: T[] = [];
      const others: number[] = [];
      walkAttributes(view, start, end, (found, from, to, next) => {
        if (found === type) {
          list.push(value.decode(view, from, to));
          return;
        }
        others.push(from - HEADER, next);
      });
      if (others.length > 0) strangers.set(list, gather(view, others));
      return list;
    },
    encode(list, writer) {
      for (const one of list) writeAttribute(writer, type, () => value.encode(one, writer));
      const others = strangers.get(list);
      if (others !== undefined) writer.bytes(others);
    },
  };
}
