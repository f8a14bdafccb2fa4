/** Address families (include/linux/socket.h). */
export const AF = { INET: 2, INET6: 10, NETLINK: 16, PACKET: 17 } as const;

/** Socket types and the flags they take (include/linux/net.h; the same on x64 and arm64). */
export const SOCK = { STREAM: 1, RAW: 3, NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const;

/** Flags of send and receive calls (include/linux/socket.h). */
export const MSG = { TRUNC: 0x20, DONTWAIT: 0x40 } as const;

/** Levels of socket options (include/linux/socket.h, include/uapi/asm-generic/socket.h). */
export const SOL = { SOCKET: 1, NETLINK: 270 } as const;

/** Options at level SOL_SOCKET (include/uapi/asm-generic/socket.h). */
export const SO = { REUSEADDR: 2, RCVBUF: 8, RCVBUFFORCE: 33, NETNS_COOKIE: 71 } as const;

/** Options at level SOL_NETLINK (include/uapi/linux/netlink.h). */
export const NETLINK_OPTION = { ADD_MEMBERSHIP: 1, CAP_ACK: 10, EXT_ACK: 11, GET_STRICT_CHK: 12 } as const;

/** Commands and flags of fcntl(2) (include/uapi/asm-generic/fcntl.h). */
export const FCNTL = { GETFL: 3, SETFL: 4, SETOWN: 8, SETSIG: 10, O_ASYNC: 0o20000 } as const;

/** Events of poll(2) (include/uapi/asm-generic/poll.h). */
export const POLL = { IN: 1 } as const;

/** Operations of flock(2) (include/uapi/asm-generic/fcntl.h). */
export const LOCK = { EX: 2, NB: 4 } as const;

/** The flag of a network namespace for setns(2) and unshare(2) (include/uapi/linux/sched.h). */
export const CLONE_NEWNET = 0x40000000;

/** ioctl(2) that tells which kind of namespace a descriptor is (include/uapi/linux/nsfs.h). */
export const NS_GET_NSTYPE = 0xb703;

/** File system type of namespace files in statfs(2) (include/uapi/linux/magic.h). */
export const NSFS_MAGIC = 0x6e736673;

/** Flags of mount(2) and umount2(2) (include/uapi/linux/mount.h, include/linux/fs.h). */
export const MOUNT = { BIND: 0x1000, REC: 0x4000, SHARED: 0x100000, DETACH: 2 } as const;
