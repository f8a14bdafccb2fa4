export type { Acknowledgement, AttributePolicy, ExtendedAcknowledgement } from './acknowledgement.js';
export { decodeAcknowledgement, encodeAcknowledgement, isSuccess, SUCCESS_BYTES } from './acknowledgement.js';
export type { AddressAttributes, AddressLifetime, AddressMessage } from './address.js';
export { decodeAddress, encodeAddress } from './address.js';
export { ETH_P, encodeArpAnnouncement, encodeNeighbourAdvertisement } from './announcement.js';
export type { Attribute, WithUnknown } from './attribute.js';
export { decodeAttributes, encodeAttributes, NLA_F } from './attribute.js';
export { LITTLE_ENDIAN } from './byte-order.js';
export { ByteWriter } from './byte-writer.js';
export {
  FAMILY,
  FIB_RULE,
  FR_ACT,
  IF_OPER,
  IFA_F,
  IFF,
  IPVLAN_MODE,
  MACVLAN_MODE,
  NETLINK_ROUTE,
  NLM_F,
  NLMSG,
  NTF,
  NUD,
  RT_SCOPE,
  RT_TABLE,
  RTEXT_FILTER,
  RTM,
  RTM_F,
  RTN,
  RTNH_F,
  RTNLGRP,
  RTPROT,
} from './constants/index.js';
export type { ErrnoName } from './errno.js';
export { ERRNO, errnoName } from './errno.js';
export type { LinkDecodeOptions } from './link.js';
export { decodeLink, encodeLink } from './link.js';
export type {
  BridgeData,
  BridgeId,
  BridgeOptions,
  BridgePortData,
  IpvlanData,
  MacvlanData,
  MaskedBits,
  QosMapping,
  VlanData,
  VlanFlags,
  VxlanData,
} from './link-kind-model.js';
export type { LinkAttributes, LinkInfo, LinkMessage, LinkStats, VethData } from './link-model.js';
export type { NetlinkMessage } from './message.js';
export { decodeMessages, encodeMessage, MESSAGE_HEADER, portAt, sequenceAt, writeMessage } from './message.js';
export type { NeighbourAttributes, NeighbourCacheInfo, NeighbourMessage } from './neighbour.js';
export { decodeNeighbour, encodeNeighbour } from './neighbour.js';
export type { NsidMessage } from './nsid.js';
export { decodeNsid, encodeNsid } from './nsid.js';
export { describeMissing, describeOffset } from './offset.js';
export type { NextHop, NextHopAttributes, RouteAttributes, RouteCacheInfo, RouteMessage, RouteMetrics, RouteVia } from './route.js';
export { decodeRoute, encodeRoute } from './route.js';
export type { RuleAttributes, RuleMessage } from './rule.js';
export { decodeRule, encodeRule } from './rule.js';
export type { NumberRange } from './value.js';
export { ipToBytes } from './value.js';
