import {
  FRA,
  IFA,
  IFLA,
  IFLA_INFO,
  IFLA_MACVLAN,
  IFLA_VLAN,
  IFLA_VXLAN,
  RTA,
  RTAX,
  RTM,
  VETH_INFO,
} from '../../netlink/wire/constants/index.js';

/**
 * What is known of attributes here, apart from the library: which are nests, and which are text. Whatever is not named is compared
 * byte for byte with its flags.
 */
interface Shape {
  /** Length of the fixed header before the attributes; none in a nest. */
  readonly header?: number;
  /** Bytes of the header that mean nothing. */
  readonly reserved?: readonly number[];
  /** Attributes with attributes inside, by type. */
  readonly nests?: Readonly<Record<number, Shape>>;
  /** Attributes whose text may end with or without a null byte. */
  readonly text?: readonly number[];
  /** Attributes that say yes by a byte of 1 in replies, and by having none in requests. */
  readonly presence?: readonly number[];
  /** Attributes that are kept as bytes, but whose flag of a nest is not. */
  readonly unflagged?: readonly number[];
  /** Where the header has the low eight bits of a table whose number may also be an attribute, and that attribute. */
  readonly table?: readonly [number, number];
  /** Where the header has a prefix length of an address attribute. */
  readonly prefixes?: readonly (readonly [number, number])[];
}

const list: Shape = { text: [IFLA.IFLA_ALT_IFNAME] };
const kinds: Readonly<Record<string, Shape>> = {
  bridge: {},
  vlan: { nests: { [IFLA_VLAN.IFLA_VLAN_EGRESS_QOS]: {}, [IFLA_VLAN.IFLA_VLAN_INGRESS_QOS]: {} } },
  macvlan: { nests: { [IFLA_MACVLAN.IFLA_MACVLAN_MACADDR_DATA]: {} } },
  macvtap: { nests: { [IFLA_MACVLAN.IFLA_MACVLAN_MACADDR_DATA]: {} } },
  ipvlan: {},
  ipvtap: {},
  vxlan: { presence: [IFLA_VXLAN.IFLA_VXLAN_TTL_INHERIT] },
};
const linkText = [
  IFLA.IFLA_IFNAME,
  IFLA.IFLA_QDISC,
  IFLA.IFLA_IFALIAS,
  IFLA.IFLA_PHYS_PORT_NAME,
  IFLA.IFLA_PARENT_DEV_NAME,
  IFLA.IFLA_PARENT_DEV_BUS_NAME,
  IFLA.IFLA_ALT_IFNAME,
];
const linkHeader = { header: 16, reserved: [1], text: linkText };
const infoText = [IFLA_INFO.IFLA_INFO_KIND, IFLA_INFO.IFLA_INFO_SLAVE_KIND];
const peer: Shape = { ...linkHeader, nests: { [IFLA.IFLA_LINKINFO]: { text: infoText }, [IFLA.IFLA_PROP_LIST]: list } };
const veth: Shape = { nests: { [VETH_INFO.VETH_INFO_PEER]: peer } };

const link: Shape = { ...linkHeader, nests: { [IFLA.IFLA_PROP_LIST]: list } };
const route: Shape = {
  header: 12,
  table: [4, RTA.RTA_TABLE],
  prefixes: [
    [1, RTA.RTA_DST],
    [2, RTA.RTA_SRC],
  ],
  nests: { [RTA.RTA_METRICS]: { text: [RTAX.RTAX_CC_ALGO] } },
};
const rule: Shape = {
  header: 12,
  reserved: [5, 6],
  table: [4, FRA.FRA_TABLE],
  prefixes: [
    [1, FRA.FRA_DST],
    [2, FRA.FRA_SRC],
  ],
  text: [FRA.FRA_IIFNAME, FRA.FRA_OIFNAME],
};
const shapes: ReadonlyMap<number, Shape> = new Map([
  [RTM.NEWLINK >> 2, link],
  [RTM.NEWADDR >> 2, { header: 8, text: [IFA.IFA_LABEL] }],
  [RTM.NEWROUTE >> 2, route],
  [RTM.NEWNEIGH >> 2, { header: 12, reserved: [1, 2, 3] }],
  [RTM.NEWRULE >> 2, rule],
  [RTM.NEWNSID >> 2, { header: 4, reserved: [1, 2, 3] }],
  [RTM.NEWLINKPROP >> 2, link],
]);

/** An attribute in the normal form: its type with flags, and its payload as hexadecimal text or as attributes. */
export type NormalAttribute = readonly [type: number, value: string | NormalForm | readonly NormalForm[]];

