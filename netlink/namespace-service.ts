import { readdirSync, statSync } from 'node:fs';
import { systemClock } from '../lib/clock.js';
import type { NamespaceRef } from '../lib/driver.js';
import { isNicError, NicError } from '../lib/errors.js';
import type { CallOptions } from '../lib/provider.js';
import {
  createNamedNamespace,
  deleteNamedNamespace,
  isMountedNamespace,
  NAMED_NAMESPACES_FOLDER,
  openNamedNamespace,
  pathOfName,
} from './named-namespace.js';
import { createNamespace, type NamespaceHandle, openNamespace, runInNamespace, type SynchronousCallback } from './namespace.js';

/** Between making the file of a name and mounting the namespace on it, `ip netns add` holds no lock. */
const ENSURE_ATTEMPTS = 100;
const ENSURE_PAUSE_MS = 10;

/** A named namespace, as a listing shows it. */
export interface NamedNamespace {
  /** Its name, as `ip netns` knows it. */
  readonly name: string;
  /** The file it is mounted on. */
  readonly path: string;
  /** Device of the namespace file. */
  readonly device: bigint;
  /** Inode of the namespace file. With the device it tells which names mean one namespace. */
  readonly inode: bigint;
}

/** How a {@link NamespaceService} works. */
export interface NamespaceServiceOptions {
  /** The folder that names are kept in; default {@link NAMED_NAMESPACES_FOLDER}. */
  readonly folder?: string;
}

/** True when a failed opening means that nothing of that name is there, rather than that it is out of reach. */
function isAbsent(error: unknown): boolean {
  if (!isNicError(error, 'ERR_NAMESPACE')) return false;
  const { cause } = error;
  // Without an errno of the file system, it is there and no namespace: what a creation leaves that was cut short.
  return !(cause instanceof Error && 'code' in cause) || isNicError(cause) || cause.code === 'ENOENT';
}

/**
 * The network namespaces of this machine: named ones as `ip netns` keeps them, nameless ones, those of processes and descriptors.
 * Handles that it gives are the caller's to close.
 *
 * Every method that takes a name throws a RangeError when that is no file name.
 */
export class NamespaceService {
  readonly #folder: string;

  /** Nothing is read or made before a method is called. */
  constructor(options: NamespaceServiceOptions = {}) {
    this.#folder = options.folder ?? NAMED_NAMESPACES_FOLDER;
  }

  /** The named ones, sorted by name. Needs no rights. */
  async list(): Promise<readonly NamedNamespace[]> {
    const names = this.#names();
    return names.flatMap((name) => {
      const path = this.#pathOf(name);
      if (!isMountedNamespace(path)) return [];
      const status = statSync(path, { bigint: true, throwIfNoEntry: false });
      return status === undefined ? [] : [{ name, path, device: status.dev, inode: status.ino }];
    });
  }

  /** The names that a namespace has, as `ip netns identify` tells them. */
  async namesOf(namespace: NamespaceHandle): Promise<readonly string[]> {
    const { device, inode } = namespace;
    return (await this.list()).filter((one) => one.device === device && one.inode === inode).map(({ name }) => name);
  }

  /** Opens a named one. @throws NicError `ERR_NAMESPACE` when there is none of that name, or it is out of reach */
  async get(name: string): Promise<NamespaceHandle> {
    return openNamedNamespace(name, { folder: this.#folder });
  }

  /** Opens a named one; undefined when there is none of that name. @throws NicError `ERR_NAMESPACE` when it is out of reach */
  async find(name: string): Promise<NamespaceHandle | undefined> {
    try {
      return await this.get(name);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  /** Makes a named one, as `ip netns add`. @throws as {@link createNamedNamespace}, so when the name is taken */
  async add(name: string, options: CallOptions = {}): Promise<NamespaceHandle> {
    return createNamedNamespace(name, { ...options, folder: this.#folder });
  }

  /** Opens a named one, which is made when there is none. Any number of processes may do so at once. @throws as {@link createNamedNamespace} */
  async ensure(name: string, options: CallOptions = {}): Promise<NamespaceHandle> {
    for (let attempt = 1; ; attempt++) {
      const found = await this.find(name);
      if (found !== undefined) return found;
      try {
        return await this.add(name, options);
      } catch (error) {
        const taken = isNicError(error, 'ERR_NAMESPACE') && this.#names().includes(name);
        if (!taken || attempt === ENSURE_ATTEMPTS) throw error;
      }
      await systemClock.sleep(ENSURE_PAUSE_MS, options.signal);
    }
  }

  /**
   * Takes the name of one away, as `ip netns delete`. It ends when nothing holds it any more.
   * @throws NicError `ERR_NAMESPACE` when there is none of that name
   */
  async delete(name: string): Promise<void> {
    const path = this.#pathOf(name);
    if (!this.#names().includes(name)) throw new NicError('ERR_NAMESPACE', `${path}: cannot be deleted, there is none of that name`);
    await this.remove(name);
  }

  /** Takes the name of one away. One that is not there is no error. */
  async remove(name: string): Promise<void> {
    await deleteNamedNamespace(name, { folder: this.#folder });
  }

  /** Opens one by path, process or descriptor, or the own. @throws as {@link openNamespace} */
  async open(ref: NamespaceRef): Promise<NamespaceHandle> {
    return openNamespace(ref);
  }

  /** Makes one without a name, which lives as long as its handle and what is in it. @throws as {@link createNamespace} */
  async create(label?: string): Promise<NamespaceHandle> {
    return createNamespace(label);
  }

  /** Runs a synchronous function inside one. @throws as {@link runInNamespace} */
  run<T>(namespace: NamespaceHandle, callback: SynchronousCallback<T>): T {
    return runInNamespace(namespace, callback);
  }

  #pathOf(name: string): string {
    return pathOfName(name, { folder: this.#folder });
  }

  /** All files of the folder, also those that no namespace is mounted on. */
  #names(): readonly string[] {
    try {
      return readdirSync(this.#folder).sort();
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw new NicError('ERR_NAMESPACE', `${this.#folder}: cannot be read`, { cause: error });
    }
  }
}
