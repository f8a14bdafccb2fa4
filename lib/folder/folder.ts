/** A lock that is held. */
export interface StoreLock {
  /** Gives it back. Two releases are fine. */
  release(): void;
}

/**
 * How a write reaches the disk. `durable`: file and folder are synced when it resolves. `quick`: it replaces what was there at once,
 * but a power cut may take it back to the last durable write, never to less.
 */
export type Sync = 'durable' | 'quick';

/**
 * A place for small files, two levels deep: what stores are built on. Everything is synchronous: the calls are short,
 * and the synchronous ones take a third of the asynchronous ones' time.
 *
 * Every method throws NicError `ERR_IO`, with file and reason, when the medium refuses.
 */
export interface Folder {
  /** Where it is, for messages. */
  readonly location: string;
  /** The text of a file; undefined when there is none. @throws NicError `ERR_JOURNAL` for what is no plain file or far too long */
  read(group: string, name: string): string | undefined;
  /** Puts a text in place of a file at once: readers see the old or the new one. @throws NicError `ERR_JOURNAL` when a folder is there */
  write(group: string, name: string, text: string, sync: Sync): void;
  /** Writes a short text into a file directly, so that a process that dies here leaves no other file behind. */
  mark(group: string, name: string, text: string): void;
  /** Removes a file; none there is no error. @throws NicError `ERR_JOURNAL` when it is a folder */
  remove(group: string, name: string, sync: Sync): void;
  /** Moves a file to another group, under a name of its own when that is taken there; none there is no error. */
  move(group: string, name: string, target: string): void;
  /** The names of the files of a group, left-over temporary ones included. */
  list(group: string): readonly string[];
  /** Takes a lock if it is free. Its file stays for good: with a removed one, two processes could hold "the" lock. */
  tryLock(name: string): StoreLock | undefined;
  /** True while somebody holds a lock. Makes nothing: a lock that nobody has ever taken is free. */
  isLocked(name: string): boolean;
}

/** The name of a temporary file for another file. */
export function temporaryName(name: string, nonce: string): string {
  return `.${name}.${nonce}.tmp`;
}

/** The name of the file that a temporary one was to become; undefined for other names. */
export function temporaryOwner(name: string): string | undefined {
  return /^\.(.+)\.[0-9a-z]+\.tmp$/.exec(name)?.[1];
}

/** Makes a folder in memory, for tests and for callers that keep nothing. It is shared by all who hold it. */
export function createMemoryFolder(location = 'memory'): Folder {
  const files = new Map<string, string>();
  const locks = new Set<string>();
  return {
    location,
    read: (group, name) => files.get(`${group}/${name}`),
    write: (group, name, text) => void files.set(`${group}/${name}`, text),
    mark: (group, name, text) => void files.set(`${group}/${name}`, text),
    remove: (group, name) => void files.delete(`${group}/${name}`),
    move(group, name, target) {
      const text = files.get(`${group}/${name}`);
      if (text === undefined) return;
      let free = `${target}/${name}`;
      for (let i = 1; files.has(free); i++) free = `${target}/${name}.${i}`;
      files.delete(`${group}/${name}`);
      files.set(free, text);
    },
    list: (group) => [...files.keys()].filter((path) => path.startsWith(`${group}/`)).map((path) => path.slice(group.length + 1)),
    tryLock(name) {
      if (locks.has(name)) return undefined;
      locks.add(name);
      let held = true;
      return {
        release() {
          if (held) locks.delete(name);
          held = false;
        },
      };
    },
    isLocked: (name) => locks.has(name),
  };
}
