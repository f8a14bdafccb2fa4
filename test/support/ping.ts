import { closeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { libc } from '#libc';
import { requireIp } from '../../netlink/argument.js';
import { type NamespaceHandle, socketInNamespace } from '../../netlink/namespace.js';
import { AF, SOCK } from '../../netlink/system-constants.js';

const icmp = 1;
const echoRequest = 8;
const echoReply = 0;
const headerLength = 8;

/** RFC 1071. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function echo(identifier: number, sequence: number): Uint8Array {
  const message = new Uint8Array(headerLength);
  const view = new DataView(message.buffer);
  view.setUint8(0, echoRequest);
  view.setUint16(4, identifier);
  view.setUint16(6, sequence);
  view.setUint16(2, checksum(message));
  return message;
}

/** What came back: the answer's sender, or why there was none. */
export interface PingResult {
  /** True when the address answered. */
  readonly answered: boolean;
  /** How many requests were sent. */
  readonly sent: number;
}

/**
 * Sends ICMP echo requests from a namespace, one after another, until one is answered or the time is over.
 * @param timeoutMs how long to go on; short when no answer is expected
 */
export async function ping(namespace: NamespaceHandle, address: string, timeoutMs = 5000): Promise<PingResult> {
  const socket = socketInNamespace(namespace, AF.INET, SOCK.RAW | SOCK.NONBLOCK, icmp);
  try {
    const destination = new Uint8Array(16);
    new DataView(destination.buffer).setUint16(0, AF.INET, true);
    destination.set(requireIp(address).bytes, 4);
    // A namespace that is being configured has no route yet: that is no answer, not a broken test.
    if (libc.connect(socket, destination) < 0) return { answered: false, sent: 0 };
    const identifier = process.pid & 0xffff;
    const buffer = new Uint8Array(2048);
    const deadline = Date.now() + timeoutMs;
    let sent = 0;
    while (Date.now() < deadline) {
      libc.send(socket, echo(identifier, ++sent), 0);
      for (let look = 0; look < 20; look++) {
        const length = libc.recv(socket, buffer, 0);
        if (length > 0 && isAnswer(buffer.subarray(0, length), identifier)) return { answered: true, sent };
        await delay(2);
      }
    }
    return { answered: false, sent };
  } finally {
    closeSync(socket);
  }
}

/** A raw IPv4 socket gives the IP header too. */
function isAnswer(packet: Uint8Array, identifier: number): boolean {
  const start = ((packet[0] ?? 0) & 0x0f) * 4;
  if (packet.length < start + headerLength) return false;
  const view = new DataView(packet.buffer, packet.byteOffset + start, headerLength);
  return view.getUint8(0) === echoReply && view.getUint16(4) === identifier;
}
