import assert from 'node:assert/strict';
import type { Link, NamespaceRef, NetworkDriver, NetworkNamespace } from '../driver.js';
import { isNicError, NetlinkError, type NicErrorCode } from '../errors.js';

/** A link to plug. */
export interface PluggedLink {
  /** Its name, at most 15 bytes. */
  readonly name: string;
  /** Hardware address, lower case with colons. */
  readonly mac: string;
  /** Alternative names. */
  readonly altNames?: readonly string[];
}

/** A driver with a machine to play with, made for one test. */
export interface DriverBed {
  /** The driver under test. */
  readonly driver: NetworkDriver;
  /** Makes a namespace with nothing but a loopback link, which is down, and gives a reference to it. */
  createNamespace(): Promise<NamespaceRef>;
  /** Takes the name of a namespace away, as `ip netns delete` does. */
  removeNamespace(ref: NamespaceRef): Promise<void>;
  /** References that name no network namespace: nothing at all, and something else. */
  readonly noNamespaces: readonly NamespaceRef[];
  /** Plugs a link into a namespace, down, with the cable in. */
  plug(ref: NamespaceRef, link: PluggedLink): Promise<void>;
  /** Takes a link of a namespace away. */
  unplug(ref: NamespaceRef, name: string): Promise<void>;
  /** Takes everything down. */
  teardown(): Promise<void>;
}

/** Makes options that end a wait which hangs. @internal */
export type Patience = () => { readonly signal: AbortSignal };

/** Defines one case of a suite. @internal */
export type DefineDriverCase = (title: string, body: (bed: DriverBed, patience: Patience) => Promise<void>) => void;

/** An open namespace with one link plugged. @internal */
export interface Socket {
  /** How the namespace was opened. */
  readonly ref: NamespaceRef;
  /** The open namespace. */
  readonly namespace: NetworkNamespace;
  /** The link, as read. */
  readonly link: Link;
}

/** The hardware addresses that the suite plugs. @internal */
export const macs = { first: '52:54:00:00:00:0a', second: '52:54:00:00:00:0b' } as const;

/** Opens a new namespace with one link plugged. @internal */
export async function openSocket(bed: DriverBed, link: Partial<PluggedLink> = {}): Promise<Socket> {
  const ref = await bed.createNamespace();
  const plugged = { name: 'eth1', mac: macs.first, ...link };
  await bed.plug(ref, plugged);
  const namespace = await bed.driver.open(ref);
  return { ref, namespace, link: await linkNamed(namespace, plugged.name) };
}

/** The link of that name. @internal */
export async function linkNamed(namespace: NetworkNamespace, name: string): Promise<Link> {
  const links = await namespace.listLinks();
  const link = links.find((candidate) => candidate.name === name);
  assert.ok(link !== undefined, `there is no link ${name} among ${links.map((candidate) => candidate.name).join(', ')}`);
  return link;
}

/** The link with that hardware address; undefined when there is none. @internal */
export async function linkByMac(namespace: NetworkNamespace, mac: string): Promise<Link | undefined> {
  return (await namespace.listLinks()).find((candidate) => candidate.mac === mac);
}

/** What a promise rejects with. @internal */
export async function refusalOf(promise: Promise<unknown>, what: string): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  assert.fail(`${what} was to be refused, and resolved with ${typeof value}`);
}

/** Expects the kernel to refuse with one of these errno names. @internal */
export async function assertErrno(promise: Promise<unknown>, ...errnos: readonly string[]): Promise<void> {
  const error = await refusalOf(promise, errnos.join(' or '));
  assert.ok(error instanceof NetlinkError, `a NetlinkError was expected, not ${String(error)}`);
  assert.ok(errnos.includes(error.errno), `${errnos.join(' or ')} was expected, not ${error.message}`);
  assert.notEqual(error.op, '', 'a NetlinkError names its operation');
}

/** Expects a rejection with a stable code. @internal */
export async function assertCode(promise: Promise<unknown>, code: NicErrorCode): Promise<void> {
  const error = await refusalOf(promise, code);
  assert.ok(isNicError(error, code), `${code} was expected, not ${String(error)}`);
}

/** Expects wrong use to be called a RangeError. @internal */
export async function assertRangeError(promise: Promise<unknown>): Promise<void> {
  const error = await refusalOf(promise, 'RangeError');
  assert.ok(error instanceof RangeError, `a RangeError was expected, not ${String(error)}`);
}
