import type { CallOptions } from './provider.js';

/** Names a network namespace: the caller's own, or one by path, process or open descriptor. */
export type NamespaceRef =
  | {
      /** The caller's own. */
      readonly kind: 'own';
    }
  | {
      /** The namespace behind a path. */
      readonly kind: 'path';
      /** Path of its file, such as `/run/netns/blue` or `/proc/4711/ns/net`. */
      readonly path: string;
    }
  | {
      /** The namespace of a process. */
      readonly kind: 'pid';
      /** The process id. */
      readonly pid: number;
    }
  | {
      /** The namespace behind an open descriptor. */
      readonly kind: 'fd';
      /** The descriptor. It stays the caller's to close. */
      readonly fd: number;
    };

/** A link (network interface) as the kernel shows it. */
export interface Link {
  /** The interface index; it can change when a link moves to another namespace. */
  readonly index: number;
  /** The interface name, at most 15 bytes. */
  readonly name: string;
  /** Alternative names. */
  readonly altNames: readonly string[];
  /** Hardware address, lower case with colons; empty for links without one. */
  readonly mac: string;
  /** The address burnt into the card, where the kernel tells it. */
  readonly permanentMac: string | undefined;
  /** Largest packet, in bytes. */
  readonly mtu: number;
  /** The administrative state (IFF_UP). */
  readonly up: boolean;
  /** The lower layer is up (IFF_LOWER_UP). */
  readonly carrier: boolean;
  /** IFF_LOOPBACK. */
  readonly loopback: boolean;
  /** `veth`, `bridge`, `vlan`, …; undefined for a real card. */
  readonly kind: string | undefined;
  /** Index of the bridge or bond it is enslaved to. */
  readonly masterIndex: number | undefined;
  /** Index of the link below (vlan, macvlan) or the peer (veth), in the namespace it lives in. */
  readonly lowerIndex: number | undefined;
}

/** Settings of a link to change; what is left out stays. */
export interface LinkChange {
  /** New name. The link must be down on older kernels. */
  readonly name?: string;
  /** Up or down. */
  readonly up?: boolean;
  /** Largest packet, in bytes. */
  readonly mtu?: number;
}

/** What an address has beside itself. What is absent is as {@link NetworkNamespace.addAddress} makes it without being told. */
export interface AddressSettings {
  /** Broadcast address, IPv4 only; absent: none. */
  readonly broadcast?: string;
  /** Label, IPv4 only; absent: the link's name. */
  readonly label?: string;
  /** How far it is valid (rtm_scope): 0 everywhere, 253 on the link, 254 on this host; absent: 254 for loopback addresses, otherwise 0. IPv4 only. */
  readonly scope?: number;
  /** The kernel makes no route to its range. */
  readonly noPrefixRoute?: boolean;
  /** Metric of the route to its range; absent: the kernel's choice. */
  readonly routeMetric?: number;
  /** Duplicates are looked for before it is used, IPv6 only; absent: they are not. */
  readonly detectDuplicates?: boolean;
}

/** An address to add: what it has beside itself, and a signal. */
export interface AddAddressOptions extends CallOptions, AddressSettings {}

/** An address on a link. */
export interface LinkAddress extends AddressSettings {
  /** The link's index. */
  readonly linkIndex: number;
  /** With its prefix length, in canonical form: `192.168.100.20/24`. */
  readonly address: string;
  /** The kernel made it by itself, link-local or from a router's advertisement, and will again. */
  readonly kernelMade?: true;
  /** What it has that {@link AddressSettings} cannot say, in words: it could not be put back as it is. */
  readonly unsupported?: readonly string[];
}

/**
 * What a route tells TCP and IP about its way, beside its MTU (RTA_METRICS, include/uapi/linux/rtnetlink.h). 0 is as good as absent, and is
 * not shown again.
 */
