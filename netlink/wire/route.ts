import type { PathMetrics } from '../../lib/driver.js';
import { AttributeTable, NLA_F, nest, type WithUnknown } from './attribute.js';
import { LITTLE_ENDIAN } from './byte-order.js';
import { written } from './byte-writer.js';
import { FAMILY, RT_TABLE, RTA, RTAX, RTN } from './constants/index.js';
import { copyBytes, decoding, Malformed, viewOf } from './malformed.js';
import { rangeOf, splitRange } from './range.js';
import { be16, bool8, expectLength, ipAddress, s32, text, u8, u16, u32, type ValueCodec } from './value.js';

/** Length of struct rtmsg (include/uapi/linux/rtnetlink.h). */
export const ROUTE_HEADER = 12;
const NEXT_HOP_HEADER = 8;

/** What a route says about the way (RTA_METRICS). `lock` is RTAX_LOCK, `features` has the bits of RTAX_FEATURE. */
export interface RouteMetrics extends PathMetrics {
  /** Largest packet, in bytes. */
  readonly mtu?: number;
}

/** A next hop of another address family (struct rtvia). */
export interface RouteVia {
  /** Address family of the next hop. */
  readonly family: number;
  /** The address, where the family is 2 or 10. */
  readonly address?: string;
  /** The address in bytes. */
  readonly bytes: Uint8Array;
}

/** Attributes of one of several next hops. */
export interface NextHopAttributes {
  /** RTA_GATEWAY. */
  readonly gateway?: string;
  /** RTA_VIA. */
  readonly via?: RouteVia;
  /** RTA_FLOW: the realm. */
  readonly flow?: number;
  /** RTA_ENCAP_TYPE: the encapsulation, whose settings (RTA_ENCAP) are kept undecoded. */
  readonly encapType?: number;
}

/** How a route is used and how long it lives (struct rta_cacheinfo). Times are in hundredths of a second. */
export interface RouteCacheInfo {
  /** How many hold it. */
  readonly references: number;
  /** Since it was last used. */
  readonly lastUsed: number;
  /** Until it expires; 0 for never, less when it has. */
  readonly expires: number;
  /** Negative error number that it gives. */
  readonly error: number;
  /** How often it was used. */
  readonly used: number;
  /** Of no use since Linux 3.6, as all that follows. */
  readonly id: number;
  /** Time stamp of TCP. */
  readonly timestamp: number;
  /** Age of that. */
  readonly timestampAge: number;
}

/** One of several next hops (struct rtnexthop). */
export interface NextHop extends NextHopAttributes, WithUnknown {
  /** rtnh_ifindex: the link it leaves by. */
  readonly linkIndex: number;
  /** Share of the traffic, 1 to 256. */
  readonly weight: number;
  /** {@link RTNH_F} bits. */
  readonly flags: number;
}

/** Attributes of a route that stand for themselves. */
export interface RouteAttributes {
  /** RTA_OIF: the link it leaves by. */
  readonly linkIndex?: number;
  /** RTA_IIF: the link the packet came in by, in look-ups. */
  readonly inputIndex?: number;
  /** RTA_GATEWAY: the next hop. */
  readonly gateway?: string;
  /** RTA_VIA: a next hop of another address family. */
  readonly via?: RouteVia;
  /** RTA_PRIORITY: the metric; the less, the better. */
  readonly metric?: number;
  /** RTA_PREFSRC: the source address to use. */
  readonly preferredSource?: string;
  /** RTA_METRICS. */
  readonly metrics?: RouteMetrics & WithUnknown;
  /** RTA_MULTIPATH. */
  readonly nextHops?: readonly NextHop[];
  /** RTA_NH_ID: a next hop object. */
  readonly nextHopId?: number;
  /** RTA_MARK, in look-ups. */
  readonly mark?: number;
  /** RTA_PREF: router preference of IPv6 (RFC 4191). */
  readonly preference?: number;
  /** RTA_EXPIRES in seconds. */
  readonly expiresSeconds?: number;
  /** RTA_FLOW: the realm. */
  readonly flow?: number;
  /** RTA_TTL_PROPAGATE. */
  readonly ttlPropagate?: boolean;
  /** RTA_ENCAP_TYPE: the encapsulation, whose settings (RTA_ENCAP) are kept undecoded. */
  readonly encapType?: number;
  /** RTA_CACHEINFO, in replies. */
  readonly cacheInfo?: RouteCacheInfo;
  /** RTA_UID: user who sends, in look-ups. */
  readonly uid?: number;
  /** RTA_IP_PROTO, in look-ups. */
  readonly ipProtocol?: number;
  /** RTA_SPORT, in look-ups. */
  readonly sourcePort?: number;
  /** RTA_DPORT, in look-ups. */
  readonly destinationPort?: number;
}

