import { DecodeError } from '../../lib/errors.js';

/** Carries the place of a fault from inside a message to its decoder; never leaves this folder. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
  /** Attribute names from the outermost inwards. */
  readonly path: readonly string[];
  /** What was expected there, in words. */
  readonly expected: string;

  /** @param path attribute names from the outermost inwards */
  constructor(expected: string, path: readonly string[] = []) {
    super(expected);
    this.expected = expected;
    this.path = path;
  }

  /** The same fault seen from the attribute around it. */
  within(name: string): Malformed {
    return new Malformed(this.expected, [name, ...this.path]);
  }
}

/** Runs a decoder and turns a fault into the error that callers see. @throws DecodeError `ERR_DECODE` */
export function decoding<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof Malformed) {
      throw new DecodeError(what, [{ path: error.path.join('.'), expected: error.expected }], { cause: error });
    }
    throw error;
  }
}

/** Looks at bytes. @throws Malformed when there are fewer than `least` */
export function viewOf(bytes: Uint8Array, least: number): DataView {
  if (bytes.length < least) throw new Malformed(`at least ${least} bytes, not ${bytes.length}`);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The bytes of a range, copied, so that a receive buffer may be used again. */
export function copyBytes(view: DataView, start: number, end: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + start, end - start).slice();
}
