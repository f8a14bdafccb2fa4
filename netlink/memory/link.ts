import type { Cidr } from '../../lib/address.js';
import type { Link } from '../../lib/driver.js';
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
  /** The link below it. */
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
}

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
  /** The link below it. */
  readonly lowerIndex: number | undefined;
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
    this.mtu = options.mtu ?? (loopback ? 65536 : 1500);
    this.kind = options.kind;
    this.connected = options.connected ?? true;
    this.masterIndex = options.masterIndex;
    this.lowerIndex = options.lowerIndex;
    this.loopback = loopback;
    this.survives = !loopback && (options.survives ?? options.kind === undefined);
  }

  /** IFF_LOWER_UP. */
  get carrier(): boolean {
    return this.up && this.connected;
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
