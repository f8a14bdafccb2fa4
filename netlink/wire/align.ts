/** Rounds up to the multiple of four that messages and attributes start at (NLMSG_ALIGN and NLA_ALIGN, include/uapi/linux/netlink.h). */
export function align4(length: number): number {
  return (length + 3) & ~3;
}
