import { IFLA, IFLA_INFO } from '../../netlink/wire/constants/index.js';
import { encodeLink, IF_OPER, IFF, type LinkMessage, type LinkStats } from '../../netlink/wire/index.js';
import { compact, type IpObject, type LinkNames, nameOf } from './ip-json.js';
import { COMPARED_KINDS, toBridgePortData, toInfoData } from './ip-json-link-info.js';
import { RawAttributes } from './raw-attributes.js';

/** Flags in the order that `ip` prints them in. RUNNING shows only when it is missing. */
const SHOWN_FLAGS = [
  'LOOPBACK BROADCAST POINTOPOINT MULTICAST NOARP ALLMULTI PROMISC MASTER SLAVE DEBUG DYNAMIC AUTOMEDIA PORTSEL NOTRAILERS UP',
  'LOWER_UP DORMANT',
].flatMap((line) => line.split(' ')) as readonly (keyof typeof IFF)[];

/** Attributes that the model does not decode (include/uapi/linux/if_link.h, include/linux/socket.h). */
const AF_INET6 = 10;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const PROTO_DOWN_REASON = { MASK: 1, VALUE: 2 } as const;
/** Length of struct ifinfomsg. */
const HEADER = 16;

/** What is not compared, and why. A key that is neither mapped nor here fails the test. */
export const LINK_KEYS_LEFT_OUT: Readonly<Record<string, string>> = {
  'linkinfo.info_slave_data.group_fwd_mask_str': 'the bits of group_fwd_mask in the words of ip',
  'linkinfo.info_data.hello_timer': 'counts down in hundredths of a second; compared as lying between two readings',
  'linkinfo.info_data.gc_timer': 'counts down in hundredths of a second; compared as lying between two readings',
  'linkinfo.info_data.tcn_timer': 'counts down in hundredths of a second; compared as lying between two readings',
  'linkinfo.info_data.topology_change_timer': 'counts down in hundredths of a second; compared as lying between two readings',
  'linkinfo.info_slave_data.hold_timer': 'counts down in hundredths of a second; compared as lying between two readings',
  'linkinfo.info_slave_data.message_age_timer': 'counts down in hundredths of a second; compared as lying between two readings',
  'linkinfo.info_slave_data.forward_delay_timer': 'counts down in hundredths of a second; compared as lying between two readings',
};

/** What is needed of the other links to print one. */
export interface LinkSurroundings {
  /** Names by index. */
  readonly names: LinkNames;
  /** Indexes of links that are up. */
  readonly up: ReadonlySet<number>;
}

/** The surroundings that a whole listing gives. */
export function surroundings(links: readonly LinkMessage[]): LinkSurroundings {
  return {
    names: new Map(links.map(({ index, name }) => [index, name ?? ''])),
    up: new Set(links.filter(({ flags }) => ((flags ?? 0) & IFF.UP) !== 0).map(({ index }) => index)),
  };
}

function shownFlags(link: LinkMessage, { up }: LinkSurroundings): readonly string[] {
  const flags = link.flags ?? 0;
  const { lowerIndex } = link;
  const noCarrier = (flags & IFF.UP) !== 0 && (flags & IFF.RUNNING) === 0;
  const lowerDown = lowerIndex !== undefined && lowerIndex !== 0 && link.lowerNamespaceId === undefined && !up.has(lowerIndex);
  return [
    ...(noCarrier ? ['NO-CARRIER'] : []),
    ...SHOWN_FLAGS.filter((name) => (flags & IFF[name]) !== 0),
    ...(lowerDown ? ['M-DOWN'] : []),
  ];
}

function toLower(link: LinkMessage, names: LinkNames): IpObject {
  const { lowerIndex, lowerNamespaceId } = link;
  if (lowerIndex === undefined) return {};
  if (lowerIndex === 0) return { link: null };
  return lowerNamespaceId === undefined ? { link: names.get(lowerIndex) } : { link_index: lowerIndex, link_netnsid: lowerNamespaceId };
}

function toLinkInfo(link: LinkMessage, raw: RawAttributes, names: LinkNames): IpObject | undefined {
  const { info } = link;
  if (info === undefined) return undefined;
  const inside = raw.nest(IFLA.IFLA_LINKINFO);
  return compact({
    info_kind: info.kind,
    info_data: toInfoData(info, inside.nest(IFLA_INFO.IFLA_INFO_DATA), names),
    info_slave_kind: info.slaveKind,
    info_slave_data: info.bridgePort && toBridgePortData(info.bridgePort, names),
  });
}

