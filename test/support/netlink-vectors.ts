import { readFileSync } from 'node:fs';
import { decodeMessages, type NetlinkMessage } from '../../netlink/wire/index.js';

/** Bytes that iproute2 sent or the kernel answered; see capture-netlink.ts. */
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

const file = new URL('../fixtures/netlink/messages.json', import.meta.url);

/** All captured vectors. */
export const netlinkVectors: readonly NetlinkVector[] = (JSON.parse(readFileSync(file, 'utf8')) as readonly Stored[]).map(
  ({ name, origin, hex }) => ({
    name,
    origin,
    bytes: Uint8Array.from(Buffer.from(hex.join(''), 'hex')),
  }),
);

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