/** A message in the normal form. */
export interface NormalForm {
  /** The header as hexadecimal text. */
  readonly header: string;
  /** Number of the table, where there is one. */
  readonly table?: number;
  /** Attributes, by type; those of one type in their order. */
  readonly attributes: readonly NormalAttribute[];
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

interface Raw {
  readonly type: number;
  readonly flags: number;
  readonly value: Buffer;
}

/** Attributes as they stand; throws when they do not fill `bytes`. */
export function rawAttributes(bytes: Buffer): readonly Raw[] {
  const found: Raw[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > bytes.length) throw new Error(`an attribute of ${length} bytes at ${at} of ${bytes.length}`);
    const type = bytes.readUInt16LE(at + 2);
    found.push({ type: type & 0x3fff, flags: type & 0xc000, value: bytes.subarray(at + 4, at + length) });
    at += (length + 3) & ~3;
  }
  return found;
}

function infoShape(value: Buffer): Shape {
  const kinded = (type: number): string | undefined =>
    rawAttributes(value)
      .find((one) => one.type === type)
      ?.value.toString()
      .replace(/\0.*$/s, '');
  const kind = kinded(IFLA_INFO.IFLA_INFO_KIND) ?? '';
  const data = kind === 'veth' ? veth : kinds[kind];
  const port: Shape | undefined = kinded(IFLA_INFO.IFLA_INFO_SLAVE_KIND) === 'bridge' ? {} : undefined;
  const unflagged = [
    ...(data === undefined ? [IFLA_INFO.IFLA_INFO_DATA] : []),
    ...(port === undefined ? [IFLA_INFO.IFLA_INFO_SLAVE_DATA] : []),
  ];
  return {
    text: infoText,
    unflagged,
    nests: {
      ...(data === undefined ? {} : { [IFLA_INFO.IFLA_INFO_DATA]: data }),
      ...(port === undefined ? {} : { [IFLA_INFO.IFLA_INFO_SLAVE_DATA]: port }),
    },
  };
}

/** Next hops (struct rtnexthop, each with attributes behind it), whose padding iproute2 leaves as it was in memory. */
function nextHops(bytes: Buffer): readonly NormalForm[] {
  const hops: NormalForm[] = [];
  for (let at = 0; at < bytes.length; at += (bytes.readUInt16LE(at) + 3) & ~3) {
    const hop = normalise(bytes.subarray(at, at + bytes.readUInt16LE(at)), { header: 8 });
    hops.push({ ...hop, header: hop.header.slice(4) });
  }
  return hops;
}

function normalise(bytes: Buffer, shape: Shape): NormalForm {
  const header = Buffer.from(bytes.subarray(0, shape.header ?? 0));
  const raw = rawAttributes(bytes.subarray(shape.header ?? 0));
  for (const at of shape.reserved ?? []) header[at] = 0;
  const left = new Set(raw);
  let table: number | undefined;
  if (shape.table !== undefined) {
    const [at, type] = shape.table;
    const attribute = raw.find((one) => one.type === type);
    if (attribute !== undefined) left.delete(attribute);
    table = attribute?.value.readUInt32LE() ?? header[at] ?? 0;
    header[at] = 0;
  }
  for (const [at, type] of shape.prefixes ?? []) {
    if (header[at] === 0) for (const one of raw) if (one.type === type) left.delete(one);
  }
  const attributes = [...left].map(({ type, flags, value }): NormalAttribute => {
    const inside =
      type === IFLA.IFLA_LINKINFO && shape.header === linkHeader.header && shape !== peer ? infoShape(value) : shape.nests?.[type];
    if (inside !== undefined) return [type, normalise(value, inside)];
    if (type === RTA.RTA_MULTIPATH && shape === route) return [type, nextHops(value)];
    if (shape.text?.includes(type) === true) return [type, value.toString('utf8').replace(/\0.*$/s, '')];
    if (shape.presence?.includes(type) === true) return [type, hex(value) === '01' ? '' : hex(value)];
    return [shape.unflagged?.includes(type) === true ? type : type | flags, hex(value)];
  });
  return {
    header: hex(header),
    ...(table === undefined ? {} : { table }),
    attributes: attributes.sort(([a], [b]) => (a & 0x3fff) - (b & 0x3fff)),
  };
}

/**
 * What a payload says, apart from how: the order of attributes of different types, the null byte at the end of text, flags of nests that
 * the model knows, a byte that stands for presence, reserved bytes of headers, padding, and the table of a route or rule in the header or in its attribute. Two payloads with the
 * same normal form are the same to the kernel. Written without the library's codecs; throws when attributes do not fill the payload.
 */
export function normalForm(type: number, payload: Uint8Array): NormalForm {
  const shape = shapes.get(type >> 2);
  if (shape === undefined) throw new Error(`messages of type ${type} have no normal form`);
  return normalise(Buffer.from(payload), shape);
}