/** A route message: header (struct rtmsg) and attributes. */
export interface RouteMessage extends RouteAttributes, WithUnknown {
  /** rtm_family: 2 IPv4, 10 IPv6. */
  readonly family: number;
  /** RTA_DST with rtm_dst_len: range in canonical form, `0.0.0.0/0` and `::/0` for the default routes. In other families its bytes in the same form. */
  readonly dst?: string;
  /** RTA_SRC with rtm_src_len: range of source addresses; undefined for any. */
  readonly src?: string;
  /** rtm_tos. */
  readonly tos?: number;
  /** RTA_TABLE, or rtm_table when that is absent. Default in requests: the main table. */
  readonly table?: number;
  /** rtm_protocol: one of RTPROT. */
  readonly protocol?: number;
  /** rtm_scope: one of RT_SCOPE. */
  readonly scope?: number;
  /** rtm_type: one of RTN. Default in requests: unicast. */
  readonly type?: number;
  /** rtm_flags: RTM_F and {@link RTNH_F} bits. */
  readonly flags?: number;
}

const metrics = new AttributeTable<RouteMetrics>(RTAX, {
  lock: { type: RTAX.RTAX_LOCK, value: u32 },
  mtu: { type: RTAX.RTAX_MTU, value: u32 },
  window: { type: RTAX.RTAX_WINDOW, value: u32 },
  rtt: { type: RTAX.RTAX_RTT, value: u32 },
  rttvar: { type: RTAX.RTAX_RTTVAR, value: u32 },
  ssthresh: { type: RTAX.RTAX_SSTHRESH, value: u32 },
  cwnd: { type: RTAX.RTAX_CWND, value: u32 },
  advmss: { type: RTAX.RTAX_ADVMSS, value: u32 },
  reordering: { type: RTAX.RTAX_REORDERING, value: u32 },
  hoplimit: { type: RTAX.RTAX_HOPLIMIT, value: u32 },
  initcwnd: { type: RTAX.RTAX_INITCWND, value: u32 },
  features: { type: RTAX.RTAX_FEATURES, value: u32 },
  rtoMin: { type: RTAX.RTAX_RTO_MIN, value: u32 },
  initrwnd: { type: RTAX.RTAX_INITRWND, value: u32 },
  quickack: { type: RTAX.RTAX_QUICKACK, value: u32 },
  congestionControl: { type: RTAX.RTAX_CC_ALGO, value: text },
  fastopenNoCookie: { type: RTAX.RTAX_FASTOPEN_NO_COOKIE, value: u32 },
});

const via: ValueCodec<RouteVia> = {
  decode(view, start, end) {
    if (end - start < 2) throw new Malformed(`at least 2 bytes, not ${end - start}`);
    const family = view.getUint16(start, LITTLE_ENDIAN);
    const known = family === FAMILY.INET || family === FAMILY.INET6;
    const bytes = copyBytes(view, start + 2, end);
    return known ? { family, bytes, address: ipAddress.decode(view, start + 2, end) } : { family, bytes };
  },
  encode(value, writer) {
    u16.encode(value.family, writer);
    writer.bytes(value.bytes);
  },
};

const nextHopNames = new AttributeTable<NextHopAttributes>(RTA, {
  gateway: { type: RTA.RTA_GATEWAY, value: ipAddress },
  via: { type: RTA.RTA_VIA, value: via },
  flow: { type: RTA.RTA_FLOW, value: u32 },
  encapType: { type: RTA.RTA_ENCAP_TYPE, value: u16 },
});

