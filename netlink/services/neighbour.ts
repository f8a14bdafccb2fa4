import { NetlinkError } from '../../lib/errors.js';
import type { CallOptions } from '../../lib/provider.js';
import type { NetlinkRequest } from '../connection.js';
import { mapListing } from '../interrupted.js';
import {
  decodeNeighbour,
  encodeNeighbour,
  FAMILY,
  type NeighbourAttributes,
  type NeighbourMessage,
  NLM_F,
  NTF,
  NUD,
  RTM,
} from '../wire/index.js';
import { agrees } from './agreement.js';
import { defined, isErrno, type Requester, unlessAbsent } from './requester.js';

/** A neighbour to add. */
export interface NewNeighbour {
  /** The link's index. */
  readonly linkIndex: number;
  /** Its address, without prefix length. */
  readonly address: string;
  /** Its hardware address. Not needed for a proxy entry. */
  readonly mac?: string;
  /** {@link NUD} bits; default permanent. */
  readonly state?: number;
  /** {@link NTF} bits. With PROXY, this host answers for the address. */
  readonly flags?: number;
}

/** Which neighbour is meant. A proxy entry is named by its flag. */
export type NeighbourQuery = Pick<NewNeighbour, 'linkIndex' | 'address' | 'flags'>;

/** What {@link NeighbourService.list} gives. */
export interface NeighbourListOptions extends CallOptions {
  /** Only of this link. */
  readonly linkIndex?: number;
  /** Only of this family. Default both. */
  readonly family?: 4 | 6;
  /** Only those this host answers for, instead of the neighbours themselves. */
  readonly proxies?: boolean;
  /** Only in one of these states: {@link NUD} bits. */
  readonly state?: number;
}

function familyOf(address: string): number {
  return address.includes(':') ? FAMILY.INET6 : FAMILY.INET;
}

function toMessage(neighbour: NewNeighbour): NeighbourMessage {
  const { linkIndex, address, mac, state } = neighbour;
  const proxy = ((neighbour.flags ?? 0) & NTF.PROXY) !== 0;
  return {
    family: familyOf(address),
    linkIndex,
    state: state ?? (proxy ? NUD.NONE : NUD.PERMANENT),
    flags: neighbour.flags ?? 0,
    ...defined<NeighbourAttributes>({ address, mac }),
  };
}

function toRequest(op: string, flags: number, neighbour: NewNeighbour): NetlinkRequest {
  const { linkIndex, address } = neighbour;
  const payload = encodeNeighbour(toMessage(neighbour));
  return { op: `neighbour.${op} ${address} on link ${linkIndex}`, type: RTM.NEWNEIGH, flags, payload };
}

/** The request that adds a neighbour, for a batch. */
export function addNeighbourRequest(neighbour: NewNeighbour): NetlinkRequest {
  return toRequest('add', NLM_F.CREATE | NLM_F.EXCL, neighbour);
}

/** The request that adds a neighbour or changes the one that is there, for a batch. */
export function replaceNeighbourRequest(neighbour: NewNeighbour): NetlinkRequest {
  return toRequest('replace', NLM_F.CREATE | NLM_F.REPLACE, neighbour);
}

/** The request that changes a neighbour that is there, for a batch. */
export function setNeighbourRequest(neighbour: NewNeighbour): NetlinkRequest {
  return toRequest('set', NLM_F.REPLACE, neighbour);
}

/** The request that deletes a neighbour, for a batch. A proxy entry is named by its flag. */
export function deleteNeighbourRequest(neighbour: NeighbourQuery): NetlinkRequest {
  const { linkIndex, address, flags } = neighbour;
  const payload = encodeNeighbour({ family: familyOf(address), linkIndex, address, flags: flags ?? 0 });
  return { op: `neighbour.delete ${address} on link ${linkIndex}`, type: RTM.DELNEIGH, payload };
}

/** The neighbours of one namespace (ARP and NDP). Every method rejects with a NetlinkError when the kernel refuses. */
export class NeighbourService {
  readonly #requester: Requester;

