import { AttributeTable, NLA_F, nest, writeAttribute } from './attribute.js';
import type { ByteWriter } from './byte-writer.js';
import { IFLA_BR, IFLA_INFO, IFLA_IPVLAN, IFLA_MACVLAN, IFLA_VLAN, IFLA_VXLAN, VETH_INFO } from './constants.js';
import type { BridgeData, IpvlanData, LinkInfo, LinkMessage, MacvlanData, VethData, VlanData, VxlanData } from './link-model.js';
import { Malformed } from './malformed.js';
import { be16, bool8, bytes, ipAddress, text, u8, u16, u32, type ValueCodec } from './value.js';

const vlan = new AttributeTable<VlanData>(IFLA_VLAN, {
  id: { type: IFLA_VLAN.IFLA_VLAN_ID, value: u16 },
  protocol: { type: IFLA_VLAN.IFLA_VLAN_PROTOCOL, value: be16 },
});

const macvlan = new AttributeTable<MacvlanData>(IFLA_MACVLAN, {
  mode: { type: IFLA_MACVLAN.IFLA_MACVLAN_MODE, value: u32 },
  flags: { type: IFLA_MACVLAN.IFLA_MACVLAN_FLAGS, value: u16 },
});

const ipvlan = new AttributeTable<IpvlanData>(IFLA_IPVLAN, {
  mode: { type: IFLA_IPVLAN.IFLA_IPVLAN_MODE, value: u16 },
  flags: { type: IFLA_IPVLAN.IFLA_IPVLAN_FLAGS, value: u16 },
});

const vxlan = new AttributeTable<VxlanData>(IFLA_VXLAN, {
  id: { type: IFLA_VXLAN.IFLA_VXLAN_ID, value: u32 },
  group: { type: IFLA_VXLAN.IFLA_VXLAN_GROUP, value: ipAddress },
  group6: { type: IFLA_VXLAN.IFLA_VXLAN_GROUP6, value: ipAddress },
  local: { type: IFLA_VXLAN.IFLA_VXLAN_LOCAL, value: ipAddress },
  local6: { type: IFLA_VXLAN.IFLA_VXLAN_LOCAL6, value: ipAddress },
  linkIndex: { type: IFLA_VXLAN.IFLA_VXLAN_LINK, value: u32 },
  port: { type: IFLA_VXLAN.IFLA_VXLAN_PORT, value: be16 },
  ttl: { type: IFLA_VXLAN.IFLA_VXLAN_TTL, value: u8 },
  tos: { type: IFLA_VXLAN.IFLA_VXLAN_TOS, value: u8 },
  learning: { type: IFLA_VXLAN.IFLA_VXLAN_LEARNING, value: bool8 },
  ageingSeconds: { type: IFLA_VXLAN.IFLA_VXLAN_AGEING, value: u32 },
  limit: { type: IFLA_VXLAN.IFLA_VXLAN_LIMIT, value: u32 },
  proxy: { type: IFLA_VXLAN.IFLA_VXLAN_PROXY, value: bool8 },
  collectMetadata: { type: IFLA_VXLAN.IFLA_VXLAN_COLLECT_METADATA, value: bool8 },
});

const bridge = new AttributeTable<BridgeData>(IFLA_BR, {
  forwardDelay: { type: IFLA_BR.IFLA_BR_FORWARD_DELAY, value: u32 },
  helloTime: { type: IFLA_BR.IFLA_BR_HELLO_TIME, value: u32 },
  maxAge: { type: IFLA_BR.IFLA_BR_MAX_AGE, value: u32 },
  ageingTime: { type: IFLA_BR.IFLA_BR_AGEING_TIME, value: u32 },
  stpState: { type: IFLA_BR.IFLA_BR_STP_STATE, value: u32 },
  priority: { type: IFLA_BR.IFLA_BR_PRIORITY, value: u16 },
  vlanFiltering: { type: IFLA_BR.IFLA_BR_VLAN_FILTERING, value: bool8 },
  vlanDefaultPvid: { type: IFLA_BR.IFLA_BR_VLAN_DEFAULT_PVID, value: u16 },
  groupForwardMask: { type: IFLA_BR.IFLA_BR_GROUP_FWD_MASK, value: u16 },
  multicastSnooping: { type: IFLA_BR.IFLA_BR_MCAST_SNOOPING, value: bool8 },
  callIptables: { type: IFLA_BR.IFLA_BR_NF_CALL_IPTABLES, value: bool8 },
  callIp6tables: { type: IFLA_BR.IFLA_BR_NF_CALL_IP6TABLES, value: bool8 },
});

