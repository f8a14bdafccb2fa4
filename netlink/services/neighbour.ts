import type { CallOptions } from '../../lib/provider.js';
import type { NetlinkRequest } from '../connection.js';
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

/** What {@link NeighbourService.list} gives. */
export interface NeighbourListOptions extends CallOptions {
  /** Only of this link. */
  readonly linkIndex?: number;
  /** Only of this family. Default both. */
  readonly family?: 4 | 6;
  /** Only those this host answers for, instead of the neighbours themselves. */
  readonly proxies?: boolean;
}

function familyOf(address: string): number {
  return address.includes(':') ? FAMILY.INET6 : FAMILY.INET;
}

function toRequest(op: string, flags: number, neighbour: NewNeighbour): NetlinkRequest {
  const { linkIndex, address, mac, state } = neighbour;
  const proxy = ((neighbour.flags ?? 0) & NTF.PROXY) !== 0;
  const message: NeighbourMessage = {
    family: familyOf(address),
    linkIndex,
    state: state ?? (proxy ? NUD.NONE : NUD.PERMANENT),
    flags: neighbour.flags ?? 0,
    ...defined<NeighbourAttributes>({ address, mac }),
  };
  return { op: `neighbour.${op} ${address} on link ${linkIndex}`, type: RTM.NEWNEIGH, flags, payload: encodeNeighbour(message) };
}

/** The request that adds a neighbour, for a batch. */
export function addNeighbourRequest(neighbour: NewNeighbour): NetlinkRequest {
  return toRequest('add', NLM_F.CREATE | NLM_F.EXCL, neighbour);
}

/** The request that adds a neighbour or changes the one that is there, for a batch. */
export function replaceNeighbourRequest(neighbour: NewNeighbour): NetlinkRequest {
  return toRequest('replace', NLM_F.CREATE | NLM_F.REPLACE, neighbour);
}

/** The request that deletes a neighbour, for a batch. A proxy entry is named by its flag. */
export function deleteNeighbourRequest(neighbour: Pick<NewNeighbour, 'linkIndex' | 'address' | 'flags'>): NetlinkRequest {
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

  /** All neighbours of both families, also those that need no resolution, as multicast addresses. */
  async list(options: NeighbourListOptions = {}): Promise<readonly NeighbourMessage[]> {
    const { linkIndex, family, proxies } = options;
    const wire = family === undefined ? FAMILY.UNSPEC : family === 4 ? FAMILY.INET : FAMILY.INET6;
    const filter: NeighbourMessage = {
      family: wire,
      linkIndex: 0,
      flags: proxies === true ? NTF.PROXY : 0,
      ...defined<NeighbourAttributes>({ viaIndex: linkIndex }),
    };
    const request: NetlinkRequest = { op: 'neighbour.list', type: RTM.GETNEIGH, payload: encodeNeighbour(filter) };
    const found = await this.#requester.dump(request, ({ payload }) => decodeNeighbour(payload), options);
    return found.filter(
      (one) =>
        (family === undefined ? one.family === FAMILY.INET || one.family === FAMILY.INET6 : one.family === wire) &&
        (linkIndex === undefined || one.linkIndex === linkIndex),
    );
  }

  /** Adds a neighbour. @throws NetlinkError with errno `EEXIST` when it is there */
  async add(neighbour: NewNeighbour, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(addNeighbourRequest(neighbour), undefined, options);
  }

  /** Adds a neighbour, or changes the one that is there. */
  async replace(neighbour: NewNeighbour, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(replaceNeighbourRequest(neighbour), undefined, options);
  }

  /** Adds a neighbour unless one with that address is there, whatever its hardware address. */
  async ensure(neighbour: NewNeighbour, options: CallOptions = {}): Promise<void> {
    try {
      await this.add(neighbour, options);
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
  }

  /** Deletes a neighbour. A proxy entry is named by its flag. @throws NetlinkError with errno `ENOENT` when it is not there */
  async delete(neighbour: Pick<NewNeighbour, 'linkIndex' | 'address' | 'flags'>, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(deleteNeighbourRequest(neighbour), undefined, options);
  }

  /** Deletes a neighbour. One that is not there is no error. */
  async remove(neighbour: Pick<NewNeighbour, 'linkIndex' | 'address' | 'flags'>, options: CallOptions = {}): Promise<void> {
    await unlessAbsent(this.delete(neighbour, options), 'ENOENT');
  }
}
