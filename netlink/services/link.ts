import { NetlinkError, NicError } from '../../lib/errors.js';
import type { CallOptions } from '../../lib/provider.js';
import type { NetlinkRequest } from '../connection.js';
import { mapListing } from '../interrupted.js';
import type { NamespaceHandle } from '../namespace.js';
import {
  type BridgeData,
  decodeLink,
  encodeLink,
  IFF,
  type IpvlanData,
  type LinkAttributes,
  type LinkInfo,
  type LinkMessage,
  type MacvlanData,
  type NetlinkMessage,
  NLM_F,
  RTEXT_FILTER,
  RTM,
  type VlanData,
  type VxlanData,
} from '../wire/index.js';
import { disagreements } from './agreement.js';
import { defined, isErrno, type Requester, unlessAbsent } from './requester.js';

/** Longest interface name in bytes (IFNAMSIZ less the null byte, include/uapi/linux/if.h). Alternative names may be longer. */
const NAME_BYTES = 15;

/** A link by its index. */
export interface LinkByIndex {
  /** The interface index. */
  readonly index: number;
}

/** A link by any of its names. */
export interface LinkByName {
  /** The interface name or an alternative name. */
  readonly name: string;
}

/** Which link is meant. */
export type LinkQuery = LinkByIndex | LinkByName;

/** Settings that links of all kinds have. */
export interface LinkSettings {
  /** Name, at most 15 bytes. */
  readonly name?: string;
  /** Hardware address. */
  readonly mac?: string;
  /** Largest packet, in bytes. */
  readonly mtu?: number;
  /** Up or down. */
  readonly up?: boolean;
  /** The bridge or bond that it becomes a port of; 0 for none. */
  readonly masterIndex?: number;
  /** Free text of an operator; empty for none. */
  readonly alias?: string;
  /** Length of the send queue, in packets. */
  readonly txQueueLength?: number;
  /** Group number. */
  readonly group?: number;
  /** Resolves addresses (ARP, NDP). */
  readonly arp?: boolean;
  /** Does multicast. */
  readonly multicast?: boolean;
  /** Takes all multicast packets. */
  readonly allMulticast?: boolean;
  /** Takes all packets. */
  readonly promiscuous?: boolean;
}

/** Settings that only links of one kind have. */
export interface LinkKindSettings {
  /** Settings of a bridge. */
  readonly bridge?: BridgeData;
  /** Settings of a vlan. */
  readonly vlan?: VlanData;
  /** Settings of a macvlan or macvtap. */
  readonly macvlan?: MacvlanData;
  /** Settings of an ipvlan or ipvtap. */
  readonly ipvlan?: IpvlanData;
  /** Settings of a vxlan. */
  readonly vxlan?: VxlanData;
}

/** What {@link LinkService.set} changes. */
export interface LinkChanges extends LinkSettings, LinkKindSettings {
  /** The link's kind; only needed with settings of a macvtap or ipvtap, which have those of macvlan and ipvlan. */
  readonly kind?: string;
}

/** The other end of a veth. It is made down: veth refuses to bring up an end that has no other yet. */
export interface PeerSettings extends Omit<LinkSettings, 'masterIndex' | 'up'> {
  /** The namespace it is made in; default that of the first end. */
  readonly namespace?: NamespaceHandle;
  /** The index it shall have; default the kernel's choice. */
  readonly index?: number;
}

/** A virtual link to add. */
export interface NewLink extends LinkSettings, LinkKindSettings {
  /** `veth`, `bridge`, `vlan`, `macvlan`, `ipvlan`, `vxlan`, `dummy`, `ifb`, … */
  readonly kind: string;
  /** The index it shall have; default the kernel's choice. */
  readonly index?: number;
  /** The link below it (vlan, macvlan, ipvlan). */
  readonly lowerIndex?: number;
  /** The namespace it is made in; default the connection's. The link below is looked for in the connection's. */
  readonly namespace?: NamespaceHandle;
  /** The other end of a veth. */
  readonly peer?: PeerSettings;
}

/** A virtual link that shall be there, in the connection's namespace. */
export type WantedLink = Omit<NewLink, 'namespace'> & {
  /** Its name. */
  readonly name: string;
};

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

/** Where and how a link moves. */
export interface LinkMoveOptions extends CallOptions {
  /** The name it gets there; default its own. */
  readonly name?: string;
  /** The index it shall have there; default its own if that is free, else the kernel's choice. Linux 5.15 and later. */
  readonly newIndex?: number;
}

function describe(query: LinkQuery): string {
  return 'index' in query ? `${query.index}` : query.name;
}

function describeValue(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `${value}`;
  return Object.entries(value)
    .map(([key, one]) => `${key} ${one}`)
    .join(' ');
}

function toMessage(query: LinkQuery): LinkMessage {
  if ('index' in query) return { index: query.index };
  const long = new TextEncoder().encode(query.name).length > NAME_BYTES;
  return long ? { index: 0, altName: query.name } : { index: 0, name: query.name };
}

