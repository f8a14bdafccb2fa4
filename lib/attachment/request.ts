import type { NamespaceRef } from '../driver.js';

/** Identifies an attachment: no two live at once. */
export interface AttachmentKey {
  /** Name of the network configuration. */
  readonly network: string;
  /** The runtime's id of the container. */
  readonly containerId: string;
  /** The interface's name inside the container. */
  readonly ifname: string;
}

/** Through the subnet's router. */
export interface ViaRouter {
  /** Tells it from the other ways. */
  readonly kind: 'router';
}

/** By a next hop that the caller names. */
export interface ViaAddress {
  /** Tells it from the other ways. */
  readonly kind: 'address';
  /** The next hop, without prefix length. */
  readonly address: string;
}

/** Through this host, by a NIC of it in the container's subnet: found, or allocated as gateway. */
export interface ViaHost {
  /** Tells it from the other ways. */
  readonly kind: 'host';
}

/** Where a route of the container leads. */
export type RouteVia = ViaRouter | ViaAddress | ViaHost;

/** A route wanted in the container. */
export interface WantedRoute {
  /** Destination range in canonical form. A default route here replaces the built-in one. */
  readonly dst: string;
  /** Where it leads. */
  readonly via: RouteVia;
}

/** What {@link AttachmentEngine.attach} needs. */
export interface AttachRequest {
  /** Which attachment. */
  readonly key: AttachmentKey;
  /** The container's network namespace. */
  readonly namespace: NamespaceRef;
  /** Subnets to take the NIC from, at least one; all in one private network (checked). */
  readonly subnetIds: readonly string[];
  /** Routes for the container. */
  readonly routes: readonly WantedRoute[];
  /** True: the NIC carries the container's default route through the subnet's router, unless `routes` has one of its own. */
  readonly defaultRoute: boolean;
  /** A wished address without prefix length. */
  readonly address?: string;
  /** MTU in bytes; the link's own without it. */
  readonly mtu?: number;
}

/** A route as it is installed. */
export interface InstalledRoute {
  /** Destination range. */
  readonly dst: string;
  /** Next hop; without one the range is on the link. */
  readonly gateway?: string;
}

/** An address as it is configured. */
export interface ConfiguredAddress {
  /** The address with its prefix length. */
  readonly address: string;
  /** The subnet's router. */
  readonly gateway?: string;
}

/** What a caller may know of an attachment beside the journal: for commands whose record is gone, and for CHECK. */
export interface KnownAttachment {
  /** The interface's hardware address. */
  readonly mac?: string;
  /** Its addresses with prefix length. */
  readonly addresses?: readonly string[];
  /** Routes `{dst, gateway}` that must be there. */
  readonly routes?: readonly InstalledRoute[];
}

/** What {@link AttachmentEngine.detach} needs. Nothing but the key has to be there. */
export interface DetachRequest {
  /** Which attachment. */
  readonly key: AttachmentKey;
  /** The container's namespace, if the caller still names one; it may be gone or be none. */
  readonly namespace?: NamespaceRef;
  /** What the caller knows from the earlier result. */
  readonly known?: KnownAttachment;
  /** Subnets of the configuration, to look NICs up by name when there is no record. */
  readonly subnetIds?: readonly string[];
}

/** What {@link AttachmentEngine.check} needs. */
export interface CheckRequest {
  /** Which attachment. */
  readonly key: AttachmentKey;
  /** The container's namespace. */
  readonly namespace: NamespaceRef;
  /** What the earlier result says must be there. */
  readonly known?: KnownAttachment;
}

/** An attachment within a network. */
export interface ValidAttachment {
  /** The runtime's id of the container. */
  readonly containerId: string;
  /** The interface's name inside the container. */
  readonly ifname: string;
}

/** What {@link AttachmentEngine.collect} needs. */
export interface CollectRequest {
  /** The network; attachments of others are left alone. */
  readonly network: string;
  /**
   * Attachments to keep; everything else of this instance and network goes. An empty list keeps none. `living`: nobody has a list, so those
   * are kept whose container still has its NIC, and every NIC that may be in a container.
   */
  readonly valid: readonly ValidAttachment[] | 'living';
  /** Subnets of the configuration, to look for NICs without record in. */
  readonly subnetIds: readonly string[];
  /** Only say what would be done; nothing is changed, in the cloud, on the host or in a file. */
  readonly dryRun?: boolean;
}

