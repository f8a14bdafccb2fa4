import type { AddressMessage, LinkMessage, NeighbourMessage, NsidMessage, RouteMessage, RuleMessage } from '../../netlink/wire/index.js';
import type { SeededRandom } from './random.js';

type Make = (pick: Pick) => unknown;

/** Ways to choose: numbers below `most`, and values of the sorts that models have. */
interface Pick {
  below(most: number): number;
}

/** A model as the names of its properties by their sort. */
type Fields<T> = { readonly [K in keyof Required<Omit<T, 'unknown'>>]: Make };

const unsigned =
  (bits: number): Make =>
  ({ below }) =>
    below(3) === 0 ? [0, 1, 2 ** bits - 1][below(3)] : below(2 ** bits);
const u8 = unsigned(8);
const u16 = unsigned(16);
const u32 = unsigned(32);
const s32: Make = (pick) => (u32(pick) as number) | 0;
const u64: Make = (pick) => (BigInt(u32(pick) as number) << 32n) | BigInt(u32(pick) as number);
const bool: Make = ({ below }) => below(2) === 1;
const yes: Make = () => true;
const hexByte = (pick: Pick): string => pick.below(256).toString(16).padStart(2, '0');
const mac: Make = (pick) => Array.from({ length: 6 }, () => hexByte(pick)).join(':');
const anyMac: Make = (pick) => Array.from({ length: pick.below(33) }, () => hexByte(pick)).join(':');
const LETTERS = [...'abcXYZ019 -_.:/äß€\u{1f600}\ufeff'];
const text: Make = ({ below }) => Array.from({ length: below(16) }, () => LETTERS[below(LETTERS.length)]).join('');
const ip4: Make = ({ below }) => [0, 0, 0, 0].map(() => below(256)).join('.');
/** Canonical as RFC 5952 has it: no group is 0, so nothing is left out. */
const ip6: Make = ({ below }) => Array.from({ length: 8 }, () => (1 + below(0xffff)).toString(16)).join(':');
const ip: Make = (pick) => (pick.below(2) === 0 ? ip4(pick) : ip6(pick));
const numbers =
  (make: Make): Make =>
  (pick) => ({ from: make(pick), to: make(pick) });
const list =
  (make: Make, least = 0): Make =>
  (pick) =>
    Array.from({ length: least + pick.below(4) }, () => make(pick));
const bytes: Make = ({ below }) => Uint8Array.from({ length: below(20) }, () => below(256));
const bits: Make = (pick) => ({ bits: 0x100, mask: 0x300, ...(pick.below(2) === 0 ? { bits: 0 } : {}) });

/** An object with some of the properties, now and then with all. */
const some =
  <T>(fields: Fields<T>): Make =>
  (pick) => {
    const share = pick.below(4);
    return Object.fromEntries(
      Object.entries<Make>(fields)
        .filter(() => pick.below(4) <= share)
        .map(([name, make]) => [name, make(pick)]),
    );
  };

type Info = NonNullable<LinkMessage['info']>;