export interface PathMetrics {
  /** One bit for each metric that the kernel shall not adapt, by the numbers of RTAX: `1 << 2` for the MTU. `rtoMin` needs `1 << 13` to be heeded. */
  readonly lock?: number;
  /** Largest TCP window, in bytes. */
  readonly window?: number;
  /** Round-trip time, in eighths of a millisecond. */
  readonly rtt?: number;
  /** Its variance, in quarters of a millisecond. */
  readonly rttvar?: number;
  /** Slow start threshold, in segments. */
  readonly ssthresh?: number;
  /** Clamp of the congestion window, in segments. */
  readonly cwnd?: number;
  /** Largest TCP segment advertised, in bytes. */
  readonly advmss?: number;
  /** Reordering that TCP reckons with. */
  readonly reordering?: number;
  /** Hop limit. */
  readonly hoplimit?: number;
  /** Congestion window to begin with, in segments. */
  readonly initcwnd?: number;
  /** Bits: 1 for ECN, 16 for TCP time stamps in microseconds. */
  readonly features?: number;
  /** Least retransmission time-out, in milliseconds. */
  readonly rtoMin?: number;
  /** Receive window to begin with, in segments. */
  readonly initrwnd?: number;
  /** 1: acknowledges at once. */
  readonly quickack?: number;
  /** Congestion control algorithm, such as `cubic`. */
  readonly congestionControl?: string;
  /** 1: TCP fast open without a cookie. */
  readonly fastopenNoCookie?: number;
}

/** What a route has beside its way. What is absent is as {@link NetworkNamespace.replaceRoute} makes it without being told. */
export interface RouteSettings {
  /** The next hop is on the link though no address range says so. */
  readonly onlink?: boolean;
  /** How far the destination is (rtm_scope): 0 anywhere, 253 on the link, 254 on this host; absent: 253 without a next hop, otherwise 0. IPv4 only. */
  readonly scope?: number;
  /** Source address of what this host sends by it. */
  readonly preferredSource?: string;
  /** Largest packet that goes this way, in bytes. */
  readonly mtu?: number;
  /** What else it tells about its way. */
  readonly metrics?: PathMetrics;
}

/** A unicast route. */
export interface Route extends RouteSettings {
  /** Destination range in canonical form; `0.0.0.0/0` and `::/0` are the default routes. */
  readonly dst: string;
  /** Next hop; undefined for what is on the link itself. */
  readonly gateway: string | undefined;
  /** The link it leaves by; undefined for blackhole routes and the like. */
  readonly linkIndex: number | undefined;
  /** Routing table; 254 is the main one. */
  readonly table: number;
  /** Metric; undefined means none was set (IPv4: 0). */
  readonly metric: number | undefined;
  /** Who made it (rtm_protocol): 2 kernel, 3 boot, 4 static. */
  readonly protocol: number;
  /** What it has that a {@link RouteRequest} cannot say, in words: it could not be put back as it is. */
  readonly unsupported?: readonly string[];
}

/** A route to add or remove. */
export interface RouteRequest extends RouteSettings {
  /** Destination range; host bits must be zero. */
  readonly dst: string;
  /** Next hop; without it the range is on the link itself. */
  readonly gateway?: string;
  /** The link it leaves by. */
  readonly linkIndex: number;
  /** Routing table; default 254, the main one. */
  readonly table?: number;
  /** Metric. */
  readonly metric?: number;
  /** Who makes it (rtm_protocol); default 3, boot, as `ip route` has it. */
  readonly protocol?: number;
}

/** A running view of the links of a namespace. */
export interface LinkWatch {
  /**
   * Resolves with the first value other than undefined that `match` gives for the links present now or after any later change.
   * Nothing that happened since the watch was opened is missed; several changes may be seen as one.
   * @throws NicError `ERR_CANCELLED` or `ERR_DEADLINE` from the signal
   */
  waitFor<T>(match: (links: readonly Link[]) => T | undefined, options?: CallOptions): Promise<T>;
  /** Stops watching at once; waits under way reject with `ERR_CANCELLED`. Two closes are fine. */
  close(): void;
}