/** Something that could not be removed. */
export interface CollectFailure {
  /** The cloud's id of the NIC, where one is known. */
  readonly nicId: string | undefined;
  /** The attachment, where one is known. */
  readonly key: AttachmentKey | undefined;
  /** Why. */
  readonly reason: string;
}

/** A NIC that a collection removes. */
export interface CollectedNic {
  /** The cloud's id of it. */
  readonly nicId: string;
  /** The attachment, where a record names one. */
  readonly key: AttachmentKey | undefined;
  /** The subnet that it is this host's gateway in; undefined for a container's NIC. */
  readonly gatewayOf: string | undefined;
  /**
   * `unlisted`: of an attachment that is not to be kept. `unfinished`: a dead command left it. `unrecorded`: known by its name alone.
   * `idle`: a gateway that no container has used for long enough. `surplus`: a further one of a gateway that stays.
   */
  readonly reason: 'unlisted' | 'unfinished' | 'unrecorded' | 'idle' | 'surplus';
}

/** A record that a collection takes off the journal, with no NIC of this instance to remove. */
export interface CollectedRecord {
  /** The attachment. */
  readonly key: AttachmentKey;
  /** `empty`: it has no NIC, or has it no more; it is removed. `foreign`: it was made on another instance; it is set aside, kept for a person to look at. */
  readonly reason: 'empty' | 'foreign';
}

/** What {@link AttachmentEngine.collect} did, or would do. What the journals keep for their own use is not in it. */
export interface CollectReport {
  /** NICs that were removed (dry run: would be), those of the host's gateways included. */
  readonly removed: readonly CollectedNic[];
  /** Records that were closed (dry run: would be) and had no NIC to remove. */
  readonly records: readonly CollectedRecord[];
  /** What could not be removed and why; it stays recorded. */
  readonly failed: readonly CollectFailure[];
  /** Attachments skipped since another command holds them. */
  readonly busy: readonly AttachmentKey[];
}

/** What {@link AttachmentEngine.collectAccount} needs. */
export interface CollectAccountRequest {
  /** Only say what would be done. */
  readonly dryRun: boolean;
}

/** A NIC of the account that no host has any use for. */
export interface StrayNic {
  /** The cloud's id of it. */
  readonly nicId: string;
  /** Its name, which says that this plugin or the original one made it. */
  readonly name: string;
  /** What it was made for. */
  readonly role: 'pod' | 'gateway' | 'original';
  /** Its subnet. */
  readonly subnetId: string;
  /** When it was made. */
  readonly createdAt: Date;
}

/** What {@link AttachmentEngine.collectAccount} found and did. */
export interface CollectAccountReport {
  /** What is there to remove. */
  readonly found: readonly StrayNic[];
  /** Ids of those that were removed; none on a dry run. */
  readonly removed: readonly string[];
  /** Those that could not be, and why. */
  readonly failed: readonly CollectFailure[];
}

/** What {@link AttachmentEngine.status} found. */
export interface StatusReport {
  /** ADD can be served. */
  readonly ready: boolean;
  /** False when existing containers may have limited connectivity too. */
  readonly connected: boolean;
  /** Why not, in words an operator can act on; empty when ready. */
  readonly reasons: readonly string[];
}

/** A finished attachment, as read back from the kernel. */
export interface Attachment {
  /** Which attachment. */
  readonly key: AttachmentKey;
  /** The cloud's id of the NIC. */
  readonly nicId: string;
  /** The subnet it was taken from. */
  readonly subnetId: string;
  /** Hardware address. */
  readonly mac: string;
  /** MTU in bytes. */
  readonly mtu: number;
  /** Addresses with prefix length, and the subnet's router. */
  readonly addresses: readonly ConfiguredAddress[];
  /** Routes that were installed. */
  readonly routes: readonly InstalledRoute[];
}

/** What {@link AttachmentEngine.status} needs. */
export interface StatusRequest {
  /** Subnets of the configuration. */
  readonly subnetIds: readonly string[];
}
