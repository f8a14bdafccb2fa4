/**
 * Whether this machine is little-endian, as x64 and arm64 are. Netlink speaks in the byte order of the machine, save what the kernel
 * documents as network order; so every number that is read or written here names this constant, and none a byte order of its own.
 */
export const LITTLE_ENDIAN: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