const bridgeId: Make = (pick) => ({ priority: u16(pick), mac: mac(pick) });
const vlan = some<NonNullable<Info['vlan']>>({
  id: u16,
  protocol: u16,
  flags: some({ reorderHeader: bool, gvrp: bool, looseBinding: bool, mvrp: bool, bridgeBinding: bool, other: bits }),
  egressQos: list(numbers(u32)),
  ingressQos: list(numbers(u32)),
});
const macvlan = some<NonNullable<Info['macvlan']>>({
  mode: u32,
  flags: u16,
  macAddressMode: u32,
  macAddress: mac,
  macAddresses: list(mac),
  macAddressCount: u32,
  broadcastQueueLength: u32,
  usedBroadcastQueueLength: u32,
});
const ipvlan = some<NonNullable<Info['ipvlan']>>({ mode: u16, flags: u16 });
const vxlan = some<NonNullable<Info['vxlan']>>({
  id: u32,
  group: ip4,
  group6: ip6,
  local: ip4,
  local6: ip6,
  linkIndex: u32,
  port: u16,
  sourcePorts: numbers(u16),
  ttl: u8,
  ttlInherit: bool,
  tos: u8,
  dontFragment: u8,
  flowLabel: u32,
  learning: bool,
  ageingSeconds: u32,
  limit: u32,
  proxy: bool,
  routeShortCircuit: bool,
  reportMissingMac: bool,
  reportMissingAddress: bool,
  udpChecksum: bool,
  udpZeroChecksum6Tx: bool,
  udpZeroChecksum6Rx: bool,
  remoteChecksumTx: bool,
  remoteChecksumRx: bool,
  groupPolicy: yes,
  genericProtocol: yes,
  remoteChecksumNoPartial: yes,
  collectMetadata: bool,
  vniFilter: bool,
});
const bridge = some<NonNullable<Info['bridge']>>({
  forwardDelay: u32,
  helloTime: u32,
  maxAge: u32,
  ageingTime: u32,
  stpState: u32,
  priority: u16,
  vlanFiltering: bool,
  vlanProtocol: u16,
  vlanDefaultPvid: u16,
  vlanStats: bool,
  vlanStatsPerPort: bool,
  groupForwardMask: u16,
  groupAddress: mac,
  options: some({ noLinkLocalLearning: bool, multicastVlanSnooping: bool, multipleSpanningTrees: bool, other: bits }),
  multicastSnooping: bool,
  multicastRouter: u8,
  multicastQueryUseAddress: bool,
  multicastQuerier: bool,
  multicastHashElasticity: u32,
  multicastHashMax: u32,
  multicastLastMemberCount: u32,
  multicastStartupQueryCount: u32,
  multicastLastMemberInterval: u64,
  multicastMembershipInterval: u64,
  multicastQuerierInterval: u64,
  multicastQueryInterval: u64,
  multicastQueryResponseInterval: u64,
  multicastStartupQueryInterval: u64,
  multicastStats: bool,
  multicastIgmpVersion: u8,
  multicastMldVersion: u8,
  callIptables: bool,
  callIp6tables: bool,
  callArptables: bool,
  rootId: bridgeId,
  bridgeId,
  rootPort: u16,
  rootPathCost: u32,
  topologyChange: bool,
  topologyChangeDetected: bool,
  helloTimer: u64,
  topologyNotificationTimer: u64,
  topologyChangeTimer: u64,
  cleanUpTimer: u64,
});
const bridgePort = some<NonNullable<Info['bridgePort']>>({
  state: u8,
  priority: u16,
  cost: u32,
  hairpin: bool,
  guard: bool,
  rootBlock: bool,
  fastLeave: bool,
  learning: bool,
  flood: bool,
  multicastFlood: bool,
  broadcastFlood: bool,
  multicastToUnicast: bool,
  proxyArp: bool,
  proxyArpWifi: bool,
  neighbourSuppress: bool,
  vlanTunnel: bool,
  isolated: bool,
  locked: bool,
  groupForwardMask: u16,
  backupPort: u32,
  multicastRouter: u8,
  multicastHostsLimit: u32,
  multicastHostsCount: u32,
  rootId: bridgeId,
  bridgeId,
  designatedPort: u16,
  designatedCost: u16,
  portId: u16,
  portNumber: u16,
  topologyChangeAcknowledged: bool,
  configurationPending: bool,
  messageAgeTimer: u64,
  forwardDelayTimer: u64,
  holdTimer: u64,
});
const dataOf: Readonly<Record<string, Make>> = {
  bridge: (pick) => ({ bridge: bridge(pick) }),
  vlan: (pick) => ({ vlan: vlan(pick) }),
  macvlan: (pick) => ({ macvlan: macvlan(pick) }),
  macvtap: (pick) => ({ macvlan: macvlan(pick) }),
  ipvlan: (pick) => ({ ipvlan: ipvlan(pick) }),
  ipvtap: (pick) => ({ ipvlan: ipvlan(pick) }),
  vxlan: (pick) => ({ vxlan: vxlan(pick) }),
  veth: (pick) => ({ veth: { peer: { ...(linkHeader(pick) as object), ...(linkSettings(pick) as object) } } }),
  bond: (pick) => ({ otherData: bytes(pick) }),
  dummy: () => ({}),
};
const info: Make = (pick) => {
  const kind = Object.keys(dataOf)[pick.below(Object.keys(dataOf).length)] ?? 'dummy';
  const port = [{}, { slaveKind: 'bridge', bridgePort: bridgePort(pick) }, { slaveKind: 'bond', slaveData: bytes(pick) }][pick.below(3)];
  return { kind, ...(dataOf[kind]?.(pick) as object), ...port };
};

