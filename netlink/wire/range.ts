import { FAMILY } from './constants/index.js';
import { Malformed } from './malformed.js';

const WIDTH: Readonly<Record<number, number>> = { [FAMILY.INET]: 32, [FAMILY.INET6]: 128 };

/**
 * A range as text from an address attribute and the prefix length in the header. In families other than IPv4 and IPv6, such as that of
 * multicast routes, the length of the attribute decides, and without one, or with a prefix of 0, there is none.
 * @throws Malformed when the prefix is longer than the address
 */
export function rangeOf(family: number, address: string | undefined, prefix: number): string | undefined {
  const width = WIDTH[family] ?? (prefix === 0 ? undefined : widthOf(address));
  if (width === undefined) return undefined;
  if (prefix > width) throw new Malformed(`a prefix length of 0 to ${width}, not ${prefix}`);
  // Everything is written in one way, whether or not the message has an address for it.
  if (address === undefined || prefix === 0) return width === 32 ? `0.0.0.0/${prefix}` : `::/${prefix}`;
  if (widthOf(address) !== width) throw new Malformed('an address of the family in the header');
  return `${address}/${prefix}`;
}

function widthOf(address: string | undefined): number | undefined {
  if (address === undefined) return undefined;
  return address.includes(':') ? 128 : 32;
}

/** An address range taken apart for a message. */
export interface RangeWire {
  /** The address; undefined when the range is everything, or there is none. */
  readonly address: string | undefined;
  /** The prefix length. */
  readonly prefix: number;
}

/** Takes a range such as `10.0.0.0/8` apart. @throws RangeError when it has no prefix length, or an impossible one */
export function splitRange(range: string | undefined): RangeWire {
  if (range === undefined) return { address: undefined, prefix: 0 };
  const slash = range.indexOf('/');
  if (slash < 0) throw new RangeError('a range with its prefix length is needed');
  const prefix = Number(range.slice(slash + 1));
  const address = range.slice(0, slash);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > (address.includes(':') ? 128 : 32)) {
    throw new RangeError('a prefix length from 0 to 32 or 128 is needed');
  }
  // The kernel's own messages leave the address of a default route out, and an unspecified one in a request is refused by IPv6's.
  return { address: prefix === 0 ? undefined : address, prefix };
}
