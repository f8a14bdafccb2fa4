import { toAbortError } from '../clock.js';
import { isNicError } from '../errors.js';
import type { Nic } from '../nic.js';
import { blankGateway } from './blank-record.js';
import { createTimeout, type Timeout } from './budget.js';
import { toReason } from './cloud-error.js';
import type { Command } from './context.js';
import { finishAttachments } from './finish.js';
import { findHostLink } from './gateway-link.js';
import { sweepGateways } from './gateway-removal.js';
import { Journal } from './journal.js';
import { attachmentId, gatewayId, gatewayName, idInName, nicPrefix } from './names.js';
import { isAlive, isComplete } from './pending.js';
import type { AttachmentRecord } from './record.js';
import { releaseNics } from './release.js';
import type { CollectedNic, CollectReport, CollectRequest } from './request.js';
import { findNamed, toNicEntry } from './settle.js';
import type { StoredRecord } from './store.js';
import { survey } from './survey.js';

/** How many records, or NICs without a record, are worked on at the same time. */
const AT_ONCE = 8;
/** The shortest time that one record is worked on before the next has its turn, in milliseconds: a detach job takes a while. */
const MIN_TURN_MS = 1000;

/** Runs one GC: see {@link AttachmentEngine.collect}. */
export async function collect(command: Command, request: CollectRequest): Promise<CollectReport> {
  return new Collection(command, request).run();
}

class Collection {
  readonly #command: Command;
  readonly #request: CollectRequest;
  /** Undefined: those that live. */
  readonly #valid: ReadonlySet<string> | undefined;
  readonly #signal: AbortSignal;
  readonly #startedAt: number;
  readonly #removed: CollectedNic[] = [];
  readonly #failed: CollectReport['failed'][number][] = [];
  readonly #busy: AttachmentRecord['key'][] = [];

  constructor(command: Command, request: CollectRequest) {
    this.#command = command;
    this.#request = request;
    this.#signal = command.budget.whole();
    this.#startedAt = command.context.clock.now();
    const { network, valid } = request;
    this.#valid = valid === 'living' ? undefined : new Set(valid.map((entry) => attachmentId({ network, ...entry })));
  }

