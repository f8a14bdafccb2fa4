import { libc } from '#libc';
import type { NamespaceHandle } from './namespace.js';
import type { KnownMessage, ObjectKind } from './object-view.js';
import { openNetlinkSocket, optionBytes } from './socket.js';
import { checkCall } from './system-call.js';
import { MSG, NETLINK_OPTION, SOL } from './system-constants.js';
import { decodeMessages, ERRNO, LITTLE_ENDIAN } from './wire/index.js';

const BUFFER_BYTES = 64 * 1024;
/** Wished size of the receive buffer; with the default, about 100 events overrun it. */
const RECEIVE_BYTES = 4 * 1024 * 1024;
const READS_AT_ONCE = 500;

/** What one look at the socket gave. */
export interface EventBatch<T> {
  /** What is there and what is gone, in the order of the kernel. */
  readonly messages: readonly KnownMessage<T>[];
  /** Only a new listing can say what is there. */
  readonly stale: boolean;
  /** Events were lost, and so it is too. */
  readonly lost: boolean;
  /** There may be more to read. */
  readonly more: boolean;
}

/** A socket that hears of every change of the objects of one kind in a namespace. */
export interface EventSocket<T> {
  /** The descriptor, to wait for. */
  readonly fd: number;
  /** Takes what has arrived. */
  read(): EventBatch<T>;
  /** Closes the socket. Two closes are fine. */
  close(): void;
}

function join(fd: number, group: number): number {
  return libc.setsockopt(fd, SOL.NETLINK, NETLINK_OPTION.ADD_MEMBERSHIP, optionBytes(group));
}

/** Subscribes to events. They are collected from the moment that this returns. @throws NetlinkError when the kernel refuses */
export function openEvents<T, E>(namespace: NamespaceHandle, kind: ObjectKind<T, E>): EventSocket<T> {
  const socket = openNetlinkSocket(namespace, RECEIVE_BYTES);
  const { fd } = socket;
  try {
    for (const group of kind.groups) checkCall(join(fd, group), { op: `join events of the ${kind.name} of ${namespace.label}` });
    for (const group of kind.newerGroups ?? []) join(fd, group);
  } catch (error) {
    socket.close();
    throw error;
  }
  const buffer = new Uint8Array(BUFFER_BYTES);
  const sender = new Uint8Array(12);
  const senderView = new DataView(sender.buffer);
  let open = true;

  const read = (): EventBatch<T> => {
    const messages: KnownMessage<T>[] = [];
    let stale = false;
    let lost = false;
    for (let reads = 0; reads < READS_AT_ONCE; reads++) {
      const length = libc.recvfrom(fd, buffer, MSG.DONTWAIT | MSG.TRUNC, sender);
      if (length === -ERRNO.EAGAIN) return { messages, stale, lost, more: false };
      if (length === -ERRNO.EINTR) continue;
      if (length === -ERRNO.ENOBUFS || length > buffer.length) {
        lost = true;
        continue;
      }
      checkCall(length, { op: `events of the ${kind.name} of ${namespace.label}` });
      // Connecting keeps out what others send to this socket, but not what they send to the whole group.
      if (senderView.getUint32(4, LITTLE_ENDIAN) !== 0) continue;
      for (const message of decodeMessages(buffer.subarray(0, length))) {
        const told = kind.decode(message);
        if (told === undefined) continue;
        if ('object' in told) messages.push(told);
        stale ||= told.kind === 'stale';
        lost ||= told.kind === 'lost';
      }
    }
    return { messages, stale, lost, more: true };
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
