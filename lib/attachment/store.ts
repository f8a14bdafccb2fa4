import type { StoreLock, Sync } from '../folder/index.js';
import type { Subnet } from '../nic.js';
import type { CallOptions } from '../provider.js';
import type { AttachmentRecord, GatewayRecord } from './record.js';

/** A record that stands under an id. */
export interface StoredRecord<R> {
  /** Tells it from what cannot be used. */
  readonly kind: 'record';
  /** The id. */
  readonly id: string;
  /** The record. */
  readonly record: R;
}

/** Something under an id that is no record, or none any more. It is never acted on. */
export interface UnreadableRecord {
  /** Tells it from records. */
  readonly kind: 'unreadable';
  /** The id. */
  readonly id: string;
  /** What is wrong with it, with the file. */
  readonly reason: string;
}

/** A record of a later release. It is never acted on. */
export interface NewerRecord {
  /** Tells it from records. */
  readonly kind: 'newer';
  /** The id. */
  readonly id: string;
  /** Its version, in words, with the file. */
  readonly reason: string;
}

/** What stands under an id. */
export type Stored<R> = StoredRecord<R> | UnreadableRecord | NewerRecord;

/** Records under ids of the form that `attachmentId` gives. Every method rejects with NicError `ERR_IO` when the medium refuses. */
export interface RecordStore<R> {
  /**
   * Takes the lock of an id, waiting for it. It is held by the kernel: a dead process holds none.
   * Ids may share a lock, so no one waits for a second one.
   * @throws NicError `ERR_LOCKED` when the signal's deadline passes first, `ERR_CANCELLED` when it is aborted otherwise
   */
  lock(id: string, options?: CallOptions): Promise<StoreLock>;
  /** Takes the lock of an id if it is free at once. */
  tryLock(id: string): Promise<StoreLock | undefined>;
  /** True while a command holds the lock of an id, or of one that shares it. Changes nothing, so that one can look without leaving a trace. */
  isLocked(id: string): Promise<boolean>;
  /** What stands under an id; undefined when nothing does. */
  read(id: string): Promise<Stored<R> | undefined>;
  /** Writes a record. Only while its lock is held. */
  write(id: string, record: R, sync: Sync): Promise<void>;
  /** Removes what stands under an id for good; nothing there is no error. Only while its lock is held. */
  remove(id: string): Promise<void>;
  /** Takes what stands under an id out of the way, kept for a person to look at. Only while its lock is held. */
  setAside(id: string): Promise<void>;
  /** Everything that stands here. Foreign files are left out. */
  list(): Promise<readonly Stored<R>[]>;
}

/** The journal of attachments: what `createFileStore` and `createMemoryStore` make. */
export interface AttachmentStore extends RecordStore<AttachmentRecord> {
  /** Where it is, for messages, and for the host's list of journals. */
  readonly location: string;
  /** Asks the owner of an attachment's lock to give up. Resolves with a token of its own. Needs no lock. */
  cancel(id: string): Promise<string>;
  /** The token of the last {@link cancel}; undefined when there is none. */
  cancellation(id: string): Promise<string | undefined>;
  /** Forgets a {@link cancel}. Only while the id's lock is held. */
  clearCancellation(id: string): Promise<void>;
  /** Removes what processes that died in the middle of a write left behind. */
  tidy(): Promise<void>;
}

/** A subnet as the cloud described it a while ago. */
export interface CachedSubnet {
  /** The description. */
  readonly subnet: Subnet;
  /** When it was fetched, in milliseconds since the epoch. */
  readonly fetchedAt: number;
}

/** What the cloud said when it was last asked for this instance's state. */
export interface CloudStatus {
  /** When, in milliseconds since the epoch. */
  readonly checkedAt: number;
  /** NICs on the instance, the primary included; undefined when it could not be found out. */
  readonly nicIds: readonly string[] | undefined;
  /** Why not, in words an operator can act on. */
  readonly problem: string | undefined;
}

/** A file that the Go plugin of 2017 keeps for a container. */
export interface OriginalRecord {
  /** The container's id: the file's name. */
  readonly containerId: string;
  /** The cloud's id of its NIC. */
  readonly nicId: string;
  /** Hardware address. */
  readonly mac: string;
  /** Its subnet. */
  readonly subnetId: string;
}

/** The journals of a host. */
export interface HostJournals {
  /** Those that are known. */
  readonly stores: readonly AttachmentStore[];
  /** Entries of the list that say of no journal where it is. */
  readonly unreadable: readonly UnreadableRecord[];
}

/** What all configurations of a host share: what `createFileHostStore` and `createMemoryHostStore` make. */
export interface HostStore {
  /** Gateways, under `gatewayId`s of their subnets. */
  readonly gateways: RecordStore<GatewayRecord>;
  /** Takes one of a few named locks, waiting for it; see {@link RecordStore.lock}. */
  lock(name: string, options?: CallOptions): Promise<StoreLock>;
  /** Descriptions of subnets. What cannot be read counts as absent. */
  readSubnets(): Promise<readonly CachedSubnet[]>;
  /** Replaces them. Only while the lock `subnets` is held. */
  writeSubnets(subnets: readonly CachedSubnet[]): Promise<void>;
  /** Until when subnets that refused a NIC are left alone: milliseconds since the epoch by subnet id. */
  readSetAside(): Promise<ReadonlyMap<string, number>>;
  /** Replaces them. Only while the lock `set-aside` is held. */
  writeSetAside(until: ReadonlyMap<string, number>): Promise<void>;
  /** What the cloud said last to an asker; undefined when that one never asked. See `askerOf`. */
  readStatus(asker: string): Promise<CloudStatus | undefined>;
  /** Replaces it. Of many askers only the latest few are kept. Only while the lock `status` is held. */
  writeStatus(asker: string, status: CloudStatus): Promise<void>;
  /** Removes what processes that died in the middle of a write left behind. */
  tidy(): Promise<void>;
  /** Puts a journal on the host's list, so that users of gateways are found in all of them. */
  register(store: AttachmentStore, options?: CallOptions): Promise<void>;
  /** All journals on the list that still exist, and the entries that cannot be read: what those journals hold is not known. */
  stores(): Promise<HostJournals>;
  /** The original plugin's file for a container; undefined when there is none that can be read. */
  readOriginal(containerId: string): Promise<OriginalRecord | undefined>;
  /** All of the original plugin's files that can be read. */
  listOriginals(): Promise<readonly OriginalRecord[]>;
  /** Removes the original plugin's file for a container; none there is no error. */
  removeOriginal(containerId: string): Promise<void>;
}
