/** Attributes of a rule message (include/uapi/linux/fib_rules.h). */
export const FRA = {
  FRA_DST: 1,
  FRA_SRC: 2,
  FRA_IIFNAME: 3,
  FRA_GOTO: 4,
  FRA_UNUSED2: 5,
  FRA_PRIORITY: 6,
  FRA_UNUSED3: 7,
  FRA_UNUSED4: 8,
  FRA_UNUSED5: 9,
  FRA_FWMARK: 10,
  FRA_FLOW: 11,
  FRA_TUN_ID: 12,
  FRA_SUPPRESS_IFGROUP: 13,
  FRA_SUPPRESS_PREFIXLEN: 14,
  FRA_TABLE: 15,
  FRA_FWMASK: 16,
  FRA_OIFNAME: 17,
  FRA_PAD: 18,
  FRA_L3MDEV: 19,
  FRA_UID_RANGE: 20,
  FRA_PROTOCOL: 21,
  FRA_IP_PROTO: 22,
  FRA_SPORT_RANGE: 23,
  FRA_DPORT_RANGE: 24,
  FRA_DSCP: 25,
  FRA_FLOWLABEL: 26,
  FRA_FLOWLABEL_MASK: 27,
  FRA_SPORT_MASK: 28,
  FRA_DPORT_MASK: 29,
  FRA_DSCP_MASK: 30,
} as const;

/** Actions of a rule (include/uapi/linux/fib_rules.h). */
export const FR_ACT = {
  /** Looks up a table. */
  TO_TBL: 1,
  /** Goes on at another rule. */
  GOTO: 2,
  /** Does nothing. */
  NOP: 3,
  /** Drops without a word. */
  BLACKHOLE: 6,
  /** Drops: "network unreachable". */
  UNREACHABLE: 7,
  /** Drops: "administratively prohibited". */
  PROHIBIT: 8,
} as const;

/** Flags of a rule (include/uapi/linux/fib_rules.h). */
export const FIB_RULE = {
  /** Cannot be deleted. */
  PERMANENT: 0x1,
  /** For packets that do not match. */
  INVERT: 0x2,
  /** The rule to go to is not there. */
  UNRESOLVED: 0x4,
  /** The incoming link is not there. */
  IIF_DETACHED: 0x8,
  /** The outgoing link is not there. */
  OIF_DETACHED: 0x10,
  /** Chooses a source address. */
  FIND_SADDR: 0x10000,
} as const;
