import {
  decodeAddress,
  decodeLink,
  decodeNeighbour,
  decodeNsid,
  decodeRoute,
  decodeRule,
  encodeAddress,
  encodeLink,
  encodeNeighbour,
  encodeNsid,
  encodeRoute,
  encodeRule,
  RTM,
} from '../../netlink/wire/index.js';

/** A pair of decoder and encoder, its types forgotten, for tests that run all of them over the same bytes. */
export interface AnyCodec {
  /** Length of the fixed header before the attributes. */
  readonly header: number;
  /** Reads a payload. */
  readonly decode: (payload: Uint8Array) => unknown;
  /** Writes what `decode` gave. */
  readonly encode: (value: unknown) => Uint8Array;
}

function pair<T>(header: number, decode: (payload: Uint8Array) => T, encode: (value: T) => Uint8Array): AnyCodec {
  return { header, decode, encode: (value) => encode(value as T) };
}

const link = pair(16, (payload) => decodeLink(payload, { stats: true }), encodeLink);
const codecs = new Map<number, AnyCodec>([
  [RTM.NEWLINK >> 2, link],
  [RTM.NEWADDR >> 2, pair(8, decodeAddress, encodeAddress)],
  [RTM.NEWROUTE >> 2, pair(12, decodeRoute, encodeRoute)],
  [RTM.NEWNEIGH >> 2, pair(12, decodeNeighbour, encodeNeighbour)],
  [RTM.NEWRULE >> 2, pair(12, decodeRule, encodeRule)],
  [RTM.NEWNSID >> 2, pair(4, decodeNsid, encodeNsid)],
  [RTM.NEWLINKPROP >> 2, link],
]);

/** The codec for messages of a type; undefined for acknowledgements and the like. */
export function codecOf(type: number): AnyCodec | undefined {
  return type < RTM.NEWLINK ? undefined : codecs.get(type >> 2);
}
