import { formatIp, formatMac } from '../../lib/address.js';
import { type Attribute, decodeAttributes } from '../../netlink/wire/index.js';

/** Attributes read straight from their bytes, for what a model keeps without decoding it. Getters give undefined where there is none. */
export class RawAttributes {
  readonly #all: readonly Attribute[];
  readonly #byType: ReadonlyMap<number, DataView>;

  /** @param bytes attributes one after another */
  constructor(bytes: Uint8Array) {
    this.#all = decodeAttributes(bytes);
    this.#byType = new Map(this.#all.map(({ type, value }) => [type, new DataView(value.buffer, value.byteOffset, value.length)]));
  }

  /** The payload. */
  bytes(type: number): Uint8Array | undefined {
    const view = this.#byType.get(type);
    return view && new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  }

  /** The attributes inside; none when it is not there. */
  nest(type: number): RawAttributes {
    return new RawAttributes(this.bytes(type) ?? new Uint8Array(0));
  }

  /** True when it is there. */
  has(type: number): boolean {
    return this.#byType.has(type);
  }

  /** How many are there. */
  get size(): number {
    return this.#all.length;
  }

  /** One byte. */
  u8(type: number): number | undefined {
    return this.#byType.get(type)?.getUint8(0);
  }

  /** One byte as a truth. */
  flag(type: number): boolean | undefined {
    const value = this.u8(type);
    return value === undefined ? undefined : value !== 0;
  }

  /** Two bytes. */
  u16(type: number): number | undefined {
    return this.#byType.get(type)?.getUint16(0, true);
  }

  /** Four bytes. */
  u32(type: number): number | undefined {
    return this.#byType.get(type)?.getUint32(0, true);
  }

  /** Four bytes in network order. */
  be32(type: number): number | undefined {
    return this.#byType.get(type)?.getUint32(0, false);
  }

  /** Eight bytes. */
  u64(type: number): bigint | undefined {
    return this.#byType.get(type)?.getBigUint64(0, true);
  }

  /** Hardware addresses of every attribute of the type. */
  macs(type: number): readonly string[] {
    return this.#all.filter((one) => one.type === type).map(({ value }) => formatMac(value));
  }

  /** An IP address. */
  ip(type: number): string | undefined {
    const value = this.bytes(type);
    return value && formatIp({ family: value.length === 4 ? 4 : 6, bytes: value });
  }
}
