import { libc } from '#libc';
import type { NamespaceHandle } from './namespace.js';
import { openNetlinkSocket, optionBytes } from './socket.js';
import { checkCall } from './system-call.js';
import { MSG, NETLINK_OPTION, SOL } from './system-constants.js';
import { decodeLink, decodeMessages, ERRNO, FAMILY, LITTLE_ENDIAN, type LinkMessage, RTM, RTNLGRP } from './wire/index.js';

const BUFFER_BYTES = 64 * 1024;
/** Wished size of the receive buffer; with the default, about 100 events overrun it. */
const RECEIVE_BYTES = 4 * 1024 * 1024;
const READS_AT_ONCE = 500;

/** What one look at the socket gave. */
export interface LinkEventBatch {
  /** Messages in the order of the kernel. */
  readonly messages: readonly { readonly present: boolean; readonly link: LinkMessage }[];
  /** Events were lost, or one told only a part of its link: only a new listing can say what is. */
  readonly incomplete: boolean;
  /** There may be more to read. */
  readonly more: boolean;
}

/** A socket that hears of every change of a namespace's links. */
export interface LinkEventSocket {
  /** The descriptor, to wait for. */
  readonly fd: number;
  /** Takes what has arrived. */
  read(): LinkEventBatch;
  /** Closes the socket. Two closes are fine. */
  close(): void;
}

/** Subscribes to link events. They are collected from the moment that this returns. @throws NetlinkError when the kernel refuses */
export function openLinkEvents(namespace: NamespaceHandle): LinkEventSocket {
  const socket = openNetlinkSocket(namespace, RECEIVE_BYTES);
  const { fd } = socket;
  const joined = libc.setsockopt(fd, SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, optionBytes(RTNLGRP.LINK));
  if (joined < 0) socket.close();
  checkCall(joined, { op: `join link events of ${namespace.label}` });
  const buffer = new Uint8Array(BUFFER_BYTES);
  const sender = new Uint8Array(12);
  const senderView = new DataView(sender.buffer);
  let open = true;

  const read = (): LinkEventBatch => {
    const messages: { present: boolean; link: LinkMessage }[] = [];
    let incomplete = false;
    for (let reads = 0; reads < READS_AT_ONCE; reads++) {
      const length = libc.recvfrom(fd, buffer, MSG.DONTWAIT | MSG.TRUNC, sender);
      if (length === -ERRNO.EAGAIN) return { messages, incomplete, more: false };
      if (length === -ERRNO.EINTR) continue;
      if (length === -ERRNO.ENOBUFS || length > buffer.length) {
        incomplete = true;
        continue;
      }
      checkCall(length, { op: `link events of ${namespace.label}` });
      // Connecting keeps out what others send to this socket, but not what they send to the whole group.
      if (senderView.getUint32(4, LITTLE_ENDIAN) !== 0) continue;
      for (const message of decodeMessages(buffer.subarray(0, length))) {
        if (message.type !== RTM.NEWLINK && message.type !== RTM.DELLINK) continue;
        const link = decodeLink(message.payload);
        // A bridge tells of its ports in messages of its own family: "deleted" then only means "left the bridge".
        if (link.family !== FAMILY.UNSPEC) continue;
        const present = message.type === RTM.NEWLINK;
        // Wireless events name the link and nothing more.
        if (present && link.mtu === undefined) incomplete = true;
        else messages.push({ present, link });
      }
    }
    return { messages, incomplete, more: true };
  };
  return {
    fd,
    read,
    close() {
      if (!open) return;
      open = false;
      socket.close();
    },
  };
}
