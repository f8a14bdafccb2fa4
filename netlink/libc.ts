/**
 * The few calls of the C library that Node.js has no function for, and that netlink and namespaces need.
 *
 * Every call returns what the C function returns, or the negative errno number when that is -1 (`-17` for EEXIST).
 * Nothing here throws on account of the kernel; {@link checkCall} turns a negative result into an error.
 * Two files bind it, chosen by the import `#libc`: koffi under Node.js, bun:ffi in the standalone executable.
 *
 * Descriptors are plain numbers and belong to the caller. Byte arrays are read or filled in place and must not be empty.
 */
export interface Libc {
  /** socket(2). */
  socket(domain: number, type: number, protocol: number): number;
  /** close(2), for what these calls opened: in a worker Node.js warns of descriptors that its own close did not see opened. */
  close(fd: number): number;
  /** bind(2) with an address as `struct sockaddr_*` in bytes. */
  bind(fd: number, address: Uint8Array): number;
  /** connect(2) with an address as `struct sockaddr_*` in bytes. */
  connect(fd: number, address: Uint8Array): number;
  /** listen(2). */
  listen(fd: number, backlog: number): number;
  /** getsockname(2): fills `address` and returns 0. */
  getsockname(fd: number, address: Uint8Array): number;
  /** setsockopt(2) with the value in bytes. */
  setsockopt(fd: number, level: number, option: number, value: Uint8Array): number;
  /** getsockopt(2): fills `value` and returns 0. */
  getsockopt(fd: number, level: number, option: number, value: Uint8Array): number;
  /** send(2): returns the number of bytes sent. */
  send(fd: number, bytes: Uint8Array, flags: number): number;
  /** recv(2): returns the number of bytes, with MSG_TRUNC the true length of the message. */
  recv(fd: number, buffer: Uint8Array, flags: number): number;
  /** recvfrom(2): as recv, and fills `address` with the sender's. */
  recvfrom(fd: number, buffer: Uint8Array, flags: number, address: Uint8Array): number;
  /** poll(2) on an array of `struct pollfd` (8 bytes each): returns how many are ready. */
  poll(descriptors: Uint8Array, timeoutMs: number): number;
  /** fcntl(2) with a whole number as argument. */
  fcntl(fd: number, command: number, argument: number): number;
  /** ioctl(2) with a whole number as argument. */
  ioctl(fd: number, request: number, argument: number): number;
  /** flock(2). */
  flock(fd: number, operation: number): number;
  /** setns(2): of the calling thread. */
  setns(fd: number, type: number): number;
  /** unshare(2): of the calling thread. */
  unshare(flags: number): number;
  /** mount(2) without file system type and data, as for bind mounts and changes of propagation. */
  mount(source: string, target: string, flags: number): number;
  /** umount2(2). */
  umount(target: string, flags: number): number;
  /** abort(3): ends the process whatever thread calls it and whatever process it is. */
  abort(): void;
}
