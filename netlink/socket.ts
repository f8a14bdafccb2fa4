import { libc } from '#libc';
import { type NamespaceHandle, socketInNamespace } from './namespace.js';
import { checkCall } from './system-call.js';
import { AF, MSG, SO, SOCK, SOL } from './system-constants.js';
import { LITTLE_ENDIAN, NETLINK_ROUTE } from './wire/index.js';

/**
 * What a {@link NetlinkConnection} needs of a socket. Calls return what the system calls do: the length, or the negative error number.
 * A test may pass a function from requests to replies in this shape.
 */
export interface NetlinkSocket {
  /** The number that the kernel addresses this socket by. */
  readonly port: number;
  /** Sends one or more messages at once. */
  send(bytes: Uint8Array): number;
  /** Takes one datagram without waiting. The result is its true length, which may be more than the buffer holds. */
  receive(buffer: Uint8Array): number;
  /** Switches an option of level SOL_NETLINK; false when the kernel does not know it. */
  setOption(option: number, on: boolean): boolean;
  /** Closes the socket; called once. */
  close(): void;
}

/** An open socket of the NETLINK_ROUTE protocol. */
export interface OpenNetlinkSocket extends NetlinkSocket {
  /** The descriptor. */
  readonly fd: number;
}

/** struct sockaddr_nl (include/uapi/linux/netlink.h): family, padding, port, groups. */
const ADDRESS_BYTES = 12;

function kernelAddress(): Uint8Array {
  const address = new Uint8Array(ADDRESS_BYTES);
  address[0] = AF.NETLINK;
  return address;
}

/** A number as setsockopt takes it. */
export function optionBytes(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/**
 * Opens a NETLINK_ROUTE socket inside a namespace, connected to the kernel, so that messages which others send to it are refused.
 * @param receiveBytes wished size of the receive buffer
 * @throws NetlinkError when the kernel refuses
 */
export function openNetlinkSocket(namespace: NamespaceHandle, receiveBytes: number): OpenNetlinkSocket {
  const fd = socketInNamespace(namespace, AF.NETLINK, SOCK.RAW | SOCK.NONBLOCK, NETLINK_ROUTE);
  try {
    const op = `netlink socket in ${namespace.label}`;
    checkCall(libc.bind(fd, kernelAddress()), { op: `bind ${op}` });
    checkCall(libc.connect(fd, kernelAddress()), { op: `connect ${op}` });
    const own = kernelAddress();
    checkCall(libc.getsockname(fd, own), { op: `getsockname ${op}` });
    // The first needs CAP_NET_ADMIN in the initial user namespace; the second is cut at a limit of the system.
    if (libc.setsockopt(fd, SOL.SOCKET, SO.RCVBUFFORCE, optionBytes(receiveBytes)) < 0) {
      libc.setsockopt(fd, SOL.SOCKET, SO.RCVBUF, optionBytes(receiveBytes));
    }
    return {
      fd,
      port: new DataView(own.buffer).getUint32(4, LITTLE_ENDIAN),
      send: (bytes) => libc.send(fd, bytes, 0),
      receive: (buffer) => libc.recv(fd, buffer, MSG.DONTWAIT | MSG.TRUNC),
      setOption: (option, on) => libc.setsockopt(fd, SOL.NETLINK, option, optionBytes(on ? 1 : 0)) === 0,
      close: () => {
        libc.close(fd);
      },
    };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}
