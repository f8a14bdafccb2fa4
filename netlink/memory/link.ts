import type { Cidr } from '../../lib/address.js';
import type { AddressSettings, Link } from '../../lib/driver.js';
import type { MemoryNamespace } from './namespace.js';

/** What a new link of a fake kernel is like. */
export interface MemoryLinkOptions {
  /** Its name, at most 15 bytes. */
  readonly name: string;
  /** Alternative names; default none. */
  readonly altNames?: readonly string[];
  /** Hardware address, lower case with colons; default none. */
  readonly mac?: string;
  /** The address burnt into the card; default none, as for a veth. */
  readonly permanentMac?: string;
  /** Largest packet in bytes; default 1500. */
  readonly mtu?: number;
  /** `veth`, `bridge`, …; default undefined: a real card. */
  readonly kind?: string;
  /** The cable is in: the link has carrier when it is up. Default true. */
  readonly connected?: boolean;
  /** Starts up; default false. */
  readonly up?: boolean;
  /** The bridge or bond it is enslaved to. */
  readonly masterIndex?: number;
  /** The link that it is stacked on, as a vlan or macvlan is: it has carrier with that one and is destroyed with it. May be in another namespace. */
  readonly lower?: MemoryLink;
  /** Index of the link below it, where that is no link of the fake kernel. */
  readonly lowerIndex?: number;
  /**
   * What happens when its namespace dies: it returns to the initial namespace, down, as a real card does (true), or is destroyed with it.
   * Default: true without `kind`, false with one.
   */
  readonly survives?: boolean;
}

/** An address on a link of a fake kernel. */
export interface MemoryAddress {
  /** The address with its prefix length. */
  readonly cidr: Cidr;
  /** Another address of the same range was there first; it goes when that one goes. IPv4 only. */
  readonly secondary: boolean;
  /** How far it is valid (rtm_scope); IPv4 only. */
  readonly scope: number;
  /** What it was given beside itself. */
  readonly settings: AddressSettings;
  /** The link made it for itself. */
  readonly kernelMade: boolean;
}

/** Kinds that never leave their namespace (netns_immutable in drivers/net and net). */
const IMMOVABLE_KINDS: readonly (string | undefined)[] = ['bond', 'bridge', 'hsr', 'team', 'vrf'];

/** A link of a fake kernel. It stays the same object wherever it moves. */
export class MemoryLink {
  /** The namespace it lives in; undefined once it is destroyed. */
  namespace: MemoryNamespace | undefined;
  /** Index in that namespace. */
  index = 0;
  /** Name in that namespace. */
  name: string;
  /** Alternative names. */
  altNames: readonly string[];
  /** Largest packet in bytes. */
  mtu: number;
  /** IFF_UP. */
  up = false;
  /** The cable is in. */
  connected: boolean;
  /** The bridge or bond it is enslaved to. */
  masterIndex: number | undefined;
  /** Addresses in the order they were added. */
  addresses: MemoryAddress[] = [];
  /** Its own sysctls by `ipv4/name` and `ipv6/name`. */
  sysctls = new Map<string, string>();
  /** Hardware address. */
  readonly mac: string;
  /** The address burnt in. */
  readonly permanentMac: string | undefined;
  /** The kind, undefined for a real card. */
  readonly kind: string | undefined;
  /** The other end of a veth. */
  peer: MemoryLink | undefined;
  /** The link that it is stacked on. */
  readonly lower: MemoryLink | undefined;
  /** The links that are stacked on it, in whatever namespace. */
  readonly uppers = new Set<MemoryLink>();
  readonly #lowerIndex: number | undefined;
  /** IFF_LOOPBACK. */
  readonly loopback: boolean;
  /** Returns to the initial namespace when its own dies. */
  readonly survives: boolean;

  /** Makes a link that lives nowhere yet. */
  constructor(options: MemoryLinkOptions, loopback = false) {
    this.name = options.name;
    this.altNames = [...(options.altNames ?? [])];
    this.mac = options.mac ?? (loopback ? '00:00:00:00:00:00' : '');
    this.permanentMac = options.permanentMac;
    this.mtu = options.mtu ?? options.lower?.mtu ?? (loopback ? 65536 : 1500);
    this.kind = options.kind;
    this.connected = options.connected ?? true;
    this.masterIndex = options.masterIndex;
    this.lower = options.lower;
    this.#lowerIndex = options.lowerIndex;
    this.loopback = loopback;
    this.survives = !loopback && (options.survives ?? options.kind === undefined);
  }

  /** IFF_LOWER_UP. */
  get carrier(): boolean {
    return this.up && this.connected && this.peer?.up !== false && this.lower?.carrier !== false;
  }

  /** Index of the other end of a veth, or of the link below, in the namespace that one lives in. */
  get lowerIndex(): number | undefined {
    return (this.peer ?? this.lower)?.index ?? this.#lowerIndex;
  }

  /** It stays in its namespace for good. */
  get immovable(): boolean {
    return this.loopback || IMMOVABLE_KINDS.includes(this.kind);
  }

  /** The links whose carrier hangs on this one. */
  followers(): readonly MemoryLink[] {
    const near = this.peer === undefined ? [...this.uppers] : [this.peer, ...this.uppers, ...this.peer.uppers];
    return near.flatMap((link) => [link, ...(link === this.peer ? [] : link.followers())]);
  }

  /** The link as a driver shows it. */
  toLink(): Link {
    return {
      index: this.index,
      name: this.name,
      altNames: [...this.altNames],
      mac: this.mac,
      permanentMac: this.permanentMac,
      mtu: this.mtu,
      up: this.up,
      carrier: this.carrier,
      loopback: this.loopback,
      kind: this.kind,
      masterIndex: this.masterIndex,
      lowerIndex: this.lowerIndex,
    };
  }
}
