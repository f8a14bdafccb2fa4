import { NetlinkError, NicError } from '../../lib/errors.js';
import type { CallOptions } from '../../lib/provider.js';
import { mapListing } from '../interrupted.js';
import type { NamespaceHandle } from '../namespace.js';
import {
  decodeLink,
  encodeLink,
  IFF,
  type LinkAttributes,
  type LinkMessage,
  type NetlinkMessage,
  NLM_F,
  RTEXT_FILTER,
  RTM,
} from '../wire/index.js';
import { disagreements } from './agreement.js';
import {
  addLinkRequest,
  deleteLinkRequest,
  describe,
  type LinkChanges,
  type LinkQuery,
  type NewLink,
  replaceLinkRequest,
  setLinkRequest,
  toAttributes,
  toInfo,
  toKindData,
  toMessage,
  type WantedLink,
} from './link-request.js';
import { defined, isErrno, type Requester, unlessAbsent } from './requester.js';

/** What {@link LinkService.list} gives. */
export interface LinkListOptions extends CallOptions {
  /** Only links of this kind. */
  readonly kind?: string;
  /** Only ports of this bridge or bond. */
  readonly masterIndex?: number;
  /** Only links that are up, or only those that are down. */
  readonly up?: boolean;
  /** Only links of this group. */
  readonly group?: number;
  /** With counters, which take as long to read as all the rest. Default false. */
  readonly stats?: boolean;
}

/** What {@link LinkService.get} gives. */
export interface LinkGetOptions extends CallOptions {
  /** With counters. Default false. */
  readonly stats?: boolean;
}

/** Where and how a link moves. */
export interface LinkMoveOptions extends CallOptions {
  /** The name it gets there; default its own. */
  readonly name?: string;
  /** The index it shall have there; default its own if that is free, else the kernel's choice. Linux 5.15 and later. */
  readonly newIndex?: number;
}

/** The names of the settings that a link has otherwise than wanted. */
function differencesOf(found: LinkMessage, wanted: WantedLink): readonly string[] {
  const { index: _index, name: _name, lowerIndex, peer: _peer, ...settings } = wanted;
  const { flags = 0, change = 0, ...attributes } = toAttributes(settings);
  const listed = decodeLink(encodeLink({ index: 0, ...attributes, ...defined<LinkAttributes>({ lowerIndex }), info: toInfo(settings) }));
  const { mac, mtu, masterIndex, alias, txQueueLength, group, info } = listed;
  const plain = disagreements(
    // The kernel says nothing where there is none.
    { masterIndex: 0, alias: '', ...found, flags: (found.flags ?? 0) & change },
    { mac, mtu, masterIndex, alias, txQueueLength, group, flags, lowerIndex: listed.lowerIndex },
  );
  const { bridge = {}, vlan = {}, macvlan = {}, ipvlan = {}, vxlan = {} } = found.info ?? {};
  const wantedOfKind = toKindData(info ?? {});
  return [
    ...plain,
    ...disagreements(bridge, wantedOfKind.bridge ?? {}),
    ...disagreements(vlan, wantedOfKind.vlan ?? {}),
    ...disagreements(macvlan, wantedOfKind.macvlan ?? {}),
    ...disagreements(ipvlan, wantedOfKind.ipvlan ?? {}),
    ...disagreements(vxlan, wantedOfKind.vxlan ?? {}),
  ];
}

/** The links of one namespace. Every method rejects with a NetlinkError when the kernel refuses. */
export class LinkService {
  readonly #requester: Requester;

  /** @param requester the connection, which decides the namespace */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /** All links. @throws DumpInterruptedError with what was found, when changes keep tearing the listing */
  async list(options: LinkListOptions = {}): Promise<readonly LinkMessage[]> {
    const { kind, masterIndex, up, group, stats } = options;
    const payload = encodeLink({
      index: 0,
      ...defined<LinkAttributes>({ masterIndex, info: kind === undefined ? undefined : { kind } }),
      // Leaves out the counters of IPv6, which nobody asked for. Those of the link itself always come.
      extMask: RTEXT_FILTER.SKIP_STATS,
    });
    const decode = ({ payload: reply }: NetlinkMessage): LinkMessage => decodeLink(reply, stats === undefined ? {} : { stats });
    // Kernels that do not filter send them all.
    const isMeant = (link: LinkMessage): boolean =>
      (kind === undefined || link.info?.kind === kind) &&
      (masterIndex === undefined || link.masterIndex === masterIndex) &&
      (up === undefined || (((link.flags ?? 0) & IFF.UP) !== 0) === up) &&
      (group === undefined || link.group === group);
    const listing = this.#requester.dump({ op: 'link.list', type: RTM.GETLINK, payload }, decode, options);
    return mapListing(listing, (links) => links.filter(isMeant));
  }

