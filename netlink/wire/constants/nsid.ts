/** Attributes of a namespace id message (include/uapi/linux/net_namespace.h). */
export const NETNSA = {
  NETNSA_NSID: 1,
  NETNSA_PID: 2,
  NETNSA_FD: 3,
  NETNSA_TARGET_NSID: 4,
  NETNSA_CURRENT_NSID: 5,
} as const;
