import * as fs from 'node:fs';
import * as path from 'node:path';
import { isNicError, NicError } from '../errors.js';
import type { FileLocker } from '../file-lock.js';
import { type Folder, type StoreLock, type Sync, temporaryName } from './folder.js';

/** Far above any record; what is longer was not written by this code. */
const MAX_BYTES = 1024 * 1024;

/** What {@link createFileFolder} needs. */
export interface FileFolderOptions {
  /** An absolute path. It is made when the first file is written. */
  readonly directory: string;
  /** The kernel's locks. */
  readonly locker: FileLocker;
  /** Numbers from 0 up to 1, for names of temporary files. */
  readonly random: () => number;
}

function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: make room',
  EDQUOT: 'the disk quota is used up: make room',
  EROFS: 'the file system is read-only: choose a folder on a writable one',
  EACCES: 'access is denied: check owner and mode',
  EPERM: 'the operation is not permitted: check owner and mode',
  ENOTDIR: 'a part of the path is no folder',
  ELOOP: 'it is a symbolic link: remove it',
  EIO: 'the disk reports an error: check it',
  EMFILE: 'too many files are open',
};

function ioError(what: string, file: string, error: unknown): NicError {
  const errno = errnoOf(error) ?? 'unknown error';
  return new NicError('ERR_IO', `${file}: cannot ${what} (${errno}): ${ADVICE[errno] ?? 'check the file system'}`, { cause: error });
}

/** True for an error of a {@link Folder} that says that its file system is read-only: nobody writes to it, and nobody can make a new lock. */
export function isReadOnly(error: unknown): boolean {
  return isNicError(error, 'ERR_IO') && errnoOf(error.cause) === 'EROFS';
}

function noPlainFile(file: string): NicError {
  return new NicError('ERR_JOURNAL', `${file}: is no plain file: remove it`);
}