/**
 * One open network namespace. It stays this namespace whatever happens to the path it was opened by.
 *
 * Every method rejects with {@link NetlinkError} (`errno` set) when the kernel refuses. Indexes are those of this namespace.
 * Text that is no address, range, interface name or setting's name is a `RangeError`.
 */
export interface NetworkNamespace {
  /** The path or description it was opened by, for messages. */
  readonly label: string;
  /**
   * The kernel's cookie of the namespace (SO_NETNS_COOKIE) as decimal text: unique until the next boot,
   * where device and inode are used again for the next namespace.
   */
  readonly cookie: string;
  /** All links. */
  listLinks(options?: CallOptions): Promise<readonly Link[]>;
  /** Watches links. The kernel's events are subscribed to when this resolves. */
  watchLinks(options?: CallOptions): Promise<LinkWatch>;
  /** Changes a link in one request. */
  changeLink(index: number, change: LinkChange, options?: CallOptions): Promise<void>;
  /**
   * Moves a link to another namespace under a name, in one request, and resolves with it as read there. It arrives down.
   * A clashing alternative name is removed and the move tried once more.
   *
   * Not all-or-nothing: with the name taken in the target the kernel answers EEXIST although the link HAS moved, under its old name.
   * After a rejection the caller looks for the link by its MAC in both namespaces.
   */
  moveLink(index: number, target: NetworkNamespace, name: string, options?: CallOptions): Promise<Link>;
  /** All addresses of a link, both families. */
  listAddresses(linkIndex: number, options?: CallOptions): Promise<readonly LinkAddress[]>;
  /**
   * Adds an address with its prefix length. One that is there already is no error, and keeps its settings.
   * IPv6 skips duplicate detection unless told otherwise.
   */
  addAddress(linkIndex: number, address: string, options?: AddAddressOptions): Promise<void>;
  /** Removes an address. One that is not there is no error. */
  removeAddress(linkIndex: number, address: string, options?: CallOptions): Promise<void>;
  /** All unicast routes of all tables but the local one, both families. */
  listRoutes(options?: CallOptions): Promise<readonly Route[]>;
  /** Adds a route. `EEXIST` when there is one with the same destination, metric and table, of whatever type. */
  addRoute(route: RouteRequest, options?: CallOptions): Promise<void>;
  /** Adds a route, or puts it in place of one with the same destination, metric and table. */
  replaceRoute(route: RouteRequest, options?: CallOptions): Promise<void>;
  /** Removes the route that has all that the request says. One that is not there is no error. */
  removeRoute(route: RouteRequest, options?: CallOptions): Promise<void>;
  /** Reads a sysctl below `net`, such as `ipv4/ip_forward`; undefined when there is none of that name. */
  readSysctl(name: string): Promise<string | undefined>;
  /** Writes a sysctl below `net`. */
  writeSysctl(name: string, value: string): Promise<void>;
  /**
   * Tells the neighbours where an address lives now: gratuitous ARP for IPv4, unsolicited neighbour advertisement for IPv6.
   * @throws NicError `ERR_LINK` when the link is down or has no Ethernet address
   */
  announce(linkIndex: number, address: string): Promise<void>;
  /** Closes all descriptors, and the watches opened from here. Two closes are fine; any other call afterwards rejects with `ERR_NAMESPACE`. */
  close(): void;
}

/** A network stack that NICs are moved and configured in: the contract for implementors. `describeDriver` in `hostnic-cni/testing` checks it. */
export interface NetworkDriver {
  /**
   * Opens a namespace.
   * @throws NicError `ERR_NAMESPACE` when it is missing or no network namespace, and never when that cannot be told, as with too many open
   * files (`ERR_NETLINK`): what is missing is taken for gone for good. `ERR_NOT_SUPPORTED` when the system has none
   */
  open(ref: NamespaceRef, options?: CallOptions): Promise<NetworkNamespace>;
}
