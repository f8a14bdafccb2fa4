import type { CniVersion } from './version.js';

/** Name resolution settings, the same in all versions. Plain texts: CNI never checks them. */
export interface Dns {
  /** Name servers in order of preference. */
  readonly nameservers?: readonly string[];
  /** The local domain. */
  readonly domain?: string;
  /** Search list in order. */
  readonly search?: readonly string[];
  /** Resolver options, such as `ndots:2`. */
  readonly options?: readonly string[];
}

/**
 * A route, shared by all shapes. `mtu` to `scope` are new in 1.1.0, but the reference prints them in every version from 0.3.0 on,
 * and so does this package.
 */
export interface ResultRoute {
  /** Destination range with prefix length; host bits are kept. */
  readonly dst: string;
  /** Next hop without prefix length. */
  readonly gw?: string;
  /** Largest packet along the route, in bytes; 0 means unset. */
  readonly mtu?: number;
  /** Largest TCP segment to announce, in bytes; 0 means unset. */
  readonly advmss?: number;
  /** Metric; 0 means unset. */
  readonly priority?: number;
  /** Routing table; 0 is a value of its own. */
  readonly table?: number;
  /** Scope as in rtnetlink; 0 is a value of its own (universe). */
  readonly scope?: number;
}

/** An interface in the results of 0.3.0 to 0.4.0. */
export interface Interface040 {
  /** Its name. */
  readonly name: string;
  /** Hardware address. */
  readonly mac?: string;
  /** The CNI_NETNS text for an interface inside the container; absent for one on the host. */
  readonly sandbox?: string;
}

/** An interface in the results of 1.0.0 and 1.1.0. */
export interface Interface extends Interface040 {
  /** Largest packet, in bytes; 0 means unset. New in 1.1.0. */
  readonly mtu?: number;
  /** A vhost-user or similar socket. New in 1.1.0. */
  readonly socketPath?: string;
  /** PCI id of the device, such as `0000:00:1f.6`. New in 1.1.0. */
  readonly pciID?: string;
}

/** An address in the results of 1.0.0 and 1.1.0. */
export interface ResultIp {
  /** Index into `interfaces`; absent when the address belongs to none of them, as in the results of IPAM plugins. */
  readonly interface?: number;
  /** Address with prefix length, as in `10.1.0.5/16`. */
  readonly address: string;
  /** The subnet's gateway without prefix length. */
  readonly gateway?: string;
}

/** An address in the results of 0.3.0 to 0.4.0. */
export interface ResultIp040 extends ResultIp {
  /** The family as written. Conversions trust it more than the address; a text other than 4 and 6 reads as empty. */
  readonly version: '4' | '6' | '';
}

/** One family's half of a result of 0.1.0 or 0.2.0. */
export interface IpHalf {
  /** Address with prefix length. */
  readonly ip: string;
  /** The subnet's gateway without prefix length. */
  readonly gateway?: string;
  /** Routes. */
  readonly routes: readonly ResultRoute[];
}

/** The result of ADD in 0.1.0 and 0.2.0. */
export interface Result020 {
  /** Its version. */
  readonly cniVersion: '0.1.0' | '0.2.0';
  /** The IPv4 half. */
  readonly ip4?: IpHalf;
  /** The IPv6 half. */
  readonly ip6?: IpHalf;
  /** Name resolution. */
  readonly dns?: Dns;
}

/** The result of ADD in 0.3.0, 0.3.1 and 0.4.0. */
export interface Result040 {
  /** Its version. */
  readonly cniVersion: '0.3.0' | '0.3.1' | '0.4.0';
  /** All interfaces made, on the host and in the container. */
  readonly interfaces: readonly Interface040[];
  /** All addresses. */
  readonly ips: readonly ResultIp040[];
  /** All routes. */
  readonly routes: readonly ResultRoute[];
  /** Name resolution. */
  readonly dns?: Dns;
}

/** The result of ADD in 1.0.0 and 1.1.0: what plugins build, whatever version the configuration asks for. */
export interface Result {
  /** Its version. */
  readonly cniVersion: '1.0.0' | '1.1.0';
  /** All interfaces made, on the host and in the container. */
  readonly interfaces: readonly Interface[];
  /** All addresses. */
  readonly ips: readonly ResultIp[];
  /** All routes. */
  readonly routes: readonly ResultRoute[];
  /** Name resolution. */
  readonly dns?: Dns;
}

/** A result of any version; `cniVersion` tells the shapes apart. */
export type AnyResult = Result020 | Result040 | Result;

/** The shape that a result of version `V` has. */
export type ResultFor<V extends CniVersion> = V extends Result020['cniVersion']
  ? Result020 & Readonly<Record<'cniVersion', V>>
  : V extends Result040['cniVersion']
    ? Result040 & Readonly<Record<'cniVersion', V>>
    : V extends Result['cniVersion']
      ? Result & Readonly<Record<'cniVersion', V>>
      : never;
