import { type FSWatcher, mkdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';

/** What a record of a journal says: the step about to be taken, or that all is done. */
export type RecordedStep = string;

/** What is told of one record. */
export interface JournalListener {
  /** The record was written. */
  readonly onStep?: (step: RecordedStep) => void;
  /** A DEL asked the ADD that holds the lock to give up. */
  readonly onMark?: () => void;
}

interface RecordText {
  readonly state: string;
  readonly step?: string;
  readonly revision: number;
}

/** Follows the records of a journal as their files change, from outside of the processes that write them. */
export class JournalWatch {
  readonly #folder: string;
  readonly #watcher: FSWatcher;
  readonly #listeners = new Map<string, JournalListener>();

  /** @param dataDir the journal's folder; it is made when it is not there */
  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'attachments');
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#watcher = watch(this.#folder, (_event, file) => this.#onChange(file ?? ''));
  }

  /** Tells of one record from now on. */
  listen(id: string, listener: JournalListener): void {
    this.#listeners.set(id, listener);
  }

  /** Tells of it no more. */
  forget(id: string): void {
    this.#listeners.delete(id);
  }

  /** What the record says now; undefined when there is none. */
  read(id: string): RecordedStep | undefined {
    const found = [`${id}.json`, `${id}.quick.json`].flatMap((name) => this.#readFile(name) ?? []);
    const latest = found.sort((a, b) => b.revision - a.revision)[0];
    if (latest === undefined) return undefined;
    return latest.state === 'adding' ? latest.step : latest.state;
  }

  close(): void {
    this.#watcher.close();
  }

  #onChange(file: string): void {
    const [id = '', ...suffix] = file.split('.');
    const listener = this.#listeners.get(id);
    if (listener === undefined) return;
    if (suffix.join('.') === 'cancel') listener.onMark?.();
    else if (suffix.at(-1) === 'json') {
      const step = this.read(id);
      if (step !== undefined) listener.onStep?.(step);
    }
  }

  #readFile(name: string): RecordText | undefined {
    try {
      return JSON.parse(readFileSync(join(this.#folder, name), 'utf8')) as RecordText;
    } catch (error) {
      // It may have been removed since it was seen.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }
}