const COUNTERS = `rxPackets txPackets rxBytes txBytes rxErrors txErrors rxDropped txDropped multicast collisions rxLengthErrors rxOverErrors
  rxCrcErrors rxFrameErrors rxFifoErrors rxMissedErrors txAbortedErrors txCarrierErrors txFifoErrors txHeartbeatErrors txWindowErrors
  rxCompressed txCompressed rxNoHandler rxOtherHostDropped`.split(/\s+/);
const stats: Make = (pick) => Object.fromEntries(COUNTERS.slice(0, 23 + pick.below(3)).map((name) => [name, u64(pick)]));

const linkHeader: Make = (pick) => ({ family: u8(pick), type: u16(pick), index: s32(pick), flags: u32(pick), change: u32(pick) });
const linkSettings = some<Omit<LinkMessage, 'family' | 'type' | 'index' | 'flags' | 'change' | 'info' | 'stats'>>({
  name: text,
  mac: anyMac,
  broadcast: anyMac,
  permanentMac: anyMac,
  mtu: u32,
  minMtu: u32,
  maxMtu: u32,
  lowerIndex: u32,
  lowerNamespaceId: s32,
  masterIndex: u32,
  txQueueLength: u32,
  txQueues: u32,
  rxQueues: u32,
  qdisc: text,
  operState: u8,
  linkMode: u8,
  group: u32,
  promiscuity: u32,
  allMulticastCount: u32,
  carrier: bool,
  carrierChanges: u32,
  protocolDown: bool,
  gsoMaxBytes: u32,
  gsoMaxSegments: u32,
  groMaxBytes: u32,
  tsoMaxBytes: u32,
  tsoMaxSegments: u32,
  alias: text,
  physPortName: text,
  parentDeviceName: text,
  parentBusName: text,
  altNames: list(text),
  altName: text,
  namespaceFd: u32,
  namespacePid: u32,
  targetNamespaceId: s32,
  newNamespaceId: s32,
  newIndex: u32,
  extMask: u32,
});
const link: Make = (pick) => ({
  ...(linkHeader(pick) as object),
  ...(linkSettings(pick) as object),
  ...(pick.below(2) === 0 ? { info: info(pick) } : {}),
  ...(pick.below(2) === 0 ? { stats: stats(pick) } : {}),
});

/** IPv4 or IPv6, with the sorts of addresses that go with it. */
function family(pick: Pick): { readonly family: number; readonly own: Make; readonly range: () => string } {
  const isIpv4 = pick.below(2) === 0;
  const own = isIpv4 ? ip4 : ip6;
  return { family: isIpv4 ? 2 : 10, own, range: () => `${own(pick) as string}/${1 + pick.below(isIpv4 ? 32 : 128)}` };
}

const address: Make = (pick) => {
  const { family: number, own } = family(pick);
  return {
    family: number,
    prefix: u8(pick),
    headerFlags: u8(pick),
    scope: u8(pick),
    linkIndex: u32(pick),
    ...(some<Omit<AddressMessage, 'family' | 'prefix' | 'headerFlags' | 'scope' | 'linkIndex'>>({
      local: own,
      address: own,
      broadcast: own,
      label: text,
      flags: u32,
      lifetime: (one) => ({ preferredSeconds: u32(one), validSeconds: u32(one), createdAt: u32(one), updatedAt: u32(one) }),
      routeMetric: u32,
      protocol: u8,
      targetNamespaceId: s32,
    })(pick) as object),
  };
};