interface Span {
  readonly start: number;
  readonly end: number;
}

interface FlatInfo {
  readonly kind?: string;
  readonly slaveKind?: string;
  readonly slaveData?: Uint8Array;
  readonly data?: Span;
}

const linkInfo = new AttributeTable<FlatInfo>(IFLA_INFO, {
  kind: { type: IFLA_INFO.IFLA_INFO_KIND, value: text },
  slaveKind: { type: IFLA_INFO.IFLA_INFO_SLAVE_KIND, value: text },
  slaveData: { type: IFLA_INFO.IFLA_INFO_SLAVE_DATA, value: bytes },
  data: { type: IFLA_INFO.IFLA_INFO_DATA, value: { decode: (_view, start, end) => ({ start, end }), encode: () => {} } },
});

/** The attributes inside IFLA_LINKINFO, for finding a place by its offset. */
export const linkInfoNames = linkInfo;

/** The properties of {@link LinkInfo} that hold the data of a kind, and the kinds. */
const KINDS = {
  bridge: 'bridge',
  vlan: 'vlan',
  macvlan: 'macvlan',
  macvtap: 'macvlan',
  ipvlan: 'ipvlan',
  ipvtap: 'ipvlan',
  vxlan: 'vxlan',
  veth: 'veth',
} as const;
type DataProperty = (typeof KINDS)[keyof typeof KINDS];

function isKnownKind(kind: string | undefined): kind is keyof typeof KINDS {
  return kind !== undefined && Object.hasOwn(KINDS, kind);
}

/**
 * IFLA_LINKINFO as a value. The kernel writes the kind before its data, and so do we: the data cannot be read without it.
 * @param peer how the other end of a veth is written: a whole link message, which this is a part of. Without it, the data of a veth is not decoded
 */
export function createLinkInfoCodec(peer?: ValueCodec<LinkMessage>): ValueCodec<LinkInfo> {
  const veth =
    peer === undefined ? undefined : new AttributeTable<VethData>(VETH_INFO, { peer: { type: VETH_INFO.VETH_INFO_PEER, value: peer } });
  const codecs: { readonly [P in DataProperty]?: ValueCodec<NonNullable<LinkInfo[P]>> } = {
    bridge: nest(bridge),
    vlan: nest(vlan),
    macvlan: nest(macvlan),
    ipvlan: nest(ipvlan),
    vxlan: nest(vxlan),
    ...(veth === undefined ? {} : { veth: nest(veth) }),
  };
  const decodeData = (kind: string | undefined, view: DataView, { start, end }: Span): Partial<LinkInfo> => {
    const property = isKnownKind(kind) ? KINDS[kind] : undefined;
    const codec = property === undefined ? undefined : codecs[property];
    if (property === undefined || codec === undefined) return { otherData: bytes.decode(view, start, end) };
    try {
      return { [property]: codec.decode(view, start, end) };
    } catch (error) {
      throw error instanceof Malformed ? error.within('IFLA_INFO_DATA') : error;
    }
  };
  const writeData = (info: LinkInfo, writer: ByteWriter): void => {
    const write = <P extends DataProperty>(property: P): void => {
      const data = info[property];
      const codec = codecs[property];
      if (data === undefined || codec === undefined) return;
      writeAttribute(writer, IFLA_INFO.IFLA_INFO_DATA | NLA_F.NESTED, () => codec.encode(data, writer));
    };
    if (isKnownKind(info.kind)) write(KINDS[info.kind]);
    if (info.otherData === undefined) return;
    const { otherData } = info;
    writeAttribute(writer, IFLA_INFO.IFLA_INFO_DATA, () => writer.bytes(otherData));
  };
  return {
    decode(view, start, end) {
      const flat: Partial<FlatInfo> = {};
      const unknown = linkInfo.decode(view, start, end, flat);
      const { data, ...rest } = flat;
      return {
        ...rest,
        ...(data === undefined ? {} : decodeData(flat.kind, view, data)),
        ...(unknown.length === 0 ? {} : { unknown }),
      };
    },
    encode(info, writer) {
      const { kind, slaveKind, slaveData } = info;
      if (kind !== undefined) linkInfo.encode({ kind }, writer);
      writeData(info, writer);
      linkInfo.encode({ ...(slaveKind === undefined ? {} : { slaveKind }), ...(slaveData === undefined ? {} : { slaveData }) }, writer);
      if (info.unknown !== undefined) writer.bytes(info.unknown);
    },
  };
}
