import { isNicError } from '../errors.js';
import type { Sync } from '../folder/index.js';
import type { Logger } from '../log.js';
import type { RecordHeader } from './record.js';
import { STEPS, type StepName } from './steps.js';
import type { RecordStore } from './store.js';

/** What {@link Journal} needs. */
export interface JournalOptions<R> {
  /** Where the record stands. */
  readonly store: RecordStore<R>;
  /** Under which id. */
  readonly id: string;
  /** As it was read, or as it shall begin (then nothing is written yet). */
  readonly record: R;
  /** Where to say what is done. */
  readonly log: Logger;
}

/** One record whose lock this command holds: every change goes through it, one after the other. */
export class Journal<R extends RecordHeader> {
  readonly id: string;
  readonly #store: RecordStore<R>;
  readonly #log: Logger;
  #current: R;
  #writes: Promise<void> = Promise.resolve();
  /** A durable write was refused: the next write makes up for it, since a quick one counts as nothing without a durable one before it. */
  #owed = false;

  constructor(options: JournalOptions<R>) {
    this.id = options.id;
    this.#store = options.store;
    this.#log = options.log;
    this.#current = options.record;
  }

  /** The record with all changes so far, written or not. */
  get current(): R {
    return this.#current;
  }

  /** Changes the record; the next write takes it along. */
  note(patch: Partial<R>): void {
    this.#current = { ...this.#current, ...patch };
  }

  /** Changes and writes it. @throws NicError `ERR_IO` */
  async save(patch: Partial<R>, sync: Sync): Promise<void> {
    this.note(patch);
    const write = this.#writes.then(async () => {
      this.#current = { ...this.#current, revision: this.#current.revision + 1 };
      const due = this.#owed ? 'durable' : sync;
      this.#owed = due === 'durable';
      await this.#store.write(this.id, this.#current, due);
      this.#owed = false;
    });
    this.#writes = write.catch(() => {});
    return write;
  }

  /** Records that a step is about to be taken, as durably as its kind asks. Returning means: go. */
  async step(name: StepName, patch: Partial<R>): Promise<void> {
    this.#log.debug('step', { step: name, id: this.id });
    await this.save({ ...patch, step: name } as Partial<R>, STEPS[name].sync);
  }

  /** As {@link save} when things are being taken back: a full disk must not stop that, since the record already says what may exist. */
  async trySave(patch: Partial<R>, sync: Sync): Promise<void> {
    try {
      await this.save(patch, sync);
    } catch (error) {
      if (!isNicError(error, 'ERR_IO')) throw error;
      this.#log.warn('the journal cannot be written; going on with what it says', { id: this.id, reason: error.message });
    }
  }

  /** As {@link step} when things are being taken back. */
  async tryStep(name: StepName, patch: Partial<R>): Promise<void> {
    this.#log.debug('step', { step: name, id: this.id });
    await this.trySave({ ...patch, step: name } as Partial<R>, STEPS[name].sync);
  }

  /** Removes the record. @throws NicError `ERR_IO` */
  async remove(): Promise<void> {
    await this.#writes;
    await this.#store.remove(this.id);
  }
}