/** The text and the bytes of one address. */
const via: Make = (pick) => {
  const octets = Array.from({ length: 4 }, () => pick.below(256));
  return { family: 2, address: octets.join('.'), bytes: Uint8Array.from(octets) };
};
const hop = (own: Make): Make => {
  const attributes = some<{ gateway: unknown; via: unknown; flow: unknown; encapType: unknown }>({
    gateway: own,
    via,
    flow: u32,
    encapType: u16,
  });
  return (pick) => ({ flags: u8(pick), weight: 1 + pick.below(256), linkIndex: u32(pick), ...(attributes(pick) as object) });
};
const metrics = some<NonNullable<RouteMessage['metrics']>>({
  lock: u32,
  mtu: u32,
  window: u32,
  rtt: u32,
  rttvar: u32,
  ssthresh: u32,
  cwnd: u32,
  advmss: u32,
  reordering: u32,
  hoplimit: u32,
  initcwnd: u32,
  features: u32,
  rtoMin: u32,
  initrwnd: u32,
  quickack: u32,
  congestionControl: text,
  fastopenNoCookie: u32,
});
const route: Make = (pick) => {
  const { family: number, own, range } = family(pick);
  const any = number === 2 ? '0.0.0.0/0' : '::/0';
  return {
    family: number,
    dst: pick.below(4) === 0 ? any : range(),
    tos: u8(pick),
    table: u32(pick),
    protocol: u8(pick),
    scope: u8(pick),
    type: u8(pick),
    flags: u32(pick),
    ...(some<Omit<RouteMessage, 'family' | 'dst' | 'tos' | 'table' | 'protocol' | 'scope' | 'type' | 'flags'>>({
      src: range,
      linkIndex: u32,
      inputIndex: u32,
      gateway: own,
      via,
      metric: u32,
      preferredSource: own,
      metrics,
      nextHops: list(hop(own), 1),
      nextHopId: u32,
      mark: u32,
      preference: u8,
      expiresSeconds: u32,
      flow: u32,
      ttlPropagate: bool,
      encapType: u16,
      cacheInfo: (one) => ({
        references: u32(one),
        lastUsed: u32(one),
        expires: s32(one),
        error: s32(one),
        used: u32(one),
        id: u32(one),
        timestamp: u32(one),
        timestampAge: u32(one),
      }),
      uid: u32,
      ipProtocol: u8,
      sourcePort: u16,
      destinationPort: u16,
    })(pick) as object),
  };
};

const rule: Make = (pick) => {
  const { family: number, range } = family(pick);
  return {
    family: number,
    tos: u8(pick),
    table: u32(pick),
    action: u8(pick),
    flags: u32(pick),
    ...(some<Omit<RuleMessage, 'family' | 'tos' | 'table' | 'action' | 'flags'>>({
      dst: range,
      src: range,
      priority: u32,
      inputName: text,
      outputName: text,
      mark: u32,
      markMask: u32,
      goto: u32,
      suppressPrefix: u32,
      suppressGroup: u32,
      flow: u32,
      l3mdev: bool,
      uidRange: numbers(u32),
      protocol: u8,
      ipProtocol: u8,
      sourcePorts: numbers(u16),
      destinationPorts: numbers(u16),
      tunnelId: u64,
      dscp: u8,
      dscpMask: u8,
      flowLabel: u32,
      flowLabelMask: u32,
      sourcePortMask: u16,
      destinationPortMask: u16,
    })(pick) as object),
  };
};

const neighbour: Make = (pick) => ({
  family: u8(pick),
  linkIndex: u32(pick),
  state: u16(pick),
  flags: u8(pick),
  type: u8(pick),
  ...(some<Omit<NeighbourMessage, 'family' | 'linkIndex' | 'state' | 'flags' | 'type'>>({
    address: ip,
    mac: anyMac,
    probes: u32,
    vlan: u16,
    port: u16,
    vni: u32,
    viaIndex: u32,
    masterIndex: u32,
    protocol: u8,
    extendedFlags: u32,
    cacheInfo: (one) => ({ confirmed: u32(one), used: u32(one), updated: u32(one), references: u32(one) }),
    nextHopId: u32,
    sourceVni: u32,
    linkNamespaceId: s32,
  })(pick) as object),
});

const nsid = some<NsidMessage>({ id: s32, pid: u32, fd: u32, targetId: s32, currentId: s32 });

/** A random model of every kind of message by its type, with every property that there is, each property now and then. */
export function randomModels(random: SeededRandom): ReadonlyMap<number, () => unknown> {
  const pick: Pick = { below: (most) => Math.floor(random.next() * most) };
  const makes: readonly (readonly [number, Make])[] = [
    [16, link],
    [20, address],
    [24, route],
    [28, neighbour],
    [32, rule],
    [88, nsid],
  ];
  return new Map(makes.map(([type, make]) => [type, () => make(pick)]));
}
