import type { NetlinkRequest } from '../connection.js';
import type { NamespaceHandle } from '../namespace.js';
import {
  type BridgeData,
  encodeLink,
  IFF,
  type IpvlanData,
  type LinkAttributes,
  type LinkInfo,
  type LinkMessage,
  type MacvlanData,
  NLM_F,
  RTM,
  type VlanData,
  type VxlanData,
} from '../wire/index.js';
import { defined } from './requester.js';

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
  /** Free text of an operator; empty for none. The kernel passes over it in requests that add a link. */
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
export interface PeerSettings extends Omit<LinkSettings, 'masterIndex' | 'up' | 'alias'> {
  /** The namespace it is made in; default that of the first end. */
  readonly namespace?: NamespaceHandle;
  /** The index it shall have; default the kernel's choice. */
  readonly index?: number;
}

/** A virtual link to add. */
export interface NewLink extends Omit<LinkSettings, 'alias'>, LinkKindSettings {
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
export type WantedLink = Omit<NewLink, 'namespace'> &
  Pick<LinkSettings, 'alias'> & {
    /** Its name. */
    readonly name: string;
  };

/** The link as a person names it, for messages. */
export function describe(query: LinkQuery): string {
  return 'index' in query ? `${query.index}` : query.name;
}

function describeValue(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `${value}`;
  return Object.entries(value)
    .map(([key, one]) => `${key} ${describeValue(one)}`)
    .join(' ');
}

/** The message that names a link. */
export function toMessage(query: LinkQuery): LinkMessage {
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

/** Settings as they stand in a message. */
export function toAttributes(settings: LinkSettings): Pick<LinkMessage, keyof LinkAttributes | 'flags' | 'change'> {
  const { name, mac, mtu, masterIndex, alias, txQueueLength, group } = settings;
  return { ...defined<LinkAttributes>({ name, mac, mtu, masterIndex, alias, txQueueLength, group }), ...toFlags(settings) };
}

/** The settings that only links of one kind have, and no others. */
export function toKindData(settings: LinkKindSettings): LinkKindSettings {
  const { bridge, vlan, macvlan, ipvlan, vxlan } = settings;
  return defined<LinkKindSettings>({ bridge, vlan, macvlan, ipvlan, vxlan });
}

/** Kind and settings as they stand in a message. */
export function toInfo(link: NewLink): LinkInfo {
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
  // Not NLM_F_REPLACE, which the kernel refuses for a link that is there (rtnl_changelink, net/core/rtnetlink.c).
  return toRequest('replace', NLM_F.CREATE, link);
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