  /** @param requester the connection, which decides the namespace */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /**
   * All neighbours of both families, also those that need no resolution, as multicast addresses.
   * @throws DumpInterruptedError with what was found, when changes keep tearing the listing
   */
  async list(options: NeighbourListOptions = {}): Promise<readonly NeighbourMessage[]> {
    const { linkIndex, family, proxies, state } = options;
    const wire = family === undefined ? FAMILY.UNSPEC : family === 4 ? FAMILY.INET : FAMILY.INET6;
    const filter: NeighbourMessage = {
      family: wire,
      linkIndex: 0,
      flags: proxies === true ? NTF.PROXY : 0,
      ...defined<NeighbourAttributes>({ viaIndex: linkIndex }),
    };
    const request: NetlinkRequest = { op: 'neighbour.list', type: RTM.GETNEIGH, payload: encodeNeighbour(filter) };
    const isMeant = (one: NeighbourMessage): boolean =>
      (family === undefined ? one.family === FAMILY.INET || one.family === FAMILY.INET6 : one.family === wire) &&
      (linkIndex === undefined || one.linkIndex === linkIndex) &&
      (state === undefined || ((one.state ?? 0) & state) !== 0);
    const listing = this.#requester.dump(request, ({ payload }) => decodeNeighbour(payload), options);
    return mapListing(listing, (found) => found.filter(isMeant));
  }

  /** One neighbour. @throws NetlinkError with errno `ENOENT` when it is not there */
  async get(neighbour: NeighbourQuery, options: CallOptions = {}): Promise<NeighbourMessage> {
    const { linkIndex, address, flags } = neighbour;
    const op = `neighbour.get ${address} on link ${linkIndex}`;
    const payload = encodeNeighbour({ family: familyOf(address), linkIndex, address, flags: (flags ?? 0) & NTF.PROXY });
    const request: NetlinkRequest = { op, type: RTM.GETNEIGH, payload };
    const [found] = await this.#requester.request(request, (reply) => decodeNeighbour(reply.payload), options);
    if (found === undefined) throw new NetlinkError({ op, errno: 'ENOENT', hint: 'the kernel answered without a neighbour' });
    return found;
  }

  /** One neighbour, or undefined when it is not there. */
  async find(neighbour: NeighbourQuery, options: CallOptions = {}): Promise<NeighbourMessage | undefined> {
    try {
      return await this.get(neighbour, options);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** Adds a neighbour. @throws NetlinkError with errno `EEXIST` when it is there */
  async add(neighbour: NewNeighbour, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(addNeighbourRequest(neighbour), undefined, options);
  }

  /** Adds a neighbour, or changes the one that is there. */
  async replace(neighbour: NewNeighbour, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(replaceNeighbourRequest(neighbour), undefined, options);
  }

  /** Changes a neighbour that is there. @throws NetlinkError with errno `ENOENT` when it is not */
  async set(neighbour: NewNeighbour, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(setNeighbourRequest(neighbour), undefined, options);
  }

  /** Makes sure that there is the neighbour: adds it, or changes one with that address that differs. One that agrees stays untouched. */
  async ensure(neighbour: NewNeighbour, options: CallOptions = {}): Promise<void> {
    try {
      await this.add(neighbour, options);
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
      const found = await this.find(neighbour, options);
      const { mac, state, flags = 0 } = decodeNeighbour(encodeNeighbour(toMessage(neighbour)));
      if (found !== undefined && agrees(found, { mac, state }) && ((found.flags ?? 0) & flags) === flags) return;
      await this.replace(neighbour, options);
    }
  }

  /** Deletes a neighbour. A proxy entry is named by its flag. @throws NetlinkError with errno `ENOENT` when it is not there */
  async delete(neighbour: NeighbourQuery, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(deleteNeighbourRequest(neighbour), undefined, options);
  }

  /** Deletes a neighbour. One that is not there is no error. */
  async remove(neighbour: NeighbourQuery, options: CallOptions = {}): Promise<void> {
    await unlessAbsent(this.delete(neighbour, options), 'ENOENT');
  }
}
