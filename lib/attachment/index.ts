export type { FileStoreOptions, StoreTools } from './attachment-store.js';
export { createFileStore, createMemoryStore } from './attachment-store.js';
export { createAttachmentEngine } from './create-engine.js';
export type { AttachmentEngine, AttachmentEngineOptions, CommandOptions } from './engine.js';
export type { Folder } from './folder.js';
export { createMemoryFolder } from './folder.js';
export type { FileHostStoreOptions, MemoryHostStoreOptions } from './host-store.js';
export { createFileHostStore, createMemoryHostStore, ORIGINAL_DIRECTORY } from './host-store.js';
export type { EngineLimits } from './limits.js';
export { DEFAULT_LIMITS } from './limits.js';
export type {
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
} from './record.js';
export type {
  Attachment,
  AttachmentKey,
  AttachRequest,
  CheckRequest,
  CollectReport,
  CollectRequest,
  DetachRequest,
  KnownAttachment,
  RouteVia,
  StatusReport,
  StatusRequest,
  WantedRoute,
} from './request.js';
export type { StepKind, StepName } from './steps.js';
export { STEPS } from './steps.js';
export type {
  AttachmentStore,
  CachedSubnet,
  CloudStatus,
  HostStore,
  OriginalRecord,
  RecordStore,
  Stored,
  StoreLock,
  Sync,
} from './store.js';