function syncFolder(directory: string): void {
  const fd = fs.openSync(directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function writeAll(fd: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  let written = 0;
  while (written < bytes.length) written += fs.writeSync(fd, bytes, written);
}

/** Makes a folder and those that lead to it. The recursive mkdir of Node.js says ENOENT where the file system is read-only. */
function makeFolder(directory: string): void {
  const parent = path.dirname(directory);
  try {
    fs.mkdirSync(directory, 0o700);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EEXIST') return;
    if (errno !== 'ENOENT' || parent === directory) throw error;
    makeFolder(parent);
    makeFolder(directory);
    return;
  }
  // A file is as durable as the entries of all folders that lead to it.
  syncFolder(parent);
}

function isThere(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** After a failure, whose reason counts more than why this fails too; what stays is tidied later. */
function removeIfThere(file: string): void {
  try {
    fs.unlinkSync(file);
  } catch {
    // Mostly it was never made.
  }
}

/** A name in a folder that nothing has yet. */
function freeName(directory: string, name: string): string {
  const first = path.join(directory, name);
  let free = first;
  for (let i = 1; isThere(free); i++) free = `${first}.${i}`;
  return free;
}

function closeToOthers(directory: string): void {
  try {
    fs.chmodSync(directory, 0o700);
  } catch (error) {
    // What is locked or read there can be all the same.
    if (errnoOf(error) !== 'EROFS') throw error;
  }
}

class FileFolder implements Folder {
  readonly location: string;
  readonly #locker: FileLocker;
  readonly #random: () => number;

  constructor(options: FileFolderOptions) {
    this.location = options.directory;
    this.#locker = options.locker;
    this.#random = options.random;
  }

  read(group: string, name: string): string | undefined {
    const directory = this.#existing(group);
    if (directory === undefined) return undefined;
    const file = path.join(directory, name);
    let fd: number;
    try {
      // O_NONBLOCK: a FIFO in the place of a file must not stop us.
      fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
    } catch (error) {
      const errno = errnoOf(error);
      // No file system holds a file of so long a name.
      if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ENAMETOOLONG') return undefined;
      if (errno === 'ENXIO') throw noPlainFile(file);
      if (errno === 'ELOOP') throw new NicError('ERR_JOURNAL', `${file}: is a symbolic link, which is never followed: remove it`);
      throw ioError('open', file, error);
    }
    try {
      const stat = fs.fstatSync(fd);
      if (!stat.isFile()) throw noPlainFile(file);
      if (stat.size > MAX_BYTES) throw new NicError('ERR_JOURNAL', `${file}: is longer than ${MAX_BYTES} bytes: not ours`);
      return fs.readFileSync(fd, 'utf8');
    } catch (error) {
      throw error instanceof NicError ? error : ioError('read', file, error);
    } finally {
      fs.closeSync(fd);
    }
  }

  write(group: string, name: string, text: string, sync: Sync): void {
    const directory = this.#ensure(group);
    const temporary = path.join(directory, temporaryName(name, `${process.pid}x${this.#random().toString(36).slice(2)}`));
    const file = path.join(directory, name);
    try {
      const flags = fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_NOFOLLOW;
      const fd = fs.openSync(temporary, flags, 0o600);
      try {
        writeAll(fd, text);
        if (sync === 'durable') fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
      fs.renameSync(temporary, file);
      if (sync === 'durable') syncFolder(directory);
    } catch (error) {
      removeIfThere(temporary);
      if (errnoOf(error) === 'EISDIR') throw noPlainFile(file);
      throw ioError('write', file, error);
    }
  }

  mark(group: string, name: string, text: string): void {
    const file = path.join(this.#ensure(group), name);
    try {
      const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
      // O_NONBLOCK: a FIFO that nobody reads, in the place of a file, must not stop us.
      const fd = fs.openSync(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0o600);
      try {
        writeAll(fd, text);
      } finally {
        fs.closeSync(fd);
      }
    } catch (error) {
      throw ioError('write', file, error);
    }
  }

  remove(group: string, name: string, sync: Sync): void {
    const directory = this.#existing(group);
    if (directory === undefined) return;
    const file = path.join(directory, name);
    try {
      fs.unlinkSync(file);
      if (sync === 'durable') syncFolder(directory);
    } catch (error) {
      const errno = errnoOf(error);
      // A read-only file system refuses before it looks whether there is anything to remove.
      if (errno === 'ENOENT' || errno === 'ENAMETOOLONG' || (errno === 'EROFS' && !isThere(file))) return;
      throw errno === 'EISDIR' ? noPlainFile(file) : ioError('remove', file, error);
    }
  }

  move(group: string, name: string, target: string): void {
    const directory = this.#existing(group);
    if (directory === undefined) return;
    const source = path.join(directory, name);
    if (!isThere(source)) return;
    const goal = this.#ensure(target);
    try {
      fs.renameSync(source, freeName(goal, name));
      syncFolder(goal);
      syncFolder(directory);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw ioError(`move to ${goal}`, source, error);
    }
  }

  list(group: string): readonly string[] {
    const directory = this.#existing(group);
    if (directory === undefined) return [];
    try {
      return fs.readdirSync(directory);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw ioError('list', directory, error);
    }
  }

  tryLock(name: string): StoreLock | undefined {
    const file = path.join(this.#ensure('locks'), name);
    let fd = this.#openLock(file);
    try {
      if (!this.#locker.tryLock(fd)) return undefined;
      const held = fd;
      fd = -1;
      let open = true;
      return {
        release() {
          if (open) fs.closeSync(held);
          open = false;
        },
      };
    } finally {
      if (fd >= 0) fs.closeSync(fd);
    }
  }

  isLocked(name: string): boolean {
    const directory = this.#existing('locks');
    if (directory === undefined) return false;
    const file = path.join(directory, name);
    let fd: number;
    try {
      fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw ioError('open', file, error);
    }
    try {
      return !this.#locker.tryLock(fd);
    } finally {
      fs.closeSync(fd);
    }
  }

  #openLock(file: string): number {
    const { O_RDWR, O_RDONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
    try {
      return fs.openSync(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
    } catch (error) {
      if (errnoOf(error) !== 'EROFS') throw ioError('open', file, error);
      try {
        // A lock needs no right to write, so what was locked before can be while the disk is read-only.
        return fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      } catch (second) {
        // A file that is not there is missing because it cannot be made.
        throw ioError('open', file, errnoOf(second) === 'ENOENT' ? error : second);
      }
    }
  }

  /** A group's folder; undefined when there is none. One that is a link or no folder at all is somebody's mistake, never followed. */
  #existing(group: string): string | undefined {
    const directory = path.join(this.location, group);
    try {
      // The top folder itself may be a link: where it leads is the operator's business.
      const stat = group === '' ? fs.statSync(directory) : fs.lstatSync(directory);
      if (!stat.isDirectory() && group === '') return undefined;
      if (!stat.isDirectory()) throw new NicError('ERR_IO', `${directory}: is no folder: remove it`);
      return directory;
    } catch (error) {
      if (error instanceof NicError) throw error;
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
      throw ioError('open', directory, error);
    }
  }

  /** Makes a group's folder. The top folder's mode is the operator's business; ours are closed to others. */
  #ensure(group: string): string {
    const directory = path.join(this.location, group);
    try {
      const stat = fs.lstatSync(directory, { throwIfNoEntry: false });
      if (stat === undefined) {
        makeFolder(directory);
      } else if (!stat.isDirectory()) {
        throw new NicError('ERR_IO', `${directory}: is no folder: remove it`);
      } else if ((stat.mode & 0o077) !== 0) {
        closeToOthers(directory);
      }
      return directory;
    } catch (error) {
      throw error instanceof NicError ? error : ioError('make', directory, error);
    }
  }
}

/**
 * Makes a folder on disk: files of mode 0600 in folders of mode 0700, written to a temporary file and renamed;
 * symbolic links are never followed below it.
 * @throws RangeError when the path is not absolute
 */
export function createFileFolder(options: FileFolderOptions): Folder {
  if (!path.isAbsolute(options.directory)) throw new RangeError(`${options.directory} is no absolute path`);
  return new FileFolder(options);
}
