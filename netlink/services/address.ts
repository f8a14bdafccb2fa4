import { parseCidr } from '../../lib/address.js';
import type { CallOptions } from '../../lib/provider.js';
import type { NetlinkRequest } from '../connection.js';
import {
  type AddressAttributes,
  type AddressMessage,
  decodeAddress,
  encodeAddress,
  FAMILY,
  ipToBytes,
  NLM_F,
  RT_SCOPE,
  RTM,
} from '../wire/index.js';
import { defined, isErrno, type Requester, unlessAbsent } from './requester.js';

const FOR_EVER = 0xffff_ffff;

/** An address to add. */
export interface NewAddress {
  /** The link's index. */
  readonly linkIndex: number;
  /** With its prefix length: `192.168.100.20/24`. */
  readonly address: string;
  /** The other end's address on a point-to-point link, without prefix length. */
  readonly peer?: string;
  /** Broadcast address, IPv4 only; default none. */
  readonly broadcast?: string;
  /** Label, IPv4 only: the link's name, alone or with `:` and a suffix. */
  readonly label?: string;
  /** One of {@link RT_SCOPE}; default universe, or host for loopback addresses. */
  readonly scope?: number;
  /** {@link IFA_F} bits, such as NODAD. */
  readonly flags?: number;
  /** Metric of the route that comes with it. */
  readonly routeMetric?: number;
  /** Seconds until it is not used for new connections; default for ever. */
  readonly preferredSeconds?: number;
  /** Seconds until it is removed; default for ever. */
  readonly validSeconds?: number;
}

/** What {@link AddressService.list} gives. */
export interface AddressListOptions extends CallOptions {
  /** Only of this link. */
  readonly linkIndex?: number;
  /** Only of this family. */
  readonly family?: 4 | 6;
}

interface Parsed {
  readonly family: number;
  readonly prefix: number;
  readonly host: string;
}

function parse(text: string): Parsed {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new RangeError(`${JSON.stringify(text)} is no address with prefix length`);
  // Not the parsed family: an IPv4-mapped address is IPv6 on a link.
  const wide = text.includes(':');
  const slash = text.indexOf('/');
  return { family: wide ? FAMILY.INET6 : FAMILY.INET, prefix: Number(text.slice(slash + 1)), host: text.slice(0, slash) };
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.');
}

function toMessage(address: NewAddress): AddressMessage {
  const { family, prefix, host } = parse(address.address);
  const { linkIndex, peer, broadcast, label, flags, routeMetric, preferredSeconds, validSeconds } = address;
  const limited = preferredSeconds !== undefined || validSeconds !== undefined;
  const lifetime = { preferredSeconds: preferredSeconds ?? validSeconds ?? FOR_EVER, validSeconds: validSeconds ?? FOR_EVER };
  return {
    family,
    prefix,
    linkIndex,
    scope: address.scope ?? (isLoopback(host) ? RT_SCOPE.HOST : RT_SCOPE.UNIVERSE),
    local: host,
    address: peer ?? host,
    ...defined<AddressAttributes>({ broadcast, label, flags, routeMetric, lifetime: limited ? lifetime : undefined }),
  };
}

function toRequest(op: string, flags: number, address: NewAddress): NetlinkRequest {
  const payload = encodeAddress(toMessage(address));
  return { op: `address.${op} ${address.address} on link ${address.linkIndex}`, type: RTM.NEWADDR, flags, payload };
}

/** The request that adds an address, for a batch. */
export function addAddressRequest(address: NewAddress): NetlinkRequest {
  return toRequest('add', NLM_F.CREATE | NLM_F.EXCL, address);
}

/** The request that adds an address or changes the one that is there, for a batch. */
export function replaceAddressRequest(address: NewAddress): NetlinkRequest {
  return toRequest('replace', NLM_F.CREATE | NLM_F.REPLACE, address);
}

/** What {@link AddressService.delete} needs besides, for point-to-point addresses. */
export interface AddressDeleteOptions extends CallOptions {
  /** The other end's address, without prefix length. */
  readonly peer?: string;
}

/** The request that deletes an address, for a batch. */
export function deleteAddressRequest(linkIndex: number, address: string, peer?: string): NetlinkRequest {
  const { family, prefix, host } = parse(address);
  // Without IFA_ADDRESS the kernel does not look at the prefix length (inet_rtm_deladdr, net/ipv4/devinet.c).
  const payload = encodeAddress({ family, prefix, linkIndex, local: host, address: peer ?? host });
  return { op: `address.delete ${address} on link ${linkIndex}`, type: RTM.DELADDR, payload };
}

/** The addresses of one namespace. Every method rejects with a NetlinkError when the kernel refuses. */
export class AddressService {
  readonly #requester: Requester;

  /** @param requester the connection, which decides the namespace */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** All addresses, both families. */
  async list(options: AddressListOptions = {}): Promise<readonly AddressMessage[]> {
    const { linkIndex, family } = options;
    const wire = family === undefined ? FAMILY.UNSPEC : family === 4 ? FAMILY.INET : FAMILY.INET6;
    const payload = encodeAddress({ family: wire, prefix: 0, linkIndex: linkIndex ?? 0 });
    const op = linkIndex === undefined ? 'address.list' : `address.list on link ${linkIndex}`;
    const found = await this.#requester.dump({ op, type: RTM.GETADDR, payload }, ({ payload: reply }) => decodeAddress(reply), options);
    return found.filter(
      (one) =>
        (one.family === FAMILY.INET || one.family === FAMILY.INET6) &&
        (linkIndex === undefined || one.linkIndex === linkIndex) &&
        (family === undefined || one.family === wire),
    );
  }

  /** Adds an address. @throws NetlinkError with errno `EEXIST` when it is there */
  async add(address: NewAddress, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(addAddressRequest(address), undefined, options);
  }

  /** Adds an address, or changes the settings of the one that is there. */
  async replace(address: NewAddress, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(replaceAddressRequest(address), undefined, options);
  }

  /** Adds an address unless it is there with that prefix length. Settings of one that is there stay. */
  async ensure(address: NewAddress, options: CallOptions = {}): Promise<void> {
    try {
      await this.add(address, options);
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
      // IPv6 answers EEXIST also when the address is there with another prefix length.
      const { linkIndex } = address;
      const wanted = toMessage(address);
      const same = (one: AddressMessage): boolean =>
        one.prefix === wanted.prefix && sameAddress(one.local ?? one.address, wanted.local) && sameAddress(one.address, wanted.address);
      if (!(await this.list({ ...options, linkIndex })).some(same)) throw error;
    }
  }

  /** Deletes an address. @throws NetlinkError with errno `EADDRNOTAVAIL` when it is not there */
  async delete(linkIndex: number, address: string, options: AddressDeleteOptions = {}): Promise<void> {
    await this.#requester.request(deleteAddressRequest(linkIndex, address, options.peer), undefined, options);
  }

  /** Deletes an address. One that is not there is no error. */
  async remove(linkIndex: number, address: string, options: AddressDeleteOptions = {}): Promise<void> {
    await unlessAbsent(this.delete(linkIndex, address, options), 'EADDRNOTAVAIL');
  }
}

function sameAddress(found: string | undefined, wanted: string | undefined): boolean {
  if (found === undefined || wanted === undefined) return found === wanted;
  return canonical(found) === canonical(wanted);
}

function canonical(host: string): string {
  return Buffer.from(ipToBytes(host)).toString('hex');
}