const CACHE_INFO_BYTES = 32;

const cacheInfo: ValueCodec<RouteCacheInfo> = {
  decode(view, start, end) {
    expectLength(start, end, CACHE_INFO_BYTES);
    return {
      references: view.getUint32(start, LITTLE_ENDIAN),
      lastUsed: view.getUint32(start + 4, LITTLE_ENDIAN),
      expires: view.getInt32(start + 8, LITTLE_ENDIAN),
      error: view.getInt32(start + 12, LITTLE_ENDIAN),
      used: view.getUint32(start + 16, LITTLE_ENDIAN),
      id: view.getUint32(start + 20, LITTLE_ENDIAN),
      timestamp: view.getUint32(start + 24, LITTLE_ENDIAN),
      timestampAge: view.getUint32(start + 28, LITTLE_ENDIAN),
    };
  },
  encode(value, writer) {
    u32.encode(value.references, writer);
    u32.encode(value.lastUsed, writer);
    s32.encode(value.expires, writer);
    s32.encode(value.error, writer);
    u32.encode(value.used, writer);
    u32.encode(value.id, writer);
    u32.encode(value.timestamp, writer);
    u32.encode(value.timestampAge, writer);
  },
};

const nextHops: ValueCodec<readonly NextHop[]> = {
  decode(view, start, end) {
    const hops: NextHop[] = [];
    let offset = start;
    while (offset < end) {
      const left = end - offset;
      if (left < NEXT_HOP_HEADER) throw new Malformed(`a next hop of at least ${NEXT_HOP_HEADER} bytes, not ${left}`);
      const length = view.getUint16(offset, LITTLE_ENDIAN);
      if (length < NEXT_HOP_HEADER || length > left)
        throw new Malformed(`a next hop of ${NEXT_HOP_HEADER} to ${left} bytes, not ${length}`);
      const hop: { -readonly [K in keyof NextHop]: NextHop[K] } = {
        flags: view.getUint8(offset + 2),
        weight: view.getUint8(offset + 3) + 1,
        linkIndex: view.getUint32(offset + 4, LITTLE_ENDIAN),
      };
      const unknown = nextHopNames.decode(view, offset + NEXT_HOP_HEADER, offset + length, hop);
      if (unknown.length > 0) hop.unknown = unknown;
      hops.push(hop);
      offset += (length + 3) & ~3;
    }
    return hops;
  },
  encode(hops, writer) {
    for (const hop of hops) {
      const start = writer.skip(2);
      u8.encode(hop.flags, writer);
      u8.encode(hop.weight - 1, writer);
      writer.u32(hop.linkIndex);
      nextHopNames.encode(hop, writer);
      if (hop.unknown !== undefined) writer.bytes(hop.unknown);
      writer.patch16(start, writer.length - start);
      writer.align();
    }
  },
};

interface RouteWire extends RouteAttributes {
  readonly dstAddress?: string;
  readonly srcAddress?: string;
  readonly wideTable?: number;
}

/** The attributes of a route message. */
export const routeNames = new AttributeTable<RouteWire>(RTA, {
  dstAddress: { type: RTA.RTA_DST, value: ipAddress },
  srcAddress: { type: RTA.RTA_SRC, value: ipAddress },
  gateway: { type: RTA.RTA_GATEWAY, value: ipAddress },
  via: { type: RTA.RTA_VIA, value: via },
  linkIndex: { type: RTA.RTA_OIF, value: u32 },
  inputIndex: { type: RTA.RTA_IIF, value: u32 },
  metric: { type: RTA.RTA_PRIORITY, value: u32 },
  preferredSource: { type: RTA.RTA_PREFSRC, value: ipAddress },
  wideTable: { type: RTA.RTA_TABLE, value: u32 },
  metrics: { type: RTA.RTA_METRICS, value: nest(metrics), flags: NLA_F.NESTED, inside: metrics },
  nextHops: { type: RTA.RTA_MULTIPATH, value: nextHops },
  nextHopId: { type: RTA.RTA_NH_ID, value: u32 },
  mark: { type: RTA.RTA_MARK, value: u32 },
  preference: { type: RTA.RTA_PREF, value: u8 },
  expiresSeconds: { type: RTA.RTA_EXPIRES, value: u32 },
  flow: { type: RTA.RTA_FLOW, value: u32 },
  ttlPropagate: { type: RTA.RTA_TTL_PROPAGATE, value: bool8 },
  encapType: { type: RTA.RTA_ENCAP_TYPE, value: u16 },
  cacheInfo: { type: RTA.RTA_CACHEINFO, value: cacheInfo },
  uid: { type: RTA.RTA_UID, value: u32 },
  ipProtocol: { type: RTA.RTA_IP_PROTO, value: u8 },
  sourcePort: { type: RTA.RTA_SPORT, value: be16 },
  destinationPort: { type: RTA.RTA_DPORT, value: be16 },
});

