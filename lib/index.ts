/**
 * The core: what a cloud, a network stack and a journal must be able to do, and the engine that gives containers network cards with them.
 * @packageDocumentation
 */
export type { Cidr, IpAddress } from './address.js';
export { contains, formatCidr, formatIp, formatMac, ipFromBytes, parseCidr, parseIp, parseMac, sameIp, toNetwork } from './address.js';
export type {
  AddressEntry,
  Attachment,
  AttachmentEngine,
  AttachmentEngineOptions,
  AttachmentKey,
  AttachmentRecord,
  AttachmentStore,
  AttachRequest,
  CachedSubnet,
  CheckRequest,
  CloudState,
  CloudStatus,
  CollectAccountReport,
  CollectAccountRequest,
  CollectedNic,
  CollectedRecord,
  CollectFailure,
  CollectReport,
  CollectRequest,
  CommandOptions,
  ConfiguredAddress,
  CreateEntry,
  DetachRequest,
  EngineLimits,
  FileHostStoreOptions,
  FileStoreOptions,
  GatewayRecord,
  GatewayUse,
  HostJournals,
  HostStore,
  InstalledRoute,
  JobEntry,
  KnownAttachment,
  MemoryHostStoreOptions,
  NamespaceEntry,
  NewerRecord,
  NicEntry,
  OriginalRecord,
  RecordHeader,
  RecordStore,
  ResultEntry,
  RouteEntry,
  RouteVia,
  StatusReport,
  StatusRequest,
  StepKind,
  StepName,
  Stored,
  StoredRecord,
  StoreTools,
  StrayNic,
  SysctlEntry,
  UnreadableRecord,
  ValidAttachment,
  ViaAddress,
  ViaHost,
  ViaRouter,
  WantedRoute,
} from './attachment/index.js';
export {
  createAttachmentEngine,
  createFileHostStore,
  createFileStore,
  createMemoryHostStore,
  createMemoryStore,
  DEFAULT_LIMITS,
  ORIGINAL_DIRECTORY,
  STEPS,
} from './attachment/index.js';
export type { CallKind, CallLimiter, CallLimiterOptions } from './call-budget/index.js';
export { createCallLimiter, unlimitedCalls } from './call-budget/index.js';
export type { Clock } from './clock.js';
export { systemClock, toAbortError } from './clock.js';
export type {
  AddAddressOptions,
  AddressSettings,
  Link,
  LinkAddress,
  LinkChange,
  LinkWatch,
  NamespaceRef,
  NetworkDriver,
  NetworkNamespace,
  PathMetrics,
  Route,
  RouteRequest,
  RouteSettings,
} from './driver.js';
export type {
  DecodeIssue,
  NetlinkErrorOptions,
  NicErrorCode,
  NicErrorOptions,
  ProviderErrorOptions,
} from './errors.js';
export { DecodeError, isNicError, NetlinkError, NicError, ProviderError } from './errors.js';
export type { FabricNic, FabricSubnet, NicFabric } from './fabric.js';
export type { FileLocker } from './file-lock.js';
export type { FileFolderOptions, Folder, StoreLock, Sync } from './folder/index.js';
export { createFileFolder, createMemoryFolder } from './folder/index.js';
export type { LogFields, Logger } from './log.js';
export { silentLogger } from './log.js';
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
} from './network-plan/index.js';
export {
  applyOperations,
  formatIpCommands,
  formatOperation,
  invertOperations,
  NetworkPlanError,
  planChanges,
  readNetworkState,
  simulateOperations,
} from './network-plan/index.js';
export type { Job, Nic, Subnet } from './nic.js';
export type { CallOptions, CreateNicOptions, CreateNicRequest, NicFilter, NicProvider, ProviderFeatures } from './provider.js';
