import { toAbortError } from '../clock.js';
import { isNicError } from '../errors.js';
import type { Nic } from '../nic.js';
import { createTimeout, type Timeout } from './budget.js';
import { toReason } from './cloud-error.js';
import type { Command } from './context.js';
import { finishAttachments } from './finish.js';
import { sweepGateways } from './gateway-sweep.js';
import { previewCollection } from './gc-preview.js';
import { CollectionScope } from './gc-scope.js';
import { Journal } from './journal.js';
import type { AttachmentRecord } from './record.js';
import { type Ending, releaseNics } from './release.js';
import type { CollectedNic, CollectedRecord, CollectFailure, CollectReport, CollectRequest } from './request.js';
import { findNamed, toNicEntry } from './settle.js';
import type { StoredRecord } from './store.js';
import { survey } from './survey.js';

/** How many records, or NICs without a record, are worked on at the same time. */
const AT_ONCE = 8;
/** The shortest time that one record is worked on before the next has its turn, in milliseconds: a detach job takes a while. */
const MIN_TURN_MS = 1000;

/** Runs one GC: see {@link AttachmentEngine.collect}. */
export async function collect(command: Command, request: CollectRequest): Promise<CollectReport> {
  return request.dryRun === true ? previewCollection(command, request) : new Collection(command, request).run();
}

class Collection {
  readonly #command: Command;
  readonly #request: CollectRequest;
  readonly #scope: CollectionScope;
  readonly #signal: AbortSignal;
  readonly #startedAt: number;
  readonly #removed: CollectedNic[] = [];
  readonly #records: CollectedRecord[] = [];
  readonly #failed: CollectFailure[] = [];
  readonly #busy: AttachmentRecord['key'][] = [];

  constructor(command: Command, request: CollectRequest) {
    this.#command = command;
    this.#request = request;
    this.#scope = new CollectionScope(command, request);
    this.#signal = command.budget.whole();
    this.#startedAt = command.context.clock.now();
  }

  async run(): Promise<CollectReport> {
    await this.#recorded();
    try {
      const nics = await findNamed(this.#command, undefined, this.#request.subnetIds, this.#signal);
      await this.#withoutRecord(nics);
      await this.#adoptGateways(nics);
      const { removed, failed } = await sweepGateways(this.#command, await survey(this.#command), this.#signal);
      this.#removed.push(...removed);
      this.#failed.push(...failed);
      await this.#command.context.store.tidy();
      await this.#command.context.hostStore.tidy();
    } catch (error) {
      if (!isNicError(error)) throw error;
      this.#failed.push({ nicId: undefined, key: undefined, reason: toReason(error) });
    }
    return { removed: this.#removed, records: this.#records, failed: this.#failed, busy: this.#busy };
  }

  /** Brings records to their end that go. */
  async #recorded(): Promise<void> {
    let going = await this.#scope.going(await this.#command.context.store.list(), this.#failed);
    // Ids may share a lock, so what was in the way may have been this GC itself.
    for (;;) {
      const skipped = await this.#sideBySide(going);
      if (skipped.length === 0 || skipped.length === going.length) {
        this.#busy.push(...skipped.map(({ record }) => record.key));
        return;
      }
      going = skipped;
    }
  }

  /**
   * Finishes several records at a time, each by itself: a job of the cloud ends with the last of its NICs,
   * so one that will not go would hold up those that share its job. What failed least comes first, and each gets a turn that leaves one for
   * all that wait, so that those that will not go cannot use up all time; they get another when all had theirs.
   * @returns the records whose locks are held
   */
  async #sideBySide(going: readonly StoredRecord<AttachmentRecord>[]): Promise<StoredRecord<AttachmentRecord>[]> {
    let queue = [...going].sort((a, b) => a.record.attempts - b.record.attempts || a.record.createdAt - b.record.createdAt);
    const skipped: StoredRecord<AttachmentRecord>[] = [];
    while (queue.length > 0) {
      let waiting = queue.length;
      const again: StoredRecord<AttachmentRecord>[] = [];
      await inParallel(queue, async (stored) => {
        const turn = this.#turn(waiting--);
        try {
          const outcome = await this.#one(stored, turn.signal);
          if (outcome === 'busy') skipped.push(stored);
          if (outcome === 'again') again.push(stored);
        } finally {
          turn.close();
        }
      });
      queue = again;
    }
    return skipped;
  }

  /** The time for one of the records that wait. */
  #turn(waiting: number): Timeout {
    const { clock } = this.#command.context;
    const left = this.#command.budget.forwardUntil - clock.now();
    return createTimeout(clock, clock.now() + Math.max(MIN_TURN_MS, left / Math.ceil(waiting / AT_ONCE)));
  }

