import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { isNicError } from '../errors.js';
import { createFileFolder, createMemoryFolder, type Folder, removeLeftOvers, type StoreLock, waitForLock } from '../folder/index.js';
import type { Subnet } from '../nic.js';
import type { CallOptions } from '../provider.js';
import { completeTools, createFileStore, type FileStoreOptions, type StoreTools } from './attachment-store.js';
import { gatewayId, isId, journalId } from './names.js';
import { type GatewayRecord, GatewayRecordCodec } from './record.js';
import { FolderRecordStore } from './record-store.js';
import { seal, sealed } from './seal.js';
import type { AttachmentStore, CachedSubnet, CloudStatus, HostJournals, HostStore, OriginalRecord, UnreadableRecord } from './store.js';

/** Where the Go plugin of 2017 keeps its files unless its `dataDir` says otherwise. */
export const ORIGINAL_DIRECTORY = '/var/run/cni/hostnic';

/** What {@link createFileHostStore} needs. */
export interface FileHostStoreOptions extends FileStoreOptions {
  /** The folder of the original plugin's files; default {@link ORIGINAL_DIRECTORY}. */
  readonly originalDirectory?: string;
}

const GATEWAY_LOCKS = 64;
const CACHE = 'cache';
/** One file for each journal, so that a damaged one hides no other and its owner writes it again. */
const JOURNALS = 'journals';
/** Configurations of one host that take turns; those of old settings fall out. */
const MAX_STATUSES = 8;

function optional<A>(codec: t.Type<A, unknown>): t.Type<A | undefined, unknown> {
  return t.union([codec, t.undefined], codec.name);
}

const SubnetCodec: t.Type<Subnet, unknown> = t.type({
  id: t.string,
  networkId: optional(t.string),
  cidr: optional(t.string),
  gateway: optional(t.string),
  freeAddresses: optional(t.number),
});
const SubnetsCodec: t.Type<readonly CachedSubnet[], unknown> = sealed(
  t.readonlyArray(t.type({ subnet: SubnetCodec, fetchedAt: t.number })),
);
const SetAsideCodec = sealed(t.readonlyArray(t.tuple([t.string, t.number])));
const StatusCodec: t.Type<CloudStatus, unknown> = t.type({
  checkedAt: t.number,
  nicIds: optional(t.readonlyArray(t.string)),
  problem: optional(t.string),
});
const StatusesCodec = sealed(t.readonlyArray(t.tuple([t.string, StatusCodec])));
const JournalEntryCodec = t.type({ location: t.string });

/** The original plugin marshals its `HostNic` (pkg/types.go of yunify/hostnic-cni), whose JSON keys are these; `vxNet` is a pointer. */
const OriginalCodec = t.type({
  id: t.string,
  hardwareAddr: t.string,
  vxNet: t.union([t.type({ id: t.string }), t.null]),
});

interface HostStoreParts {
  readonly folder: Folder;
  readonly originals: Folder;
  /** Opens a journal of the list; undefined when it exists no more. */
  readonly openStore: (location: string) => AttachmentStore | undefined;
  readonly tools: Required<StoreTools>;
}

/** The locks that the host's own files are written under. */
const LOCK_OF_CACHE: Readonly<Record<string, string>> = {
  'subnets.json': 'subnets',
  'set-aside.json': 'set-aside',
  'status.json': 'status',
};

class GatewayStore extends FolderRecordStore<GatewayRecord> {
  /** Removes what processes that died in the middle of a write left behind. */
  tidy(): void {
    this.tidyFiles((id, suffix, names) => suffix === 'quick.json' && !names.has(`${id}.json`));
  }
}

class FolderHostStore implements HostStore {
  readonly gateways: GatewayStore;
  readonly #parts: HostStoreParts;
  readonly #known = new Map<string, AttachmentStore>();

  constructor(parts: HostStoreParts) {
    this.#parts = parts;
    this.gateways = new GatewayStore({
      folder: parts.folder,
      group: 'gateways',
      locks: GATEWAY_LOCKS,
      codec: GatewayRecordCodec,
      idOf: (record) => gatewayId(record.subnetId),
      clock: parts.tools.clock,
      random: parts.tools.random,
    });
  }

  async lock(name: string, options: CallOptions = {}): Promise<StoreLock> {
    const { folder, tools } = this.#parts;
    return waitForLock(() => folder.tryLock(hostLock(name)), { what: `${folder.location}: ${name}`, ...tools, signal: options.signal });
  }

  async readSubnets(): Promise<readonly CachedSubnet[]> {
    return this.#read(CACHE, 'subnets.json', SubnetsCodec) ?? [];
  }

  async writeSubnets(subnets: readonly CachedSubnet[]): Promise<void> {
    this.#parts.folder.write(CACHE, 'subnets.json', seal(subnets), 'quick');
  }

