import { AttributeTable, NLA_F, nest, writeAttribute } from './attribute.js';
import type { ByteWriter } from './byte-writer.js';
import { IFLA_INFO, VETH_INFO } from './constants/index.js';
import { bridge, bridgePort, ipvlan, macvlan, vlan, vxlan } from './link-kind.js';
import type { LinkInfo, LinkMessage, VethData } from './link-model.js';
import { Malformed } from './malformed.js';
import { bytes, text, type ValueCodec } from './value.js';

interface Span {
  readonly start: number;
  readonly end: number;
}

interface FlatInfo {
  readonly kind?: string;
  readonly slaveKind?: string;
  readonly slaveData?: Span;
  readonly data?: Span;
}

/** Where the data stand: they cannot be read before the kind is known. */
const span: ValueCodec<Span> = { decode: (_view, start, end) => ({ start, end }), encode: () => {} };

const linkInfo = new AttributeTable<FlatInfo>(IFLA_INFO, {
  kind: { type: IFLA_INFO.IFLA_INFO_KIND, value: text },
  slaveKind: { type: IFLA_INFO.IFLA_INFO_SLAVE_KIND, value: text },
  slaveData: { type: IFLA_INFO.IFLA_INFO_SLAVE_DATA, value: span },
  data: { type: IFLA_INFO.IFLA_INFO_DATA, value: span },
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

const port = nest(bridgePort);
/** The kind of master whose ports' settings are decoded. */
const BRIDGE = 'bridge';

function within<T>(name: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw error instanceof Malformed ? error.within(name) : error;
  }
}

function decodePort(slaveKind: string | undefined, view: DataView, { start, end }: Span): Partial<LinkInfo> {
  if (slaveKind !== BRIDGE) return { slaveData: bytes.decode(view, start, end) };
  return { bridgePort: within('IFLA_INFO_SLAVE_DATA', () => port.decode(view, start, end)) };
}

function writePort(info: LinkInfo, writer: ByteWriter): void {
  const { slaveKind, bridgePort: settings, slaveData } = info;
  if (slaveKind !== undefined) linkInfo.encode({ slaveKind }, writer);
  if (slaveKind === BRIDGE && settings !== undefined) {
    writeAttribute(writer, IFLA_INFO.IFLA_INFO_SLAVE_DATA | NLA_F.NESTED, () => port.encode(settings, writer));
  } else if (slaveData !== undefined) {
    writeAttribute(writer, IFLA_INFO.IFLA_INFO_SLAVE_DATA, () => writer.bytes(slaveData));
  }
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
    return { [property]: within('IFLA_INFO_DATA', () => codec.decode(view, start, end)) };
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
      const { data, slaveData, ...rest } = flat;
      return {
        ...rest,
        ...(data === undefined ? {} : decodeData(flat.kind, view, data)),
        ...(slaveData === undefined ? {} : decodePort(flat.slaveKind, view, slaveData)),
        ...(unknown.length === 0 ? {} : { unknown }),
      };
    },
    encode(info, writer) {
      if (info.kind !== undefined) linkInfo.encode({ kind: info.kind }, writer);
      writeData(info, writer);
      writePort(info, writer);
      if (info.unknown !== undefined) writer.bytes(info.unknown);
    },
  };
}
