import { NetlinkError } from '../../lib/errors.js';
import type { CallOptions } from '../../lib/provider.js';
import { mapListing } from '../interrupted.js';
import type { NamespaceHandle } from '../namespace.js';
import { decodeNsid, encodeNsid, type NsidMessage, RTM } from '../wire/index.js';
import { isErrno, type Requester } from './requester.js';

/** NETNSA_NSID_NOT_ASSIGNED (include/uapi/linux/net_namespace.h). */
const NOT_ASSIGNED = -1;

/**
 * The ids by which one namespace knows others. A link that leads to another namespace (a veth's peer, the link below a macvlan)
 * names it by such an id. Every method rejects with a NetlinkError when the kernel refuses.
 */
export class NsidService {
  readonly #requester: Requester;

  /** @param requester the connection, which decides the namespace */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** The ids that are in use. */
  async list(options: CallOptions = {}): Promise<readonly number[]> {
    const request = { op: 'nsid.list', type: RTM.GETNSID, payload: encodeNsid({}) };
    const listing = this.#requester.dump(request, ({ payload }) => decodeNsid(payload).id, options);
    return mapListing(listing, (found) => found.filter((id) => id !== undefined));
  }

  /** The id of another namespace, or undefined when it has none here. */
  async find(other: NamespaceHandle, options: CallOptions = {}): Promise<number | undefined> {
    const op = `nsid.find ${other.label}`;
    const request = { op, type: RTM.GETNSID, payload: encodeNsid({ fd: other.fd }) };
    const [reply] = await this.#requester.request<NsidMessage>(request, ({ payload }) => decodeNsid(payload), options);
    if (reply?.id === undefined) throw new NetlinkError({ op, errno: 'ENOMSG', hint: 'the kernel answered without an id' });
    return reply.id === NOT_ASSIGNED ? undefined : reply.id;
  }

  /** The id of another namespace. @throws NetlinkError with errno `ENOENT` when it has none here */
  async get(other: NamespaceHandle, options: CallOptions = {}): Promise<number> {
    const id = await this.find(other, options);
    if (id !== undefined) return id;
    throw new NetlinkError({ op: `nsid.get ${other.label}`, errno: 'ENOENT', hint: 'it has no id here; nsid.ensure gives it one' });
  }

  /**
   * Gives another namespace an id.
   * @param id the id; default the kernel's choice
   * @throws NetlinkError with errno `EEXIST` when it has one, `ENOSPC` or `EEXIST` when the wished id is taken
   */
  async add(other: NamespaceHandle, id?: number, options: CallOptions = {}): Promise<void> {
    const payload = encodeNsid({ fd: other.fd, id: id ?? NOT_ASSIGNED });
    await this.#requester.request({ op: `nsid.add ${other.label} ${id ?? 'auto'}`, type: RTM.NEWNSID, payload }, undefined, options);
  }

  /** The id of another namespace; it is given one when it has none. */
  async ensure(other: NamespaceHandle, options: CallOptions = {}): Promise<number> {
    for (let tries = 1; ; tries++) {
      const id = await this.find(other, options);
      if (id !== undefined) return id;
      try {
        await this.add(other, undefined, options);
      } catch (error) {
        // Somebody else may have been faster; once.
        if (!isErrno(error, 'EEXIST') || tries === 2) throw error;
      }
    }
  }
}
