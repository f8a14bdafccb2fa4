export { createMemoryDriver, type MemoryDriverOptions } from './driver.js';
export { createMemoryFabric, type MemoryFabric, type MemoryFabricOptions } from './fabric.js';
export { createMemoryKernel, MemoryKernel, type MemoryPlace, type MemoryVethEnd } from './kernel.js';
export { type MemoryAddress, MemoryLink, type MemoryLinkOptions } from './link.js';
export { type MemoryAnnouncement, type MemoryMultipathRequest, MemoryNamespace, type MemorySnapshot } from './namespace.js';
export type { MemoryHook, MemoryOperation, MemoryOperationKind } from './operation.js';
