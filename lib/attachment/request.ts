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

/**
 * Where a route of the container leads:
 * `router`: the subnet's router; `address`: that next hop; `host`: through this host, by a NIC of it in the container's subnet
 * (found, or allocated as gateway).
 */
export type RouteVia = { readonly kind: 'router' } | { readonly kind: 'address'; readonly address: string } | { readonly kind: 'host' };

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

/** What a caller may know of an attachment beside the journal: for commands whose record is gone, and for CHECK. */
export interface KnownAttachment {
  /** The interface's hardware address. */
  readonly mac?: string;
  /** Its addresses with prefix length. */
  readonly addresses?: readonly string[];
  /** Routes `{dst, gateway}` that must be there. */
  readonly routes?: readonly { readonly dst: string; readonly gateway?: string }[];
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

/** What {@link AttachmentEngine.collect} needs. */
export interface CollectRequest {
  /** The network; attachments of others are left alone. */
  readonly network: string;
  /** Attachments to keep; everything else of this instance and network goes. An empty list keeps none. */
  readonly valid: readonly { readonly containerId: string; readonly ifname: string }[];
  /** Subnets of the configuration, to look for NICs without record in. */
  readonly subnetIds: readonly string[];
  /** Only say what would be done. */
  readonly dryRun?: boolean;
}

/** What {@link AttachmentEngine.collect} did, or would do. */
export interface CollectReport {
  /** NIC ids that were removed (dry run: would be). */
  readonly removed: readonly string[];
  /** What could not be removed and why; it stays recorded. */
  readonly failed: readonly { readonly nicId: string | undefined; readonly key: AttachmentKey | undefined; readonly reason: string }[];
  /** Attachments skipped since another command holds them. */
  readonly busy: readonly AttachmentKey[];
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
  readonly addresses: readonly { readonly address: string; readonly gateway?: string }[];
  /** Routes that were installed. */
  readonly routes: readonly { readonly dst: string; readonly gateway?: string }[];
}

/** What {@link AttachmentEngine.status} needs. */
export interface StatusRequest {
  /** Subnets of the configuration. */
  readonly subnetIds: readonly string[];
}