  async readSetAside(): Promise<ReadonlyMap<string, number>> {
    return new Map(this.#read(CACHE, 'set-aside.json', SetAsideCodec) ?? []);
  }

  async writeSetAside(until: ReadonlyMap<string, number>): Promise<void> {
    this.#parts.folder.write(CACHE, 'set-aside.json', seal([...until]), 'quick');
  }

  async readStatus(asker: string): Promise<CloudStatus | undefined> {
    return this.#statuses().find(([other]) => other === asker)?.[1];
  }

  async writeStatus(asker: string, status: CloudStatus): Promise<void> {
    const others = this.#statuses().filter(([other]) => other !== asker);
    const latest = [[asker, status], ...others].slice(0, MAX_STATUSES);
    this.#parts.folder.write(CACHE, 'status.json', seal(latest), 'quick');
  }

  async register(store: AttachmentStore, options: CallOptions = {}): Promise<void> {
    this.#known.set(store.location, store);
    const id = journalId(store.location);
    if (this.#read(JOURNALS, `${id}.json`, JournalEntryCodec)?.location === store.location) return;
    const lock = await this.lock(JOURNALS, options);
    try {
      this.#parts.folder.write(JOURNALS, `${id}.json`, JSON.stringify({ location: store.location }), 'durable');
    } finally {
      lock.release();
    }
  }

  async tidy(): Promise<void> {
    const { folder } = this.#parts;
    this.gateways.tidy();
    removeLeftOvers(folder, JOURNALS, () => hostLock(JOURNALS));
    removeLeftOvers(folder, CACHE, (name) => (Object.hasOwn(LOCK_OF_CACHE, name) ? hostLock(LOCK_OF_CACHE[name] ?? '') : undefined));
  }

  async stores(): Promise<HostJournals> {
    const { folder, openStore } = this.#parts;
    const stores: AttachmentStore[] = [];
    const unreadable: UnreadableRecord[] = [];
    for (const name of folder.list(JOURNALS)) {
      const id = name.endsWith('.json') ? name.slice(0, -'.json'.length) : '';
      if (!isId(id)) continue;
      const location = this.#read(JOURNALS, name, JournalEntryCodec)?.location;
      if (location === undefined || journalId(location) !== id) {
        const file = `${folder.location}/${JOURNALS}/${name}`;
        const reason = `${file}: does not say where the journal of a network is; an ADD of that network writes it again`;
        unreadable.push({ kind: 'unreadable', id, reason });
      } else {
        const store = this.#known.get(location) ?? openStore(location);
        if (store !== undefined) stores.push(store);
      }
    }
    return { stores, unreadable };
  }

  async readOriginal(containerId: string): Promise<OriginalRecord | undefined> {
    // The original put the id into a path unchecked; its own lock file stood in the same folder.
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(containerId) || containerId === 'lock') return undefined;
    const text = this.#readOriginal(containerId);
    if (text === undefined) return undefined;
    const decoded = OriginalCodec.decode(parseJson(text));
    if (E.isLeft(decoded)) return undefined;
    const { id, hardwareAddr, vxNet } = decoded.right;
    if (id === '') return undefined;
    return { containerId, nicId: id, mac: hardwareAddr.toLowerCase(), subnetId: vxNet?.id ?? '' };
  }

  async listOriginals(): Promise<readonly OriginalRecord[]> {
    const found: OriginalRecord[] = [];
    for (const name of this.#parts.originals.list('')) {
      const original = await this.readOriginal(name);
      if (original !== undefined) found.push(original);
    }
    return found;
  }

  async removeOriginal(containerId: string): Promise<void> {
    if ((await this.readOriginal(containerId)) !== undefined) this.#parts.originals.remove('', containerId, 'durable');
  }

  #statuses(): t.TypeOf<typeof StatusesCodec> {
    return this.#read(CACHE, 'status.json', StatusesCodec) ?? [];
  }

  /** Folders, sockets and the like beside the files are nothing of the original's. */
  #readOriginal(name: string): string | undefined {
    try {
      return this.#parts.originals.read('', name);
    } catch (error) {
      if (isNicError(error, 'ERR_JOURNAL')) return undefined;
      throw error;
    }
  }

  /** What cannot be read counts as absent. */
  #read<A>(group: string, name: string, codec: t.Type<A, unknown>): A | undefined {
    try {
      const text = this.#parts.folder.read(group, name);
      if (text === undefined) return undefined;
      const decoded = codec.decode(parseJson(text));
      return E.isRight(decoded) ? decoded.right : undefined;
    } catch (error) {
      if (isNicError(error, 'ERR_JOURNAL')) return undefined;
      throw error;
    }
  }
}

function hostLock(name: string): string {
  return `host-${name}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Makes a host's shared store on disk. One folder per host, whatever the configurations' own folders are. @throws RangeError when its path is not absolute */
export function createFileHostStore(options: FileHostStoreOptions): HostStore {
  const tools = completeTools(options);
  const folderAt = (directory: string): Folder => createFileFolder({ ...options, ...tools, directory });
  return new FolderHostStore({
    folder: folderAt(options.directory),
    originals: folderAt(options.originalDirectory ?? ORIGINAL_DIRECTORY),
    openStore: (location) => createFileStore({ ...options, directory: location }),
    tools,
  });
}

/** What {@link createMemoryHostStore} takes beside time and random numbers. */
export interface MemoryHostStoreOptions extends StoreTools {
  /** Where; default a new folder in memory. */
  readonly folder?: Folder;
  /** The original plugin's files, in the group `''`; default none. */
  readonly originals?: Folder;
  /** Opens a journal of the host's list by its location; by default only those that were registered here are known. */
  readonly openStore?: (location: string) => AttachmentStore | undefined;
}

/** Makes a host's shared store in memory, or in any other {@link Folder}. */
export function createMemoryHostStore(options: MemoryHostStoreOptions = {}): HostStore {
  return new FolderHostStore({
    folder: options.folder ?? createMemoryFolder('host memory'),
    originals: options.originals ?? createMemoryFolder('original memory'),
    openStore: options.openStore ?? (() => undefined),
    tools: completeTools(options),
  });
}