/** A link as `ip -N -d -j link` prints it. */
export function toIpLink(link: LinkMessage, around: LinkSurroundings): IpObject {
  // What the model does not name is read from what it writes, so it must have been kept.
  const raw = new RawAttributes(encodeLink(link).subarray(HEADER));
  const { names } = around;
  const reasons = raw.nest(IFLA.IFLA_PROTO_DOWN_REASON).u32(PROTO_DOWN_REASON.VALUE) ?? 0;
  const v6 = raw.nest(IFLA.IFLA_AF_SPEC).nest(AF_INET6).u8(IFLA_INET6_ADDR_GEN_MODE);
  const pointToPoint = ((link.flags ?? 0) & IFF.POINTOPOINT) !== 0 && link.broadcast !== undefined;
  return compact({
    ifindex: link.index,
    ifname: link.name,
    ...toLower(link, names),
    flags: shownFlags(link, around),
    mtu: link.mtu,
    qdisc: link.qdisc,
    master: link.masterIndex === undefined ? undefined : names.get(link.masterIndex),
    operstate: nameOf(link.operState, IF_OPER),
    linkmode: link.linkMode === undefined ? undefined : ['DEFAULT', 'DORMANT'][link.linkMode],
    group: `${link.group}`,
    txqlen: link.txQueueLength,
    link_type: `[${link.type}]`,
    address: link.mac,
    link_pointtopoint: pointToPoint ? true : undefined,
    broadcast: link.broadcast,
    permaddr: link.permanentMac === link.mac ? undefined : link.permanentMac,
    proto_down: link.protocolDown === true ? true : undefined,
    proto_down_reason: reasons === 0 ? undefined : bitNumbers(reasons),
    promiscuity: link.promiscuity,
    allmulti: link.allMulticastCount,
    min_mtu: link.minMtu,
    max_mtu: link.maxMtu,
    linkinfo: toLinkInfo(link, raw, names),
    inet6_addr_gen_mode: v6 === undefined ? undefined : ['eui64', 'none', 'stable_secret', 'random'][v6],
    num_tx_queues: link.txQueues,
    num_rx_queues: link.rxQueues,
    gso_max_size: link.gsoMaxBytes,
    gso_max_segs: link.gsoMaxSegments,
    tso_max_size: link.tsoMaxBytes,
    tso_max_segs: link.tsoMaxSegments,
    gro_max_size: link.groMaxBytes,
    phys_port_name: link.physPortName,
    parentbus: link.parentBusName,
    parentdev: link.parentDeviceName,
    ifalias: link.alias,
    altnames: link.altNames,
    stats64: link.stats && toIpStats(link.stats, link.carrierChanges),
  });
}

function bitNumbers(bits: number): readonly string[] {
  return Array.from({ length: 32 }, (_none, index) => index)
    .filter((index) => ((bits >>> index) & 1) === 1)
    .map(String);
}

/** Counters as `ip -s -s` prints them. */
function toIpStats(stats: LinkStats, carrierChanges: number | undefined): IpObject {
  const nonZero = (counter: bigint | undefined): bigint | undefined => (counter === 0n ? undefined : counter);
  const rx = {
    bytes: stats.rxBytes,
    packets: stats.rxPackets,
    errors: stats.rxErrors,
    dropped: stats.rxDropped,
    over_errors: stats.rxOverErrors,
    multicast: stats.multicast,
    compressed: nonZero(stats.rxCompressed),
    length_errors: stats.rxLengthErrors,
    crc_errors: stats.rxCrcErrors,
    frame_errors: stats.rxFrameErrors,
    fifo_errors: stats.rxFifoErrors,
    missed_errors: stats.rxMissedErrors,
    nohandler: nonZero(stats.rxNoHandler),
    otherhost_dropped: nonZero(stats.rxOtherHostDropped),
  };
  const tx = {
    bytes: stats.txBytes,
    packets: stats.txPackets,
    errors: stats.txErrors,
    dropped: stats.txDropped,
    carrier_errors: stats.txCarrierErrors,
    collisions: stats.collisions,
    compressed: nonZero(stats.txCompressed),
    aborted_errors: stats.txAbortedErrors,
    fifo_errors: stats.txFifoErrors,
    window_errors: stats.txWindowErrors,
    heartbeat_errors: stats.txHeartbeatErrors,
  };
  // JSON has no 64-bit numbers: these are small enough in a test.
  const numbers = (counters: Readonly<Record<string, bigint | undefined>>): IpObject =>
    Object.fromEntries(Object.entries(counters).flatMap(([key, value]) => (value === undefined ? [] : [[key, Number(value)]])));
  return { rx: numbers(rx), tx: { ...numbers(tx), ...(carrierChanges === undefined ? {} : { carrier_changes: carrierChanges }) } };
}

/** What is left of a printed link, or of ours, when the keys of {@link LINK_KEYS_LEFT_OUT} are taken out. */
export function comparableLink(link: IpObject): IpObject {
  return without(link, '') as IpObject;
}

function without(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const kind = (value as IpObject)['info_kind'];
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !(`${path}${key}` in LINK_KEYS_LEFT_OUT))
      // Settings of kinds that nobody here could try are kept as bytes by the model; they are named in the output of the test.
      .filter(([key]) => key !== 'info_data' || COMPARED_KINDS.includes(kind as string | undefined))
      .map(([key, inner]) => [key, without(inner, `${path}${key}.`)]),
  );
}

/** The timers of a link by their path. */
export function timersOf(link: IpObject): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const path of Object.keys(LINK_KEYS_LEFT_OUT).filter((key) => key.endsWith('_timer'))) {
    const value = path.split('.').reduce<unknown>((object, key) => (object as IpObject | undefined)?.[key], link);
    if (typeof value === 'number') found.set(path, value);
  }
  return found;
}