  /** @returns `busy` when its lock is held, `again` when its turn was too short, though there is time left */
  async #one({ id, record: listed }: StoredRecord<AttachmentRecord>, turn: AbortSignal): Promise<'done' | 'busy' | 'again'> {
    const { store, log } = this.#command.context;
    const { signal } = this.#command.budget;
    if (signal.aborted) {
      // Not tried, so that it comes first the next time.
      this.#failed.push({ nicId: listed.nicId, key: listed.key, reason: toReason(toAbortError(signal, 'removing its NIC')) });
      return 'done';
    }
    const lock = await store.tryLock(id);
    if (lock === undefined) return 'busy';
    try {
      // A command may have finished or begun it since the list was read.
      const stored = await store.read(id);
      if (stored?.kind !== 'record' || !(await this.#scope.goes(stored))) return 'done';
      const { record } = stored;
      if (this.#scope.isNew(listed, record)) return 'done';
      const { key } = record;
      if (await this.#scope.isForeign(record)) {
        await store.setAside(id);
        this.#records.push({ key, reason: 'foreign' });
        return 'done';
      }
      const reason = this.#scope.reasonOf(record);
      const journal = new Journal({ store, id, record, log });
      let deleted = 0;
      const onDeleted = (nicId: string): void => {
        deleted++;
        this.#removed.push({ nicId, key, gatewayOf: undefined, reason });
      };
      // Time is kept back, so that NICs that will not go leave some for what comes after the records.
      const pending = await finishAttachments(this.#command, [{ journal, onDeleted }], AbortSignal.any([signal, turn]));
      const error = pending.get(id);
      if (error === undefined && deleted === 0) this.#records.push({ key, reason: 'empty' });
      if (error !== undefined && turn.aborted && !signal.aborted) return 'again';
      if (error !== undefined) this.#failed.push({ nicId: journal.current.nics[0]?.id, key, reason: error.message });
    } catch (error) {
      if (!isNicError(error)) throw error;
      this.#failed.push({ nicId: undefined, key: listed.key, reason: error.message });
    } finally {
      lock.release();
    }
    return 'done';
  }

  /** NICs in the cloud whose records are lost. */
  async #withoutRecord(nics: readonly Nic[]): Promise<void> {
    const orphans = await this.#scope.orphans(nics);
    if (orphans.size === 0) return;
    const signal = this.#command.budget.atMost(this.#orphansMs(), this.#signal);
    await inParallel([...orphans], async ([id, own]) => {
      for (const nic of own) await this.#orphan(id, nic, AbortSignal.any([signal]));
    });
  }

  /** What is left until the time that is kept back, and half of that: the other half is the gateways'. */
  #orphansMs(): number {
    const { clock, limits } = this.#command.context;
    const { forwardUntil } = this.#command.budget;
    // At most two fifths of the whole are kept back, which is two thirds of the rest.
    const keptBack = Math.min(limits.unwindReserveMs, ((forwardUntil - this.#startedAt) * 2) / 3);
    return Math.max(0, forwardUntil - clock.now()) + keptBack / 2;
  }

  /** Gateways whose records are lost get new ones, so that the rule for idle gateways finds them. */
  async #adoptGateways(nics: readonly Nic[]): Promise<void> {
    const { hostStore, log } = this.#command.context;
    for (const { id, record } of await this.#scope.gateways(nics)) {
      const lock = await hostStore.gateways.tryLock(id);
      if (lock === undefined) continue;
      try {
        const stored = await hostStore.gateways.read(id);
        if (stored?.kind === 'unreadable') await hostStore.gateways.setAside(id);
        else if (stored !== undefined) continue;
        log.info('a gateway without a record is recorded again', { nic: record.nicId, subnet: record.subnetId });
        await new Journal({ store: hostStore.gateways, id, record, log }).save({}, 'durable');
      } finally {
        lock.release();
      }
    }
  }

  async #orphan(id: string, nic: Nic, signal: AbortSignal): Promise<void> {
    const { store, log } = this.#command.context;
    const { provider } = await this.#command.cloud();
    const lock = await store.tryLock(id);
    if (lock === undefined) return;
    try {
      const stored = await store.read(id);
      if (stored?.kind === 'record' || stored?.kind === 'newer') return;
      // Read again under the lock: it may have been taken or removed meanwhile.
      const [now] = await provider.listNics({ ids: [nic.id] }, { signal });
      if (now === undefined || now.name !== nic.name || !(await this.#scope.isOrphan(now, stored))) return;
      log.info('collecting a NIC without a record', { nic: nic.id, name: nic.name });
      const target = {
        entry: toNicEntry(now),
        proven: false,
        isOwn: false,
        step: async () => {},
        saveJob: async () => {},
        forget: async (how: Ending) => {
          if (how === 'deleted') this.#removed.push({ nicId: nic.id, key: undefined, gatewayOf: undefined, reason: 'unrecorded' });
        },
      };
      const left = await releaseNics(this.#command, [target], { signal });
      if (left.has(nic.id)) this.#failed.push({ nicId: nic.id, key: undefined, reason: toReason(left.get(nic.id)) });
      else if (stored !== undefined) await store.setAside(id);
    } catch (error) {
      if (!isNicError(error)) throw error;
      this.#failed.push({ nicId: nic.id, key: undefined, reason: error.message });
    } finally {
      lock.release();
    }
  }
}

/** Works on a few items at a time. All of it ends before an unexpected error leaves, so that nothing goes on behind the back of whoever gets it. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  for (const ended of await Promise.allSettled(Array.from({ length: AT_ONCE }, worker))) {
    if (ended.status === 'rejected') throw ended.reason;
  }
}