/** Reads the payload of RTM_NEWROUTE, RTM_DELROUTE or RTM_GETROUTE. @throws DecodeError when it is cut off or an attribute has the wrong length */
export function decodeRoute(payload: Uint8Array): RouteMessage {
  return decoding('route message', () => {
    const view = viewOf(payload, ROUTE_HEADER);
    const family = view.getUint8(0);
    const wire: { -readonly [K in keyof RouteWire]: RouteWire[K] } = {};
    const unknown = routeNames.decode(view, ROUTE_HEADER, payload.length, wire);
    const { dstAddress, srcAddress, wideTable, ...rest } = wire;
    const dst = rangeOf(family, dstAddress, view.getUint8(1));
    const src = view.getUint8(2) === 0 ? undefined : rangeOf(family, srcAddress, view.getUint8(2));
    return {
      family,
      ...(dst === undefined ? {} : { dst }),
      ...(src === undefined ? {} : { src }),
      tos: view.getUint8(3),
      table: wideTable ?? view.getUint8(4),
      protocol: view.getUint8(5),
      scope: view.getUint8(6),
      type: view.getUint8(7),
      flags: view.getUint32(8, LITTLE_ENDIAN),
      ...rest,
      ...(unknown.length === 0 ? {} : { unknown }),
    };
  });
}

/** Writes the payload of a route message. @throws RangeError when a value cannot be written */
export function encodeRoute(route: RouteMessage): Uint8Array {
  const dst = splitRange(route.dst);
  const src = splitRange(route.src);
  const table = route.table ?? RT_TABLE.MAIN;
  return written((writer) => {
    writer.u8(route.family);
    writer.u8(dst.prefix);
    writer.u8(src.prefix);
    writer.u8(route.tos ?? 0);
    writer.u8(table < 256 ? table : RT_TABLE.COMPAT);
    writer.u8(route.protocol ?? 0);
    writer.u8(route.scope ?? 0);
    writer.u8(route.type ?? RTN.UNICAST);
    writer.u32(route.flags ?? 0);
    // Written out, since spreading takes longer than all the rest; the type tells when one is forgotten.
    const wire: { readonly [K in keyof RouteWire]-?: RouteWire[K] | undefined } = {
      dstAddress: dst.address,
      srcAddress: src.address,
      wideTable: table < 256 ? undefined : table,
      linkIndex: route.linkIndex,
      inputIndex: route.inputIndex,
      gateway: route.gateway,
      via: route.via,
      metric: route.metric,
      preferredSource: route.preferredSource,
      metrics: route.metrics,
      nextHops: route.nextHops,
      nextHopId: route.nextHopId,
      mark: route.mark,
      preference: route.preference,
      expiresSeconds: route.expiresSeconds,
      flow: route.flow,
      ttlPropagate: route.ttlPropagate,
      encapType: route.encapType,
      cacheInfo: route.cacheInfo,
      uid: route.uid,
      ipProtocol: route.ipProtocol,
      sourcePort: route.sourcePort,
      destinationPort: route.destinationPort,
    };
    routeNames.encode(wire, writer);
    if (route.unknown !== undefined) writer.bytes(route.unknown);
  });
}
