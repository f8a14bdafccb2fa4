import { formatIp } from '../../lib/address.js';
import { decodeAttributes } from '../../netlink/wire/index.js';

/** Attributes read straight from their bytes, for what a model keeps without decoding it. Getters give undefined where there is none. */
export class RawAttributes {
  readonly #byType: ReadonlyMap<number, DataView>;

  /** @param bytes attributes one after another */
  constructor(bytes: Uint8Array) {
    const all = decodeAttributes(bytes);
    this.#byType = new Map(all.map(({ type, value }) => [type, new DataView(value.buffer, value.byteOffset, value.length)]));
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

  /** One byte. */
  u8(type: number): number | undefined {
    return this.#byType.get(type)?.getUint8(0);
  }

  /** One byte as a truth. */
  flag(type: number): boolean | undefined {
    const value = this.u8(type);
    return value === undefined ? undefined : value !== 0;
  }

  /** Four bytes. */
  u32(type: number): number | undefined {
    return this.#byType.get(type)?.getUint32(0, true);
  }

  /** An IP address. */
  ip(type: number): string | undefined {
    const value = this.bytes(type);
    return value && formatIp({ family: value.length === 4 ? 4 : 6, bytes: value });
  }
}
