/** Bytes around a message: an attribute that looks right and one that does not, so that reading on would be seen either way. */
const POISONS: readonly Buffer[] = [Buffer.from('0800040017170000', 'hex'), Buffer.from('ffff030061626364', 'hex')];
const MARGIN = 64;

/** A message within a larger piece of memory, as a receive buffer is. */
export interface Poisoned {
  /** The message alone. */
  readonly message: Uint8Array;
  /** Overwrites the message, as the next one received would. */
  scribble(): void;
  /** True while nothing has written to any of it. */
  isUntouched(): boolean;
}

/** Puts copies of messages of at most `most` bytes into the middle of memory that is filled with the poison of that number. */
export function createPoisonedMemory(poison: 0 | 1, most: number): (bytes: Uint8Array) => Poisoned {
  const memory = Buffer.alloc(most + 2 * MARGIN, POISONS[poison]);
  const clean = Buffer.from(memory);
  let end = 0;
  return (bytes) => {
    if (bytes.length > most) throw new RangeError(`a message of at most ${most} bytes, not ${bytes.length}`);
    clean.copy(memory, 0, 0, end);
    // Off the alignment that messages have otherwise.
    const start = MARGIN + (bytes.length % 4);
    end = start + bytes.length;
    memory.set(bytes, start);
    return {
      message: new Uint8Array(memory.buffer, memory.byteOffset + start, bytes.length),
      scribble: () => {
        clean.copy(memory, start, start, start + bytes.length);
      },
      isUntouched: () =>
        memory.compare(bytes, 0, bytes.length, start, start + bytes.length) === 0 &&
        memory.compare(clean, 0, start, 0, start) === 0 &&
        memory.compare(clean, start + bytes.length, clean.length, start + bytes.length, memory.length) === 0,
    };
  };
}

/** True when two values that decoders give are the same: what an assertion says in the thousandth of its time. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length || Array.isArray(a) !== Array.isArray(b)) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isSame(Reflect.get(a, key), Reflect.get(b, key)));
}
