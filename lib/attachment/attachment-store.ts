import { type Clock, systemClock } from '../clock.js';
import type { FileLocker } from '../file-lock.js';
import { createFileFolder, createMemoryFolder, type Folder } from '../folder/index.js';
import { attachmentId } from './names.js';
import { type AttachmentRecord, AttachmentRecordCodec } from './record.js';
import { FolderRecordStore } from './record-store.js';
import type { AttachmentStore } from './store.js';

/** Attachments in flight on one host rarely share one of so many locks; sharing only makes one wait for the other. */
const LOCKS = 4096;
const GROUP = 'attachments';

/** What stores take beside the place they are in. */
export interface StoreTools {
  /** Time, for waiting on locks; default the system's. */
  readonly clock?: Clock;
  /** Numbers from 0 up to 1, for jitter and names of temporary files; default `Math.random`. */
  readonly random?: () => number;
}

/** What {@link createFileStore} and `createFileHostStore` need. */
export interface FileStoreOptions extends StoreTools {
  /** An absolute path. It is made when the first file is written. */
  readonly directory: string;
  /** The kernel's locks; `fileLocker` of `hostnic-cni/netlink`. */
  readonly locker: FileLocker;
}

/** Fills in what the caller left out. */
export function completeTools(tools: StoreTools): Required<StoreTools> {
  return { clock: tools.clock ?? systemClock, random: tools.random ?? Math.random };
}

class FolderAttachmentStore extends FolderRecordStore<AttachmentRecord> implements AttachmentStore {
  readonly location: string;
  readonly #folder: Folder;
  readonly #random: () => number;

  constructor(folder: Folder, tools: Required<StoreTools>) {
    super({
      folder,
      group: GROUP,
      locks: LOCKS,
      codec: AttachmentRecordCodec,
      idOf: (record) => attachmentId(record.key),
      clock: tools.clock,
      random: tools.random,
    });
    this.location = folder.location;
    this.#folder = folder;
    this.#random = tools.random;
  }

  async cancel(id: string): Promise<string> {
    const token = `${process.pid}-${this.#random().toString(36).slice(2)}`;
    this.#folder.mark(GROUP, `${id}.cancel`, token);
    return token;
  }

  async cancellation(id: string): Promise<string | undefined> {
    return this.#folder.read(GROUP, `${id}.cancel`);
  }

  async clearCancellation(id: string): Promise<void> {
    this.#folder.remove(GROUP, `${id}.cancel`, 'quick');
  }

  async tidy(): Promise<void> {
    this.tidyFiles((id, suffix, names) => suffix === 'cancel' || (suffix === 'quick.json' && !names.has(`${id}.json`)));
  }
}

/** Makes a journal of attachments on disk. The folder should be on storage that survives a reboot. @throws RangeError when its path is not absolute */
export function createFileStore(options: FileStoreOptions): AttachmentStore {
  const tools = completeTools(options);
  return new FolderAttachmentStore(createFileFolder({ ...options, ...tools }), tools);
}

/** Makes a journal of attachments in memory, or in any other {@link Folder}. */
export function createMemoryStore(tools: StoreTools = {}, folder: Folder = createMemoryFolder()): AttachmentStore {
  return new FolderAttachmentStore(folder, completeTools(tools));
}
