import { parseCidr } from '../../lib/address.js';
import { NetlinkError } from '../../lib/errors.js';
import type { CallOptions } from '../../lib/provider.js';
import type { NetlinkRequest } from '../connection.js';
import { mapListing } from '../interrupted.js';
import { type AddressAttributes, type AddressMessage, decodeAddress, encodeAddress, FAMILY, NLM_F, RT_SCOPE, RTM } from '../wire/index.js';
import { disagreements } from './agreement.js';
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
  /** Only of this scope, one of {@link RT_SCOPE}. */
  readonly scope?: number;
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

/** What names a point-to-point address besides. */
export interface AddressPeerOptions extends CallOptions {
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

/** The address as the kernel would tell it. */
function toListed(address: NewAddress): AddressMessage {
  return decodeAddress(encodeAddress(toMessage(address)));
}

/** True when both are one to the kernel. IPv6 names one end only, unless they differ. */
function isSameAddress(one: AddressMessage, other: AddressMessage): boolean {
  const same = one.family === other.family && one.prefix === other.prefix && one.address === other.address;
  return same && (one.local ?? one.address) === (other.local ?? other.address);
}

/** The addresses of one namespace. Every method rejects with a NetlinkError when the kernel refuses. */
export class AddressService {
  readonly #requester: Requester;

  /** @param requester the connection, which decides the namespace */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** All addresses, both families. @throws DumpInterruptedError with what was found, when changes keep tearing the listing */
  async list(options: AddressListOptions = {}): Promise<readonly AddressMessage[]> {
    const { linkIndex, family, scope } = options;
    const wire = family === undefined ? FAMILY.UNSPEC : family === 4 ? FAMILY.INET : FAMILY.INET6;
    const payload = encodeAddress({ family: wire, prefix: 0, linkIndex: linkIndex ?? 0 });
    const op = linkIndex === undefined ? 'address.list' : `address.list on link ${linkIndex}`;
    const isMeant = (one: AddressMessage): boolean =>
      (one.family === FAMILY.INET || one.family === FAMILY.INET6) &&
      (linkIndex === undefined || one.linkIndex === linkIndex) &&
      (family === undefined || one.family === wire) &&
      (scope === undefined || one.scope === scope);
    const listing = this.#requester.dump({ op, type: RTM.GETADDR, payload }, ({ payload: reply }) => decodeAddress(reply), options);
    return mapListing(listing, (found) => found.filter(isMeant));
  }

  /** One address of a link. @throws NetlinkError with errno `EADDRNOTAVAIL` when it is not there, `ENODEV` when there is no such link */
  async get(linkIndex: number, address: string, options: AddressPeerOptions = {}): Promise<AddressMessage> {
    const found = await this.find(linkIndex, address, options);
    if (found !== undefined) return found;
    throw new NetlinkError({
      op: `address.get ${address} on link ${linkIndex}`,
      errno: 'EADDRNOTAVAIL',
      hint: 'the link has no such address with that prefix length',
    });
  }

  /** One address of a link, or undefined when it is not there. */
  async find(linkIndex: number, address: string, options: AddressPeerOptions = {}): Promise<AddressMessage | undefined> {
    const { peer, ...callOptions } = options;
    const wanted = toListed({ linkIndex, address, ...defined<Pick<NewAddress, 'peer'>>({ peer }) });
    const family = wanted.family === FAMILY.INET6 ? 6 : 4;
    return (await this.list({ ...callOptions, linkIndex, family })).find((one) => isSameAddress(one, wanted));
  }

  /** Adds an address. @throws NetlinkError with errno `EEXIST` when it is there */
  async add(address: NewAddress, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(addAddressRequest(address), undefined, options);
  }

  /** Adds an address, or changes the settings of the one that is there. */
  async replace(address: NewAddress, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(replaceAddressRequest(address), undefined, options);
  }

  /**
   * Makes sure that there is the address: adds it, or changes the settings that one with that prefix length has otherwise.
   * One that agrees in all that is given stays untouched; a lifetime is always renewed.
   * @throws NetlinkError with errno `EEXIST` when it is there with something that cannot be changed: IPv6 with another prefix length,
   * IPv4 with another label, broadcast address or scope
   */
  async ensure(address: NewAddress, options: CallOptions = {}): Promise<void> {
    try {
      await this.add(address, options);
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
      if ((await this.#differences(address, error, options)).length === 0) return;
      await this.replace(address, options);
      const left = (await this.#differences(address, error, options)).filter((name) => name !== 'lifetime');
      if (left.length === 0) return;
      const hint = `it is there with another ${left.join(', ')}, which the kernel does not change; delete it first`;
      throw new NetlinkError({ op: `address.ensure ${address.address} on link ${address.linkIndex}`, errno: 'EEXIST', hint, cause: error });
    }
  }

  /** What the address has otherwise than wanted. @throws `refusal` when there is no such address */
  async #differences(address: NewAddress, refusal: unknown, options: CallOptions): Promise<readonly string[]> {
    const wanted = toListed(address);
    const found = (await this.list({ ...options, linkIndex: address.linkIndex })).find((one) => isSameAddress(one, wanted));
    // IPv6 answers EEXIST also when the address is there with another prefix length.
    if (found === undefined) throw refusal;
    const { broadcast, label, routeMetric, flags, lifetime } = wanted;
    const setFlags = flags === undefined ? undefined : (found.flags ?? 0) & flags;
    return disagreements(
      { ...found, flags: setFlags },
      { broadcast, label, routeMetric, flags, lifetime, scope: wanted.family === FAMILY.INET ? address.scope : undefined },
    );
  }

  /** Deletes an address. @throws NetlinkError with errno `EADDRNOTAVAIL` when it is not there */
  async delete(linkIndex: number, address: string, options: AddressPeerOptions = {}): Promise<void> {
    await this.#requester.request(deleteAddressRequest(linkIndex, address, options.peer), undefined, options);
  }

  /** Deletes an address. One that is not there is no error. */
  async remove(linkIndex: number, address: string, options: AddressPeerOptions = {}): Promise<void> {
    await unlessAbsent(this.delete(linkIndex, address, options), 'EADDRNOTAVAIL');
  }
}
