import { AttributeTable, type WithUnknown } from './attribute.js';
import { LITTLE_ENDIAN } from './byte-order.js';
import { written } from './byte-writer.js';
import { FR_ACT, FRA, RT_TABLE } from './constants/index.js';
import { decoding, viewOf } from './malformed.js';
import { rangeOf, splitRange } from './range.js';
import { be32, be64, bool8, ipAddress, type NumberRange, portRange, text, u8, u16, u32, uidRange } from './value.js';

/** Length of struct fib_rule_hdr (include/uapi/linux/fib_rules.h). */
export const RULE_HEADER = 12;

/** Attributes of a rule that stand for themselves. */
export interface RuleAttributes {
  /** FRA_PRIORITY: rules are tried from the least up. */
  readonly priority?: number;
  /** FRA_IIFNAME: the link the packet came in by. */
  readonly inputName?: string;
  /** FRA_OIFNAME: the link the sending socket is bound to. */
  readonly outputName?: string;
  /** FRA_FWMARK. */
  readonly mark?: number;
  /** FRA_FWMASK: the bits of the mark that count. */
  readonly markMask?: number;
  /** FRA_GOTO: priority of the rule to go on with. */
  readonly goto?: number;
  /** FRA_SUPPRESS_PREFIXLEN: results with a prefix this short or shorter do not count; 4,294,967,295 for none. */
  readonly suppressPrefix?: number;
  /** FRA_SUPPRESS_IFGROUP: results by a link of this group do not count; 4,294,967,295 for none. */
  readonly suppressGroup?: number;
  /** FRA_FLOW: the realm. */
  readonly flow?: number;
  /** FRA_L3MDEV: the table is that of the link's VRF. */
  readonly l3mdev?: boolean;
  /** FRA_UID_RANGE: of the sending socket. */
  readonly uidRange?: NumberRange;
  /** FRA_PROTOCOL: who made it, one of RTPROT. */
  readonly protocol?: number;
  /** FRA_IP_PROTO: 6 TCP, 17 UDP, … */
  readonly ipProtocol?: number;
  /** FRA_SPORT_RANGE. */
  readonly sourcePorts?: NumberRange;
  /** FRA_DPORT_RANGE. */
  readonly destinationPorts?: NumberRange;
  /** FRA_TUN_ID: the tunnel the packet came by. */
  readonly tunnelId?: bigint;
  /** FRA_DSCP: the upper six bits of the type of service. Linux 6.13 and later. */
  readonly dscp?: number;
  /** FRA_DSCP_MASK: the bits of it that count. Linux 6.15 and later. */
  readonly dscpMask?: number;
  /** FRA_FLOWLABEL, IPv6 only. Linux 6.14 and later. */
  readonly flowLabel?: number;
  /** FRA_FLOWLABEL_MASK: the bits of it that count. */
  readonly flowLabelMask?: number;
  /** FRA_SPORT_MASK: the bits of the source port that count. Linux 6.15 and later. */
  readonly sourcePortMask?: number;
  /** FRA_DPORT_MASK: the bits of the destination port that count. Linux 6.15 and later. */
  readonly destinationPortMask?: number;
}

/** A rule message: header (struct fib_rule_hdr) and attributes. */
export interface RuleMessage extends RuleAttributes, WithUnknown {
  /** 2 IPv4, 10 IPv6. */
  readonly family: number;
  /** FRA_DST: destination range; undefined for any. */
  readonly dst?: string;
  /** FRA_SRC: source range; undefined for any. */
  readonly src?: string;
  /** Type of service. */
  readonly tos?: number;
  /** FRA_TABLE, or the header's when that is absent. */
  readonly table?: number;
  /** One of FR_ACT. Default in requests: look up the table. */
  readonly action?: number;
  /** FIB_RULE bits. */
  readonly flags?: number;
}

interface RuleWire extends RuleAttributes {
  readonly dstAddress?: string;
  readonly srcAddress?: string;
  readonly wideTable?: number;
}

