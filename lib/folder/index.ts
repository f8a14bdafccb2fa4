export type { FileFolderOptions } from './file-folder.js';
export { createFileFolder, isReadOnly } from './file-folder.js';
export type { Folder, StoreLock, Sync } from './folder.js';
export { createMemoryFolder, temporaryOwner } from './folder.js';
export type { LockWaitOptions } from './lock.js';
export { waitForLock } from './lock.js';
export { removeLeftOvers } from './tidy.js';
