export type { FileStoreOptions, StoreTools } from './attachment-store.js';
export { createFileStore, createMemoryStore } from './attachment-store.js';
export { createAttachmentEngine } from './create-engine.js';
export type { AttachmentEngine, AttachmentEngineOptions, CommandOptions } from './engine.js';
export type { FileHostStoreOptions, MemoryHostStoreOptions } from './host-store.js';
export { createFileHostStore, createMemoryHostStore, ORIGINAL_DIRECTORY } from './host-store.js';
export type { EngineLimits } from './limits.js';
export { DEFAULT_LIMITS } from './limits.js';
export type {
  AddressEntry,
  AttachmentRecord,
  CloudState,
  CreateEntry,
  GatewayRecord,
  GatewayUse,
  JobEntry,
  NamespaceEntry,
  NicEntry,
  RecordHeader,
  ResultEntry,
  RouteEntry,
  SysctlEntry,
} from './record.js';
export type {
  Attachment,
  AttachmentKey,
  AttachRequest,
  CheckRequest,
  CollectAccountReport,
  CollectAccountRequest,
  CollectedNic,
  CollectedRecord,
  CollectFailure,
  CollectReport,
  CollectRequest,
  ConfiguredAddress,
  DetachRequest,
  InstalledRoute,
  KnownAttachment,
  RouteVia,
  StatusReport,
  StatusRequest,
  StrayNic,
  ValidAttachment,
  ViaAddress,
  ViaHost,
  ViaRouter,
  WantedRoute,
} from './request.js';
export type { StepKind, StepName } from './steps.js';
export { STEPS } from './steps.js';
export type {
  AttachmentStore,
  CachedSubnet,
  CloudStatus,
  HostJournals,
  HostStore,
  NewerRecord,
  OriginalRecord,
  RecordStore,
  Stored,
  StoredRecord,
  UnreadableRecord,
} from './store.js';