/** The attributes of a rule message. */
export const ruleNames = new AttributeTable<RuleWire>(FRA, {
  dstAddress: { type: FRA.FRA_DST, value: ipAddress },
  srcAddress: { type: FRA.FRA_SRC, value: ipAddress },
  priority: { type: FRA.FRA_PRIORITY, value: u32 },
  inputName: { type: FRA.FRA_IIFNAME, value: text },
  outputName: { type: FRA.FRA_OIFNAME, value: text },
  mark: { type: FRA.FRA_FWMARK, value: u32 },
  markMask: { type: FRA.FRA_FWMASK, value: u32 },
  goto: { type: FRA.FRA_GOTO, value: u32 },
  suppressPrefix: { type: FRA.FRA_SUPPRESS_PREFIXLEN, value: u32 },
  suppressGroup: { type: FRA.FRA_SUPPRESS_IFGROUP, value: u32 },
  flow: { type: FRA.FRA_FLOW, value: u32 },
  l3mdev: { type: FRA.FRA_L3MDEV, value: bool8 },
  uidRange: { type: FRA.FRA_UID_RANGE, value: uidRange },
  protocol: { type: FRA.FRA_PROTOCOL, value: u8 },
  ipProtocol: { type: FRA.FRA_IP_PROTO, value: u8 },
  sourcePorts: { type: FRA.FRA_SPORT_RANGE, value: portRange },
  destinationPorts: { type: FRA.FRA_DPORT_RANGE, value: portRange },
  tunnelId: { type: FRA.FRA_TUN_ID, value: be64 },
  dscp: { type: FRA.FRA_DSCP, value: u8 },
  dscpMask: { type: FRA.FRA_DSCP_MASK, value: u8 },
  flowLabel: { type: FRA.FRA_FLOWLABEL, value: be32 },
  flowLabelMask: { type: FRA.FRA_FLOWLABEL_MASK, value: be32 },
  sourcePortMask: { type: FRA.FRA_SPORT_MASK, value: u16 },
  destinationPortMask: { type: FRA.FRA_DPORT_MASK, value: u16 },
  wideTable: { type: FRA.FRA_TABLE, value: u32 },
});

/** Reads the payload of RTM_NEWRULE, RTM_DELRULE or RTM_GETRULE. @throws DecodeError when it is cut off or an attribute has the wrong length */
export function decodeRule(payload: Uint8Array): RuleMessage {
  return decoding('rule message', () => {
    const view = viewOf(payload, RULE_HEADER);
    const family = view.getUint8(0);
    const wire: { -readonly [K in keyof RuleWire]: RuleWire[K] } = {};
    const unknown = ruleNames.decode(view, RULE_HEADER, payload.length, wire);
    const { dstAddress, srcAddress, wideTable, ...rest } = wire;
    const dst = view.getUint8(1) === 0 ? undefined : rangeOf(family, dstAddress, view.getUint8(1));
    const src = view.getUint8(2) === 0 ? undefined : rangeOf(family, srcAddress, view.getUint8(2));
    return {
      family,
      ...(dst === undefined ? {} : { dst }),
      ...(src === undefined ? {} : { src }),
      tos: view.getUint8(3),
      table: wideTable ?? view.getUint8(4),
      action: view.getUint8(7),
      flags: view.getUint32(8, LITTLE_ENDIAN),
      ...rest,
      ...(unknown.length === 0 ? {} : { unknown }),
    };
  });
}

/** Writes the payload of a rule message. @throws RangeError when a value cannot be written */
export function encodeRule(rule: RuleMessage): Uint8Array {
  const dst = splitRange(rule.dst);
  const src = splitRange(rule.src);
  const table = rule.table ?? 0;
  return written((writer) => {
    writer.u8(rule.family);
    writer.u8(dst.prefix);
    writer.u8(src.prefix);
    writer.u8(rule.tos ?? 0);
    writer.u8(table < 256 ? table : RT_TABLE.COMPAT);
    writer.u16(0);
    writer.u8(rule.action ?? FR_ACT.TO_TBL);
    writer.u32(rule.flags ?? 0);
    const wire: RuleWire = {
      ...rule,
      ...(dst.address === undefined ? {} : { dstAddress: dst.address }),
      ...(src.address === undefined ? {} : { srcAddress: src.address }),
      ...(table < 256 ? {} : { wideTable: table }),
    };
    ruleNames.encode(wire, writer);
    if (rule.unknown !== undefined) writer.bytes(rule.unknown);
  });
}
