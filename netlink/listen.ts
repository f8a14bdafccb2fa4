import { libc } from '#libc';
import { parseIp } from '../lib/address.js';
import { type NamespaceHandle, socketInNamespace } from './namespace.js';
import { checkCall } from './system-call.js';
import { AF, SO, SOCK, SOL } from './system-constants.js';
import { ipToBytes, LITTLE_ENDIAN } from './wire/index.js';

const BACKLOG = 511;

/** Where to listen. */
export interface ListenAddress {
  /** An IP address of the namespace; `0.0.0.0` and `::` stand for all. */
  readonly host: string;
  /** A TCP port; 0 lets the kernel choose. */
  readonly port: number;
}

/** A listening socket. */
export interface Listener {
  /**
   * The descriptor, non-blocking. It belongs to the caller: pass it to `server.listen({ fd })`, which closes it with the server.
   * Of Bun's servers only those of `node:net` take it: one of `node:http` listens elsewhere without a word (Bun issue 22559).
   */
  readonly fd: number;
  /** The port it listens on. */
  readonly port: number;
}

/** struct sockaddr_in or sockaddr_in6 (include/uapi/linux/in.h, in6.h). */
function encodeSocketAddress({ host, port }: ListenAddress): Uint8Array {
  if (parseIp(host) === undefined) throw new RangeError(`${JSON.stringify(host)} is no IP address`);
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) throw new RangeError('a port from 0 to 65535 is needed');
  const ip = ipToBytes(host);
  const address = new Uint8Array(ip.length === 4 ? 16 : 28);
  const view = new DataView(address.buffer);
  view.setUint16(0, ip.length === 4 ? AF.INET : AF.INET6, LITTLE_ENDIAN);
  view.setUint16(2, port, false);
  address.set(ip, ip.length === 4 ? 4 : 8);
  return address;
}

/**
 * Opens a TCP socket that listens inside a namespace, for a server of this process.
 * @throws NetlinkError when the kernel refuses: `EADDRINUSE`, `EADDRNOTAVAIL`, …
 * @throws RangeError when host or port is none
 */
export function listenInNamespace(namespace: NamespaceHandle, where: ListenAddress): Listener {
  const address = encodeSocketAddress(where);
  const what = `${where.host} port ${where.port} in ${namespace.label}`;
  const fd = socketInNamespace(namespace, address.length === 16 ? AF.INET : AF.INET6, SOCK.STREAM | SOCK.NONBLOCK, 0);
  try {
    const on = Uint8Array.of(1, 0, 0, 0);
    checkCall(libc.setsockopt(fd, SOL.SOCKET, SO.REUSEADDR, on), { op: `setsockopt SO_REUSEADDR for ${what}` });
    const bound = libc.bind(fd, address);
    checkCall(bound, { op: `bind ${what}`, capability: 'a port below 1024 needs CAP_NET_BIND_SERVICE in the namespace' });
    checkCall(libc.listen(fd, BACKLOG), { op: `listen on ${what}` });
    checkCall(libc.getsockname(fd, address), { op: `getsockname of ${what}` });
    return { fd, port: new DataView(address.buffer).getUint16(2, false) };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}
