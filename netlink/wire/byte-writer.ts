import { align4 } from './align.js';
import { LITTLE_ENDIAN } from './byte-order.js';

/** Builds bytes from front to back, in the byte order of the machine. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  /** @param capacity bytes to start with; it grows as needed */
  constructor(capacity = 128) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.#length;
  }

  /** Makes room for `count` zero bytes and says where they begin. It may replace the memory, so it comes before any use of that. */
  skip(count: number): number {
    const start = this.#length;
    const end = start + count;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, start));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = end;
    return start;
  }

  /** Appends one byte. */
  u8(value: number): void {
    const offset = this.skip(1);
    this.#view.setUint8(offset, value);
  }

  /** Appends 16 bits. */
  u16(value: number): void {
    const offset = this.skip(2);
    this.#view.setUint16(offset, value, LITTLE_ENDIAN);
  }

  /** Appends 16 bits in network order. */
  be16(value: number): void {
    const offset = this.skip(2);
    this.#view.setUint16(offset, value, false);
  }

  /** Appends 32 bits; negative numbers in two's complement. */
  u32(value: number): void {
    const offset = this.skip(4);
    this.#view.setUint32(offset, value, LITTLE_ENDIAN);
  }

  /** Appends 32 bits in network order. */
  be32(value: number): void {
    const offset = this.skip(4);
    this.#view.setUint32(offset, value, false);
  }

  /** Appends 64 bits. */
  u64(value: bigint): void {
    const offset = this.skip(8);
    this.#view.setBigUint64(offset, value, LITTLE_ENDIAN);
  }

  /** Appends bytes as they are. */
  bytes(value: Uint8Array): void {
    const start = this.skip(value.length);
    this.#bytes.set(value, start);
  }

  /** Appends zeros up to the next multiple of four. */
  align(): void {
    this.skip(align4(this.#length) - this.#length);
  }

  /** Overwrites 16 bits at a place written before. */
  patch16(offset: number, value: number): void {
    this.#view.setUint16(offset, value, LITTLE_ENDIAN);
  }

  /** Overwrites 32 bits at a place written before. */
  patch32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, LITTLE_ENDIAN);
  }

  /** What has been written. It shares memory with the writer. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** What has been written, in memory of its own. */
  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Forgets what has been written, and keeps the memory. */
  reset(): void {
    this.#bytes.fill(0, 0, this.#length);
    this.#length = 0;
  }
}

const scratch = new ByteWriter(1024);

/** The bytes that `write` appends to an empty writer. Making a writer costs more than most messages, so there is one for all; it is not for use inside `write`. */
export function written(write: (writer: ByteWriter) => void): Uint8Array {
  try {
    write(scratch);
    return scratch.copy();
  } finally {
    scratch.reset();
  }
}