  /** One link. @throws NetlinkError with errno `ENODEV` when there is none */
  async get(query: LinkQuery, options: LinkGetOptions = {}): Promise<LinkMessage> {
    const op = `link.get ${describe(query)}`;
    const payload = encodeLink({ ...toMessage(query), extMask: RTEXT_FILTER.SKIP_STATS });
    const stats = options.stats === true;
    const decode = ({ payload: reply }: NetlinkMessage): LinkMessage => decodeLink(reply, { stats });
    const [link] = await this.#requester.request({ op, type: RTM.GETLINK, payload }, decode, options);
    if (link === undefined) throw new NetlinkError({ op, errno: 'ENODEV', hint: 'the kernel answered without a link' });
    return link;
  }

  /** One link, or undefined when there is none. */
  async find(query: LinkQuery, options: LinkGetOptions = {}): Promise<LinkMessage | undefined> {
    try {
      return await this.get(query, options);
    } catch (error) {
      if (isErrno(error, 'ENODEV')) return undefined;
      throw error;
    }
  }

  /** Adds a virtual link. @throws NetlinkError with errno `EEXIST` when the name is taken */
  async add(link: NewLink, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(addLinkRequest(link), undefined, options);
  }

  /**
   * Adds a virtual link, or changes the settings of the one of that name.
   * Settings that only links of its kind have are refused with errno `EOPNOTSUPP` when that is of another kind, or its kind takes no change.
   */
  async replace(link: NewLink, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(replaceLinkRequest(link), undefined, options);
  }

  /**
   * Makes sure that there is a virtual link with that name, kind and settings, and gives it as it is: adds it, or changes what one that is
   * there has otherwise. What agrees, and what is not given, stays untouched. `index` and `peer` count for a new link only.
   * @throws NicError `ERR_LINK_EXISTS` when one is there that is of another kind, or has a setting that cannot be changed
   */
  async ensure(link: WantedLink, options: CallOptions = {}): Promise<LinkMessage> {
    const { alias: _alias, ...added } = link;
    try {
      await this.add(added, options);
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
    const found = await this.get({ name: link.name }, options);
    if (found.info?.kind !== link.kind) {
      throw new NicError('ERR_LINK_EXISTS', `link ${link.name}: exists and is ${found.info?.kind ?? 'a real card'}, not ${link.kind}`);
    }
    if (differencesOf(found, link).length === 0) return found;
    const { index: _index, lowerIndex: _lowerIndex, peer: _peer, name: _name, ...settings } = link;
    await this.set(found.index, settings, options);
    const changed = await this.get({ index: found.index }, options);
    const left = differencesOf(changed, link);
    if (left.length === 0) return changed;
    throw new NicError(
      'ERR_LINK_EXISTS',
      `link ${link.name}: exists with another ${left.join(', ')}, which cannot be changed; delete it first`,
    );
  }

  /** Changes a link in one request. When one setting is refused, others may have been made. */
  async set(index: number, settings: LinkChanges, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(setLinkRequest(index, settings), undefined, options);
  }

  /**
   * Moves a link to another namespace, under a name when one is given, in one request. It arrives down, and its index may change.
   *
   * Not all-or-nothing: with the name taken in the target the kernel answers EEXIST although the link has moved, under its old name.
   * With an alternative name taken there, it answers EEXIST and the link has not moved.
   */
  async move(index: number, target: NamespaceHandle, options: LinkMoveOptions = {}): Promise<void> {
    const { name, newIndex } = options;
    const payload = encodeLink({ index, namespaceFd: target.fd, ...defined<LinkAttributes>({ name, newIndex }) });
    const as = name === undefined ? '' : ` as ${name}`;
    await this.#requester.request({ op: `link.move ${index} to ${target.label}${as}`, type: RTM.NEWLINK, payload }, undefined, options);
  }

  /** Gives a link one more name. @throws NetlinkError with errno `EEXIST` when it is taken */
  async addAltName(index: number, name: string, options: CallOptions = {}): Promise<void> {
    const op = `link.addAltName ${index} ${name}`;
    const flags = NLM_F.CREATE | NLM_F.EXCL | NLM_F.APPEND;
    await this.#requester.request(
      { op, type: RTM.NEWLINKPROP, flags, payload: encodeLink({ index, altNames: [name] }) },
      undefined,
      options,
    );
  }

  /** Takes an alternative name away. @throws NetlinkError when the link has none of that name */
  async deleteAltName(index: number, name: string, options: CallOptions = {}): Promise<void> {
    const op = `link.deleteAltName ${index} ${name}`;
    await this.#requester.request({ op, type: RTM.DELLINKPROP, payload: encodeLink({ index, altNames: [name] }) }, undefined, options);
  }

  /** Deletes a virtual link, and with a veth its other end. @throws NetlinkError with errno `ENODEV` when there is none */
  async delete(query: LinkQuery, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(deleteLinkRequest(query), undefined, options);
  }

  /** Deletes a virtual link. One that is not there is no error. */
  async remove(query: LinkQuery, options: CallOptions = {}): Promise<void> {
    await unlessAbsent(this.delete(query, options), 'ENODEV');
  }
}
