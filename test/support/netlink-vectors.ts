import { readFileSync } from 'node:fs';
import { decodeMessages, type NetlinkMessage } from '../../netlink/wire/index.js';
import type { IpObject } from './ip-json.js';

/** Bytes that another tool sent or the kernel answered; see capture-netlink.ts, capture-listings.ts, capture-pyroute2.py, capture-errors.py. */
export interface NetlinkVector {
  /** What a test calls it. */
  readonly name: string;
  /** The command, tool and kernel it was captured from. */
  readonly origin: string;
  /** One or more datagrams, joined. */
  readonly bytes: Uint8Array;
}

interface Stored {
  readonly name: string;
  readonly origin: string;
  readonly hex: readonly string[];
}

function read<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/netlink/${file}`, import.meta.url), 'utf8')) as T;
}

function toVector({ name, origin, hex }: Stored): NetlinkVector {
  return { name, origin, bytes: Uint8Array.from(Buffer.from(hex.join(''), 'hex')) };
}

/** A listing as the kernel sent it, and what iproute2 printed of it. */
export interface ListingVector extends NetlinkVector {
  /** What `ip -N -d -j` printed of these bytes. */
  readonly printed: readonly IpObject[];
}

interface StoredListing extends Stored {
  readonly printed: readonly IpObject[];
}

/** Messages between iproute2 and the kernel, one for each thing that tests need by name. */
export const netlinkVectors: readonly NetlinkVector[] = read<readonly Stored[]>('messages.json').map(toVector);

/** Messages as pyroute2 encodes them, of kinds too that the kernel of the captures lacks. */
export const pyroute2Vectors: readonly NetlinkVector[] = read<readonly Stored[]>('pyroute2.json').map(toVector);

/** What the kernel answers to requests that are wrong in one way each. */
export const errorVectors: readonly NetlinkVector[] = read<readonly Stored[]>('errors.json').map(toVector);

const everything = read<{ readonly requests: readonly Stored[]; readonly listings: readonly StoredListing[] }>('listings.json');

/** What iproute2 sends to make one of everything. */
export const requestVectors: readonly NetlinkVector[] = everything.requests.map(toVector);

/** What the kernel sends of all that. */
export const listingVectors: readonly ListingVector[] = everything.listings.map((one) => ({ ...toVector(one), printed: one.printed }));

/** All of them. */
export const everyVector: readonly NetlinkVector[] = [
  ...netlinkVectors,
  ...pyroute2Vectors,
  ...errorVectors,
  ...requestVectors,
  ...listingVectors,
];

/** The messages of a vector. @throws Error when there is none of that name */
export function vectorMessages(name: string): readonly NetlinkMessage[] {
  const vector = netlinkVectors.find((one) => one.name === name);
  if (vector === undefined) throw new Error(`no vector ${name}`);
  return decodeMessages(vector.bytes);
}

/** The first message of a vector. */
export function vectorMessage(name: string): NetlinkMessage {
  const [message] = vectorMessages(name);
  if (message === undefined) throw new Error(`vector ${name} is empty`);
  return message;
}
