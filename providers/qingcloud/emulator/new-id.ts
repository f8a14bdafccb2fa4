import { formatMac } from '../../../lib/address.js';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

interface Taken {
  has(id: string): boolean;
}

/** Counts up from a random number, so that even a source that always says the same ends. */
function firstFree(random: () => number, size: number, format: (value: number) => string, taken: Taken): string {
  let value = Math.floor(random() * size);
  while (taken.has(format(value))) value = (value + 1) % size;
  return format(value);
}

/** A MAC address as the cloud gives them, `52:54:…`, that is not among `taken`. @param random numbers from 0 up to 1 */
export function newMac(random: () => number, taken: Taken): string {
  const format = (value: number): string =>
    formatMac(Uint8Array.of(0x52, 0x54, value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255));
  return firstFree(random, 2 ** 32, format, taken);
}

/** A job id as the cloud gives them, `j-` and eight letters or digits, that is not among `taken`. @param random numbers from 0 up to 1 */
export function newJobId(random: () => number, taken: Taken): string {
  const format = (value: number): string => {
    let text = '';
    for (let rest = value, i = 0; i < 8; i += 1, rest = Math.floor(rest / LETTERS.length)) text += LETTERS[rest % LETTERS.length];
    return `j-${text}`;
  };
  return firstFree(random, LETTERS.length ** 8, format, taken);
}
