import { type Cidr, contains, formatIp, type IpAddress, ipFromBytes, parseCidr, parseIp, sameIp, toNetwork } from '../../lib/address.js';
import type { Nic, Subnet } from '../../lib/nic.js';

/** A subnet of a memory cloud. */
export interface MemorySubnet {
  /** Its id. */
  readonly id: string;
  /** The private network it belongs to; without one it has no range and its NICs have no address. */
  readonly networkId?: string;
  /** Its range, such as `192.168.100.0/24`. */
  readonly cidr?: string;
  /** The router's address in it; the first one of the range by default. */
  readonly gateway?: string;
}

function addressAt(range: Cidr, offset: number): IpAddress {
  const bytes = Uint8Array.from(toNetwork(range).bytes);
  let carry = offset;
  for (let i = bytes.length - 1; i >= 0 && carry > 0; i--) {
    const sum = (bytes[i] ?? 0) + carry;
    bytes[i] = sum & 0xff;
    carry = sum >>> 8;
  }
  return ipFromBytes(bytes);
}

function hostCount(range: Cidr): number {
  const bits = range.bytes.length * 8 - range.prefix;
  return bits > 30 ? 2 ** 30 : 2 ** bits;
}

/** The addresses of one subnet: which are free, and how many. */
export class AddressRange {
  readonly #subnet: MemorySubnet;
  readonly #range: Cidr | undefined;
  readonly #gateway: IpAddress | undefined;
  readonly #limit: number;

  /**
   * @param limit how many NICs the subnet may hold
   * @throws RangeError when the subnet's range or gateway is no address
   */
  constructor(subnet: MemorySubnet, limit: number) {
    this.#subnet = subnet;
    this.#limit = limit;
    if (subnet.cidr === undefined) return;
    this.#range = parseCidr(subnet.cidr);
    if (this.#range === undefined) throw new RangeError(`subnet ${subnet.id}: ${subnet.cidr} is no range`);
    this.#gateway = subnet.gateway === undefined ? addressAt(this.#range, 1) : parseIp(subnet.gateway);
    if (this.#gateway === undefined) throw new RangeError(`subnet ${subnet.id}: ${subnet.gateway} is no address`);
  }

  /** The router's address; undefined when the subnet has no range. */
  get gateway(): string | undefined {
    return this.#gateway === undefined ? undefined : formatIp(this.#gateway);
  }

  /** How many more NICs it takes. */
  free(nics: readonly Nic[]): number {
    const usable = this.#range === undefined ? this.#limit : Math.min(this.#limit, hostCount(this.#range) - 3);
    return Math.max(0, usable - nics.length);
  }

  /** True when a NIC of this subnet may have that address: in range, and neither the first, the last nor the router's. */
  allows(text: string): boolean {
    const ip = parseIp(text);
    if (this.#range === undefined || this.#gateway === undefined || ip === undefined || !contains(this.#range, ip)) return false;
    const ends = [addressAt(this.#range, 0), addressAt(this.#range, hostCount(this.#range) - 1)];
    return ![...ends, this.#gateway].some((reserved) => sameIp(reserved, ip));
  }

  /** The lowest address that no NIC has; undefined when there is none. */
  lowestFree(nics: readonly Nic[]): string | undefined {
    if (this.#range === undefined) return undefined;
    const taken = new Set(nics.flatMap((nic) => nic.addresses));
    const last = hostCount(this.#range) - 1;
    for (let offset = 1; offset < last; offset++) {
      const text = formatIp(addressAt(this.#range, offset));
      if (text !== this.gateway && !taken.has(text)) return text;
    }
    return undefined;
  }

  /** The subnet as the provider describes it. @param nics those that live in it */
  toSubnet(nics: readonly Nic[]): Subnet {
    const { id, networkId, cidr } = this.#subnet;
    return { id, networkId, cidr, gateway: this.gateway, freeAddresses: this.free(nics) };
  }
}
