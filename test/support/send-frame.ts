import { closeSync } from 'node:fs';
import { libc } from '#libc';
import { type NamespaceHandle, socketInNamespace } from '../../netlink/namespace.js';
import { checkCall } from '../../netlink/system-call.js';
import { AF, SOCK } from '../../netlink/system-constants.js';

/** Sends raw frames out of a link, with a packet socket of its own (packet(7)), which is no part of what is tested. */
export function sendFrames(namespace: NamespaceHandle, linkIndex: number, frames: readonly Uint8Array[]): void {
  const fd = socketInNamespace(namespace, AF.PACKET, SOCK.RAW, 0);
  try {
    const address = Buffer.alloc(20);
    address.writeUInt16LE(AF.PACKET, 0);
    address.writeInt32LE(linkIndex, 4);
    checkCall(libc.bind(fd, address), { op: 'send frames' });
    for (const frame of frames) checkCall(libc.send(fd, frame, 0), { op: 'send a frame' });
  } finally {
    closeSync(fd);
  }
}