/** The flags that can be set, in the order of {@link IFF}. */
function toFlags(settings: LinkSettings): Pick<LinkMessage, 'flags' | 'change'> {
  const { up, arp, multicast, allMulticast, promiscuous } = settings;
  let flags = 0;
  let change = 0;
  const take = (bit: number, wanted: boolean | undefined): void => {
    if (wanted === undefined) return;
    change |= bit;
    if (wanted) flags |= bit;
  };
  take(IFF.UP, up);
  take(IFF.NOARP, arp === undefined ? undefined : !arp);
  take(IFF.PROMISC, promiscuous);
  take(IFF.ALLMULTI, allMulticast);
  take(IFF.MULTICAST, multicast);
  return change === 0 ? {} : { flags, change };
}

function toAttributes(settings: LinkSettings): Pick<LinkMessage, keyof LinkAttributes | 'flags' | 'change'> {
  const { name, mac, mtu, masterIndex, alias, txQueueLength, group } = settings;
  return { ...defined<LinkAttributes>({ name, mac, mtu, masterIndex, alias, txQueueLength, group }), ...toFlags(settings) };
}

function toKindData(settings: LinkKindSettings): LinkKindSettings {
  const { bridge, vlan, macvlan, ipvlan, vxlan } = settings;
  return defined<LinkKindSettings>({ bridge, vlan, macvlan, ipvlan, vxlan });
}

function toInfo(link: NewLink): LinkInfo {
  const { kind, peer } = link;
  return { kind, ...toKindData(link), ...(peer === undefined ? {} : { veth: { peer: toPeer(peer) } }) };
}

/** What changes settings of its kind; the kernel wants the kind to be told with them. */
function toInfoChange(changes: LinkChanges): Pick<LinkMessage, 'info'> {
  const data = toKindData(changes);
  const [kind] = Object.keys(data);
  return kind === undefined ? {} : { info: { kind: changes.kind ?? kind, ...data } };
}

function toPeer(peer: PeerSettings): LinkMessage {
  const { namespace, index, ...settings } = peer;
  return { index: index ?? 0, ...toAttributes(settings), ...(namespace === undefined ? {} : { namespaceFd: namespace.fd }) };
}

/** The request that adds a virtual link, for a batch. */
export function addLinkRequest(link: NewLink): NetlinkRequest {
  return toRequest('add', NLM_F.CREATE | NLM_F.EXCL, link);
}

/** The request that adds a virtual link or changes the one that is there, for a batch. */
export function replaceLinkRequest(link: NewLink): NetlinkRequest {
  return toRequest('replace', NLM_F.CREATE | NLM_F.REPLACE, link);
}

function toRequest(op: string, flags: number, link: NewLink): NetlinkRequest {
  const { index, lowerIndex, namespace } = link;
  const message: LinkMessage = {
    index: index ?? 0,
    ...toAttributes(link),
    ...defined<LinkAttributes>({ lowerIndex, namespaceFd: namespace?.fd }),
    info: toInfo(link),
  };
  const name = link.name ?? '(name of the kernel’s choice)';
  return { op: `link.${op} ${name} type ${link.kind}`, type: RTM.NEWLINK, flags, payload: encodeLink(message) };
}

/** The request that changes a link, for a batch. */
export function setLinkRequest(index: number, settings: LinkChanges): NetlinkRequest {
  const what = Object.entries(defined<LinkChanges>(settings)).map(([key, value]) => `${key} ${describeValue(value)}`);
  // NEWLINK rather than SETLINK: it is what iproute2 sends, and the only one of the two that takes everything.
  return {
    op: `link.set ${index} ${what.join(' ')}`,
    type: RTM.NEWLINK,
    payload: encodeLink({ index, ...toAttributes(settings), ...toInfoChange(settings) }),
  };
}

/** The request that deletes a virtual link, for a batch. */
export function deleteLinkRequest(query: LinkQuery): NetlinkRequest {
  return { op: `link.delete ${describe(query)}`, type: RTM.DELLINK, payload: encodeLink(toMessage(query)) };
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
  async get(query: LinkQuery, options: CallOptions = {}): Promise<LinkMessage> {
    const op = `link.get ${describe(query)}`;
    const payload = encodeLink({ ...toMessage(query), extMask: RTEXT_FILTER.SKIP_STATS });
    const [link] = await this.#requester.request({ op, type: RTM.GETLINK, payload }, ({ payload: reply }) => decodeLink(reply), options);
    if (link === undefined) throw new NetlinkError({ op, errno: 'ENODEV', hint: 'the kernel answered without a link' });
    return link;
  }

  /** One link, or undefined when there is none. */
  async find(query: LinkQuery, options: CallOptions = {}): Promise<LinkMessage | undefined> {
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
   * @throws NetlinkError with errno `EOPNOTSUPP` when that is of another kind, or its kind takes no change
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
    try {
      await this.add(link, options);
      return await this.get({ name: link.name }, options);
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
    const found = await this.get({ name: link.name }, options);
    if (found.info?.kind !== link.kind) {
      throw new NicError('ERR_LINK_EXISTS', `link ${link.name}: exists and is ${found.info?.kind ?? 'a real card'}, not ${link.kind}`);
    }
    const differences = differencesOf(found, link);
    if (differences.length === 0) return found;
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