  async run(): Promise<CollectReport> {
    await this.#records();
    try {
      const nics = await findNamed(this.#command, undefined, this.#request.subnetIds, this.#signal);
      await this.#withoutRecord(nics);
      if (this.#request.dryRun !== true) {
        await this.#adoptGateways(nics);
        await sweepGateways(this.#command, await survey(this.#command), this.#signal);
        await this.#command.context.store.tidy();
        await this.#command.context.hostStore.tidy();
      }
    } catch (error) {
      if (!isNicError(error)) throw error;
      this.#failed.push({ nicId: undefined, key: undefined, reason: toReason(error) });
    }
    return { removed: this.#removed, failed: this.#failed, busy: this.#busy };
  }

  /** Records of the network that no valid attachment has, or that a dead command left unfinished. */
  async #records(): Promise<void> {
    const { store } = this.#command.context;
    let going: StoredRecord<AttachmentRecord>[] = [];
    for (const stored of await store.list()) {
      if (stored.kind === 'record' && this.#isOurs(stored.record) && (await this.#mayGo(stored))) going.push(stored);
    }
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

  #isOurs(record: AttachmentRecord): boolean {
    return record.key.network === this.#request.network;
  }

  /** What cannot be told of stays, and is reported. */
  async #mayGo({ id, record }: StoredRecord<AttachmentRecord>): Promise<boolean> {
    try {
      return await this.#goes(id, record);
    } catch (error) {
      if (!isNicError(error)) throw error;
      this.#failed.push({ nicId: record.nicId, key: record.key, reason: toReason(error) });
      return false;
    }
  }

  async #goes(id: string, record: AttachmentRecord): Promise<boolean> {
    if (!isComplete(this.#command, record)) return true;
    return this.#valid === undefined ? !(await isAlive(this.#command, record)) : !this.#valid.has(id);
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
      if (stored?.kind !== 'record' || !(await this.#goes(id, stored.record))) return 'done';
      const { record } = stored;
      // Its ADD came to its end while this GC ran, so whoever made the list need not have known of it.
      const isNew = !isComplete(this.#command, listed) || record.nicId !== listed.nicId;
      if (isNew && isComplete(this.#command, record)) return 'done';
      const { instanceId } = await this.#command.cloud();
      if (record.instanceId !== undefined && record.instanceId !== instanceId) {
        if (this.#request.dryRun !== true) await store.setAside(id);
        return 'done';
      }
      const reason = isComplete(this.#command, record) ? 'unlisted' : 'unfinished';
      const nics = record.nics.map((nic): CollectedNic => ({ nicId: nic.id, key: record.key, reason }));
      if (this.#request.dryRun === true) {
        this.#removed.push(...nics);
        return 'done';
      }
      const journal = new Journal({ store, id, record, log });
      // Time is kept back, so that NICs that will not go leave some for what comes after the records.
      const pending = await finishAttachments(this.#command, [{ journal }], AbortSignal.any([signal, turn]));
      const left = new Set(pending.has(id) ? journal.current.nics.map((nic) => nic.id) : []);
      this.#removed.push(...nics.filter(({ nicId }) => !left.has(nicId)));
      const error = pending.get(id);
      if (error !== undefined && turn.aborted && !signal.aborted) return 'again';
      if (error !== undefined) this.#failed.push({ nicId: [...left][0], key: record.key, reason: error.message });
    } catch (error) {
      if (!isNicError(error)) throw error;
      this.#failed.push({ nicId: undefined, key: listed.key, reason: error.message });
    } finally {
      lock.release();
    }
    return 'done';
  }

  /** NICs in the cloud that bear a name of this instance and network and have no record: theirs is lost. */
  async #withoutRecord(nics: readonly Nic[]): Promise<void> {
    const { instanceId } = await this.#command.cloud();
    const prefix = nicPrefix(instanceId, this.#request.network);
    // Configurations of one network with different folders see each other's NICs.
    const { records } = await survey(this.#command);
    const recorded = new Set(records.flatMap(({ record }) => record.nics.map((nic) => nic.id)));
    const orphans = new Map<string, Nic[]>();
    for (const nic of nics) {
      const id = idInName(nic.name, prefix);
      if (id === undefined || this.#valid?.has(id) === true || recorded.has(nic.id) || !this.#isOld(nic)) continue;
      orphans.set(id, [...(orphans.get(id) ?? []), nic]);
    }
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
    const { hostStore, bootId, clock, log } = this.#command.context;
    const { instanceId } = await this.#command.cloud();
    for (const subnetId of this.#request.subnetIds) {
      const nicName = gatewayName(instanceId, subnetId);
      const found = nics.filter((nic) => nic.name === nicName).map(toNicEntry);
      const id = gatewayId(subnetId);
      const lock = found.length === 0 ? undefined : await hostStore.gateways.tryLock(id);
      if (lock === undefined) continue;
      try {
        const stored = await hostStore.gateways.read(id);
        if (stored?.kind === 'unreadable') await hostStore.gateways.setAside(id);
        else if (stored !== undefined) continue;
        const record = blankGateway(bootId, subnetId, {
          instanceId,
          nicName,
          state: 'ready',
          nics: found,
          nicId: found[0]?.id,
          unusedSince: clock.now(),
        });
        log.info('a gateway without a record is recorded again', { nic: found[0]?.id, subnet: subnetId });
        await new Journal({ store: hostStore.gateways, id, record, log }).save({}, 'durable');
      } finally {
        lock.release();
      }
    }
  }

  /** A young NIC may be that of an ADD whose record this list of records was too early for, or of one with another folder. */
  #isOld(nic: Nic): boolean {
    const { clock, limits } = this.#command.context;
    return nic.createdAt !== undefined && clock.now() - nic.createdAt.getTime() >= limits.gcMinAgeMs;
  }

  async #orphan(id: string, nic: Nic, signal: AbortSignal): Promise<void> {
    const { store, log } = this.#command.context;
    const { provider, instanceId } = await this.#command.cloud();
    const lock = await store.tryLock(id);
    if (lock === undefined) return;
    try {
      const stored = await store.read(id);
      if (stored?.kind === 'record' || stored?.kind === 'newer') return;
      // Read again under the lock: it may have been taken or removed meanwhile.
      const [now] = await provider.listNics({ ids: [nic.id] }, { signal });
      if (now === undefined || now.name !== nic.name || now.role === 'primary') return;
      if (now.instanceId !== undefined && now.instanceId !== instanceId) return;
      // One that is not on the host may be in a container, whose record is lost.
      if (this.#valid === undefined && now.instanceId !== undefined && (await findHostLink(this.#command, now.mac)) === undefined) return;
      const collected: CollectedNic = { nicId: nic.id, key: undefined, reason: 'unrecorded' };
      if (this.#request.dryRun === true) {
        this.#removed.push(collected);
        return;
      }
      log.info('collecting a NIC without a record', { nic: nic.id, name: nic.name });
      const target = {
        entry: toNicEntry(now),
        proven: false,
        step: async () => {},
        saveJob: async () => {},
        forget: async () => {},
      };
      const left = await releaseNics(this.#command, [target], { signal });
      if (left.has(nic.id)) this.#failed.push({ nicId: nic.id, key: undefined, reason: toReason(left.get(nic.id)) });
      else {
        this.#removed.push(collected);
        if (stored !== undefined) await store.setAside(id);
      }
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
