/**
 * Linux networking from Node.js: network namespaces, links, addresses and routes over rtnetlink, without a child process.
 * Works in any namespace that this process may enter, and needs no root for its own.
 *
 * @example
 * ```ts
 * import { openNamespace, openRtnetlink } from 'hostnic-cni/netlink';
 *
 * const namespace = await openNamespace({ kind: 'path', path: '/run/netns/blue' });
 * const rtnetlink = openRtnetlink(namespace);
 * const { index } = await rtnetlink.link.get({ name: 'eth0' });
 * await rtnetlink.address.ensure({ linkIndex: index, address: '192.0.2.10/24' });
 * await rtnetlink.link.set(index, { up: true });
 * await rtnetlink.route.replace({ dst: '0.0.0.0/0', gateway: '192.0.2.1' });
 * rtnetlink.close();
 * namespace.close();
 * ```
 * @packageDocumentation
 */
export type {
  AddressAddOperation,
  AddressRemoveOperation,
  ApplyOptions,
  LeftOver,
  LinkSetOperation,
  NetworkOperation,
  NetworkPlanErrorOptions,
  NetworkScope,
  NetworkState,
  PlanOptions,
  RouteOperation,
  SysctlWriteOperation,
  WantedLinkAddress,
  WantedLinkRoute,
  WantedNetwork,
} from '../lib/network-plan/index.js';
export {
  applyOperations,
  formatIpCommands,
  formatOperation,
  invertOperations,
  NetworkPlanError,
  planChanges,
  readNetworkState,
  simulateOperations,
} from '../lib/network-plan/index.js';
export type { AddressChangeEvent, AddressEvent, AddressMonitor, AddressPresenceEvent } from './address-monitor.js';
export { openAddressMonitor } from './address-monitor.js';
export { announce } from './announce.js';
export type { BatchResult, ConnectionOptions, NetlinkRequest } from './connection.js';
export { createNetlinkDriver, type NetlinkDriverOptions } from './driver.js';
export { createVethFabric, type MachineEnd, type VethFabric, type VethFabricOptions } from './fabric/index.js';
export { fileLocker } from './file-lock.js';
export type { BatchOutcome, DumpInterruption } from './interrupted.js';
export { BatchInterruptedError, DumpInterruptedError } from './interrupted.js';
export type { LinkChangeEvent, LinkEvent, LinkMonitor, LinkPresenceEvent } from './link-monitor.js';
export { openLinkMonitor } from './link-monitor.js';
export type { ListenAddress, Listener } from './listen.js';
export { listenInNamespace } from './listen.js';
export {
  createMemoryDriver,
  createMemoryFabric,
  createMemoryKernel,
  type MemoryAddress,
  type MemoryAnnouncement,
  type MemoryDriverOptions,
  type MemoryFabric,
  type MemoryFabricOptions,
  type MemoryHook,
  MemoryKernel,
  MemoryLink,
  type MemoryLinkOptions,
  type MemoryMultipathRequest,
  MemoryNamespace,
  type MemoryOperation,
  type MemoryOperationKind,
  type MemoryPlace,
  type MemorySnapshot,
  type MemoryVethEnd,
} from './memory/index.js';
export type { Monitor, MonitorOptions, ResyncEvent } from './monitor.js';
export type { NamedNamespaceOptions } from './named-namespace.js';
export { createNamedNamespace, deleteNamedNamespace, NAMED_NAMESPACES_FOLDER, openNamedNamespace } from './named-namespace.js';
export type { NamespaceHandle, SynchronousCallback } from './namespace.js';
export { createNamespace, isNamespace, openNamespace, runInNamespace, socketInNamespace } from './namespace.js';
export type { NamedNamespace, NamespaceServiceOptions } from './namespace-service.js';
export { NamespaceService } from './namespace-service.js';
export type { ReadinessPoller } from './readiness.js';
export { createReadinessPoller } from './readiness.js';
export type { Rtnetlink } from './rtnetlink.js';
export { openRtnetlink } from './rtnetlink.js';
export type {
  AddressListOptions,
  AddressPeerOptions,
  LinkByIndex,
  LinkByName,
  LinkChanges,
  LinkGetOptions,
  LinkKindSettings,
  LinkListOptions,
  LinkMoveOptions,
  LinkQuery,
  LinkSettings,
  NeighbourListOptions,
  NeighbourQuery,
  NewAddress,
  NewLink,
  NewNeighbour,
  NewNextHop,
  NewRoute,
  NewRule,
  PeerSettings,
  Requester,
  RouteListOptions,
  RouteLookupOptions,
  RuleListOptions,
  WantedLink,
} from './services/index.js';
export {
  AddressService,
  addAddressRequest,
  addLinkRequest,
  addNeighbourRequest,
  addRouteRequest,
  addRuleRequest,
  appendRouteRequest,
  deleteAddressRequest,
  deleteLinkRequest,
  deleteNeighbourRequest,
  deleteRouteRequest,
  deleteRuleRequest,
  isErrno,
  LinkService,
  NeighbourService,
  NsidService,
  RouteService,
  RuleService,
  replaceAddressRequest,
  replaceLinkRequest,
  replaceNeighbourRequest,
  replaceRouteRequest,
  setLinkRequest,
  setNeighbourRequest,
  setRouteRequest,
} from './services/index.js';
export { readSysctl, writeSysctl } from './sysctl.js';
export { toLink } from './to-link.js';
export type {
  AddressAttributes,
  AddressLifetime,
  AddressMessage,
  Attribute,
  BridgeData,
  BridgeId,
  BridgeOptions,
  BridgePortData,
  IpvlanData,
  LinkAttributes,
  LinkInfo,
  LinkMessage,
  LinkStats,
  MacvlanData,
  MaskedBits,
  NeighbourAttributes,
  NeighbourCacheInfo,
  NeighbourMessage,
  NetlinkMessage,
  NextHop,
  NextHopAttributes,
  NumberRange,
  QosMapping,
  RouteAttributes,
  RouteCacheInfo,
  RouteMessage,
  RouteMetrics,
  RouteVia,
  RuleAttributes,
  RuleMessage,
  VethData,
  VlanData,
  VlanFlags,
  VxlanData,
  WithUnknown,
} from './wire/index.js';
export {
  decodeAttributes,
  encodeAttributes,
  FIB_RULE,
  FR_ACT,
  IF_OPER,
  IFA_F,
  IFF,
  IPVLAN_MODE,
  MACVLAN_MODE,
  NTF,
  NUD,
  RT_SCOPE,
  RT_TABLE,
  RTN,
  RTNH_F,
  RTPROT,
} from './wire/index.js';
