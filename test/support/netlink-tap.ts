import type { NamespaceHandle } from '../../netlink/namespace.js';
import { type NetlinkSocket, openNetlinkSocket } from '../../netlink/socket.js';
import { decodeMessages, ERRNO, encodeLink, encodeMessage, type NetlinkMessage, NLM_F, RTM } from '../../netlink/wire/index.js';

/** A real socket whose traffic a test sees, and between whose calls it can make something happen. */
export interface NetlinkTap extends NetlinkSocket {
  /** Every message received so far. */
  readonly received: NetlinkMessage[];
  /** Called when the kernel has taken a request and nothing of its answer has been read. */
  onSent: () => void;
  /** Called when a datagram was read. */
  onReceived: () => void;
}

/** Puts a tap on a socket. */
export function tap(socket: NetlinkSocket): NetlinkTap {
  const received: NetlinkMessage[] = [];
  const tapped: NetlinkTap = {
    port: socket.port,
    received,
    onSent: () => {},
    onReceived: () => {},
    send(bytes) {
      const result = socket.send(bytes);
      tapped.onSent();
      return result;
    },
    receive(buffer) {
      const length = socket.receive(buffer);
      if (length > 0) {
        received.push(...decodeMessages(buffer.slice(0, length)));
        tapped.onReceived();
      }
      return length;
    },
    setOption: (option, on) => socket.setOption(option, on),
    close: () => socket.close(),
  };
  return tapped;
}

/** Changes links of a namespace within the call, so that nothing else of this process runs meanwhile. */
export interface Stirrer {
  /** Changes the MTU of a link; of 500 to 1500 bytes, another each time. */
  change(index: number): void;
  /** Adds a dummy or ifb of that name. */
  add(name: string): void;
  /** Deletes a link. */
  remove(name: string): void;
  /** Closes its socket. */
  close(): void;
}

/** Opens a socket of its own for changes. */
export function openStirrer(namespace: NamespaceHandle): Stirrer {
  const socket = openNetlinkSocket(namespace, 65_536);
  const answer = new Uint8Array(65_536);
  let sequence = 0;
  const ask = (type: number, flags: number, payload: Uint8Array): void => {
    const request = { type, flags: NLM_F.REQUEST | NLM_F.ACK | flags, sequence: ++sequence, port: 0, payload };
    socket.send(encodeMessage(request));
    const length = socket.receive(answer);
    const error = new DataView(answer.buffer).getInt32(16, true);
    if (length < 0 || error !== 0)
      throw new Error(`a change of type ${type} failed: ${length < 0 ? length : error} (${ERRNO.EPERM} is EPERM)`);
  };
  return {
    change: (index) => ask(RTM.NEWLINK, 0, encodeLink({ index, mtu: 500 + (sequence % 1000) })),
    add: (name) => ask(RTM.NEWLINK, NLM_F.CREATE | NLM_F.EXCL, encodeLink({ index: 0, name, info: { kind: 'ifb' } })),
    remove: (name) => ask(RTM.DELLINK, 0, encodeLink({ index: 0, name })),
    close: () => socket.close(),
  };
}
