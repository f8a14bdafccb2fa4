import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { NicError } from '../errors.js';

/** An entry of a folder. */
export interface FolderEntry {
  /** Its name. */
  readonly name: string;
  /** Whether it is a folder; a link to one is none. */
  readonly isFolder: boolean;
}

/**
 * The files that the runtime side reads and writes: configurations, the cache, executables of plugins. Passed in, so that all else is
 * free of I/O; {@link nodeFiles} are the real ones.
 *
 * Every method rejects with NicError `ERR_IO`, with path and reason, when the medium refuses.
 */
export interface RuntimeFiles {
  /** The bytes of a file; undefined when there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** The entries of a folder in any order; undefined when there is none. */
  list(path: string): Promise<readonly FolderEntry[] | undefined>;
  /** Whether a path is a regular file, or a link to one. Never rejects. */
  isFile(path: string): Promise<boolean>;
  /**
   * Puts a file in place of another at once, so that a reader sees the old or the new one and never half of it, also after a power cut.
   * The file is its owner's only, and so is every folder that has to be made.
   */
  replace(path: string, bytes: Uint8Array): Promise<void>;
  /** Removes a file; none there is no error. */
  remove(path: string): Promise<void>;
}

/** Far above any configuration or cached result. */
const maxBytes = 64 * 1024 * 1024;

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'access is denied: check owner and mode',
  EPERM: 'the operation is not permitted: check owner and mode',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'it is a folder',
  ELOOP: 'it is a symbolic link where none is followed: remove it',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full: make room',
  EDQUOT: 'the disk quota is used up: make room',
  EIO: 'the disk reports an error: check it',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'its name is too long',
};

function ioError(what: string, path: string, error: unknown): NicError {
  const errno = errnoOf(error);
  return new NicError('ERR_IO', `${path}: cannot ${what} (${errno}): ${reasons[errno] ?? 'check the file system'}`, { cause: error });
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function readBounded(file: FileHandle, path: string): Promise<Uint8Array> {
  const { size } = await file.stat().then((found) => {
    if (!found.isFile()) throw new NicError('ERR_IO', `${path}: is no plain file`);
    return found;
  });
  if (size > maxBytes) throw new NicError('ERR_IO', `${path}: is longer than ${maxBytes} bytes`);
  return file.readFile();
}

async function writeTemporary(path: string, bytes: Uint8Array): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  // A new folder is lost in a power cut unless the one above it was written too.
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  await makeFolder(folder);
  // One level up: readers of the folder, of whatever runtime, take every file in it for one of theirs.
  const temporary = join(dirname(folder), `.${basename(folder)}-${randomUUID()}.tmp`);
  try {
    await writeTemporary(temporary, bytes);
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The files of this machine. */
export const nodeFiles: RuntimeFiles = {
  async read(path) {
    let file: FileHandle;
    try {
      // Non-blocking, since a FIFO in the place of a file must not stop us.
      file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw ioError('open', path, error);
    }
    try {
      return await readBounded(file, path);
    } catch (error) {
      throw error instanceof NicError ? error : ioError('read', path, error);
    } finally {
      await file.close();
    }
  },
  async list(path) {
    try {
      const entries = await readdir(path, { withFileTypes: true });
      return entries.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw ioError('list', path, error);
    }
  },
  async isFile(path) {
    try {
      return (await stat(path)).isFile();
    } catch {
      return false;
    }
  },
  async replace(path, bytes) {
    try {
      await replaceFile(path, bytes);
    } catch (error) {
      throw ioError('write', path, error);
    }
  },
  async remove(path) {
    try {
      await unlink(path);
      await syncFolder(dirname(path));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw ioError('remove', path, error);
    }
  },
};
