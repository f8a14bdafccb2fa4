import * as E from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import type { Clock } from '../clock.js';
import { decode } from '../codec.js';
import { isNicError } from '../errors.js';
import { type Folder, type StoreLock, type Sync, temporaryOwner, waitForLock } from '../folder/index.js';
import type { CallOptions } from '../provider.js';
import { isId } from './names.js';
import { RECORD_VERSION, type RecordHeader } from './record.js';
import type { RecordStore, Stored } from './store.js';

const ASIDE = 'aside';
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** What {@link FolderRecordStore} needs. */
export interface FolderRecordStoreOptions<R> {
  /** Where. */
  readonly folder: Folder;
  /** The group of files in it. */
  readonly group: string;
  /** How many locks the ids share, a power of two up to 2^15. */
  readonly locks: number;
  /** Reads a record. */
  readonly codec: t.Type<R, unknown>;
  /** The id that a record must stand under. */
  readonly idOf: (record: R) => string;
  /** Time. */
  readonly clock: Clock;
  /** Numbers from 0 up to 1. */
  readonly random: () => number;
}

/**
 * Records in a folder. Each id has up to two files: `<id>.json`, always written durably, and `<id>.quick.json`, never synced.
 * The one of the higher revision counts, so a quick write that a power cut tears loses nothing that was durable. A durable one is never torn by
 * a power cut, so one that cannot be read was damaged otherwise.
 */
export class FolderRecordStore<R extends RecordHeader> implements RecordStore<R> {
  readonly #options: FolderRecordStoreOptions<R>;

  constructor(options: FolderRecordStoreOptions<R>) {
    this.#options = options;
  }

  async lock(id: string, options: CallOptions = {}): Promise<StoreLock> {
    const { folder, clock, random } = this.#options;
    const name = this.#lockName(id);
    return waitForLock(() => folder.tryLock(name), { what: `${folder.location}: ${id}`, clock, random, signal: options.signal });
  }

  async tryLock(id: string): Promise<StoreLock | undefined> {
    return this.#options.folder.tryLock(this.#lockName(id));
  }

  async isLocked(id: string): Promise<boolean> {
    return this.#options.folder.isLocked(this.#lockName(id));
  }

  async read(id: string): Promise<Stored<R> | undefined> {
    return this.#read(id);
  }

  async write(id: string, record: R, sync: Sync): Promise<void> {
    const { folder, group } = this.#options;
    const text = `${JSON.stringify(record)}\n`;
    if (record.revision > 1 && sync === 'quick') {
      this.#clearing(`${id}.quick.json`, (name) => folder.write(group, name, text, 'quick'));
      return;
    }
    // What is left of an earlier record of this id has higher revisions than a new one begins with.
    if (record.revision <= 1) this.#clearing(`${id}.quick.json`, (name) => folder.remove(group, name, 'quick'));
    folder.write(group, `${id}.json`, text, 'durable');
  }

  async remove(id: string): Promise<void> {
    const { folder, group } = this.#options;
    folder.remove(group, `${id}.json`, 'durable');
    this.#clearing(`${id}.quick.json`, (name) => folder.remove(group, name, 'quick'));
  }

  async setAside(id: string): Promise<void> {
    const { folder, group } = this.#options;
    folder.move(group, `${id}.json`, ASIDE);
    folder.move(group, `${id}.quick.json`, ASIDE);
  }

  async list(): Promise<readonly Stored<R>[]> {
    const { folder, group } = this.#options;
    const found: Stored<R>[] = [];
    for (const name of folder.list(group)) {
      const id = name.endsWith('.json') ? name.slice(0, -'.json'.length) : '';
      if (!isId(id)) continue;
      const stored = this.#readForList(id);
      if (stored !== undefined) found.push(stored);
    }
    return found;
  }

  /** Removes left-over files of ids whose lock is free: their writer is dead. */
  protected tidyFiles(isStale: (id: string, suffix: string, names: ReadonlySet<string>) => boolean): void {
    const { folder, group } = this.#options;
    const names = new Set(folder.list(group));
    for (const name of names) {
      const owner = temporaryOwner(name);
      const [id = '', ...rest] = (owner ?? name).split('.');
      if (!isId(id) || (owner === undefined && !isStale(id, rest.join('.'), names))) continue;
      const lock = folder.tryLock(this.#lockName(id));
      if (lock === undefined) continue;
      try {
        // Looked at again under the lock: a living owner may have finished or begun meanwhile.
        if (owner !== undefined || isStale(id, rest.join('.'), new Set(folder.list(group)))) folder.remove(group, name, 'quick');
      } catch (error) {
        // A folder: no command has left that behind.
        if (!isNicError(error, 'ERR_JOURNAL')) throw error;
      } finally {
        lock.release();
      }
    }
  }

  /** Does something to a file. What stands in its place and is none is taken out of the way first, kept for a person to look at. */
  #clearing(name: string, act: (name: string) => void): void {
    try {
      act(name);
    } catch (error) {
      if (!isNicError(error, 'ERR_JOURNAL')) throw error;
      this.#options.folder.move(this.#options.group, name, ASIDE);
      act(name);
    }
  }

  #lockName(id: string): string {
    let value = 0;
    for (const char of id.slice(0, 3)) value = value * 32 + BASE32.indexOf(char);
    return `${this.#options.group}-${(value % this.#options.locks).toString(16).padStart(3, '0')}`;
  }

  #read(id: string): Stored<R> | undefined {
    const main = this.#decode(id, `${id}.json`);
    // Without the durable file, a quick one is what a removal left behind. With a torn one, nobody can tell which of the two is later:
    // to take a container that lives for one in the making would cut it off.
    if (main?.kind !== 'record') return main;
    const quick = this.#decode(id, `${id}.quick.json`);
    if (quick === undefined || quick.kind === 'unreadable') return main;
    if (quick.kind === 'newer') return quick;
    return quick.record.revision > main.record.revision ? quick : main;
  }

  /** One bad file must not hide all others. */
  #readForList(id: string): Stored<R> | undefined {
    try {
      return this.#read(id);
    } catch (error) {
      if (isNicError(error, 'ERR_IO')) return { kind: 'unreadable', id, reason: error.message };
      throw error;
    }
  }

  #decode(id: string, name: string): Stored<R> | undefined {
    const { folder, group, codec, idOf } = this.#options;
    const file = `${folder.location}/${group}/${name}`;
    let value: unknown;
    try {
      const text = folder.read(group, name);
      if (text === undefined) return undefined;
      value = JSON.parse(text);
    } catch (error) {
      if (isNicError(error, 'ERR_JOURNAL')) return { kind: 'unreadable', id, reason: error.message };
      if (error instanceof SyntaxError) return { kind: 'unreadable', id, reason: `${file}: is torn or no JSON` };
      throw error;
    }
    const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
    if (typeof version === 'number' && version > RECORD_VERSION) {
      return { kind: 'newer', id, reason: `${file}: has version ${version}, written by a newer release; this one knows ${RECORD_VERSION}` };
    }
    const decoded = decode(codec, value, file);
    if (E.isLeft(decoded)) return { kind: 'unreadable', id, reason: decoded.left.message };
    if (idOf(decoded.right) !== id) return { kind: 'unreadable', id, reason: `${file}: holds the record of another attachment` };
    return { kind: 'record', id, record: decoded.right };
  }
}
