import { isNicError } from '../errors.js';
import type { Nic } from '../nic.js';
import { blankGateway } from './blank-record.js';
import { toReason } from './cloud-error.js';
import type { Command } from './context.js';
import { finishAttachments } from './finish.js';
import { sweepGateways } from './gateway-removal.js';
import { Journal } from './journal.js';
import { attachmentId, gatewayId, gatewayName, idInName, nicPrefix } from './names.js';
import { isComplete } from './pending.js';
import type { AttachmentRecord } from './record.js';
import { releaseNics } from './release.js';
import type { CollectReport, CollectRequest } from './request.js';
import { findNamed, toNicEntry } from './settle.js';
import { survey } from './survey.js';

/** Runs one GC: see {@link AttachmentEngine.collect}. */
export async function collect(command: Command, request: CollectRequest): Promise<CollectReport> {
  return new Collection(command, request).run();
}

class Collection {
  readonly #command: Command;
  readonly #request: CollectRequest;
  readonly #valid: ReadonlySet<string>;
  readonly #signal: AbortSignal;
  readonly #removed: string[] = [];
  readonly #failed: CollectReport['failed'][number][] = [];
  readonly #busy: AttachmentRecord['key'][] = [];

  constructor(command: Command, request: CollectRequest) {
    this.#command = command;
    this.#request = request;
    this.#signal = command.budget.whole();
    this.#valid = new Set(request.valid.map((entry) => attachmentId({ network: request.network, ...entry })));
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
    for (const stored of await store.list()) {
      if (stored.kind === 'record' && this.#isOurs(stored.record) && this.#goes(stored.id, stored.record)) await this.#one(stored.id);
    }
  }

  #isOurs(record: AttachmentRecord): boolean {
    return record.key.network === this.#request.network;
  }

  #goes(id: string, record: AttachmentRecord): boolean {
    return !this.#valid.has(id) || !isComplete(this.#command, record);
  }

  async #one(id: string): Promise<void> {
    const { store, log } = this.#command.context;
    const lock = await store.tryLock(id);
    const stored = await store.read(id);
    if (lock === undefined) {
      if (stored?.kind === 'record') this.#busy.push(stored.record.key);
      return;
    }
    try {
      // A command may have finished or begun it since the list was read.
      if (stored?.kind !== 'record' || !this.#goes(id, stored.record)) return;
      const { record } = stored;
      const { instanceId } = await this.#command.cloud();
      if (record.instanceId !== undefined && record.instanceId !== instanceId) {
        if (this.#request.dryRun !== true) await store.setAside(id);
        return;
      }
      const nicIds = record.nics.map((nic) => nic.id);
      if (this.#request.dryRun === true) {
        this.#removed.push(...nicIds);
        return;
      }
      const journal = new Journal({ store, id, record, log });
      const pending = await finishAttachments(this.#command, [{ journal }], this.#signal);
      const left = new Set(pending.has(id) ? journal.current.nics.map((nic) => nic.id) : []);
      this.#removed.push(...nicIds.filter((nicId) => !left.has(nicId)));
      const error = pending.get(id);
      if (error !== undefined) this.#failed.push({ nicId: [...left][0], key: record.key, reason: error.message });
    } catch (error) {
      if (!isNicError(error)) throw error;
      this.#failed.push({ nicId: undefined, key: stored?.kind === 'record' ? stored.record.key : undefined, reason: error.message });
    } finally {
      lock.release();
    }
  }

  /** NICs in the cloud that bear a name of this instance and network and have no record: theirs is lost. */
  async #withoutRecord(nics: readonly Nic[]): Promise<void> {
    const { instanceId } = await this.#command.cloud();
    const prefix = nicPrefix(instanceId, this.#request.network);
    // Configurations of one network with different folders see each other's NICs.
    const { records } = await survey(this.#command);
    const recorded = new Set(records.flatMap(({ record }) => record.nics.map((nic) => nic.id)));
    for (const nic of nics) {
      const id = idInName(nic.name, prefix);
      if (id === undefined || this.#valid.has(id) || recorded.has(nic.id) || !this.#isOld(nic)) continue;
      await this.#orphan(id, nic);
    }
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
        if ((await hostStore.gateways.read(id)) !== undefined) continue;
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

  async #orphan(id: string, nic: Nic): Promise<void> {
    const { store, log } = this.#command.context;
    const { provider, instanceId } = await this.#command.cloud();
    const lock = await store.tryLock(id);
    if (lock === undefined) return;
    try {
      const stored = await store.read(id);
      if (stored?.kind === 'record' || stored?.kind === 'newer') return;
      // Read again under the lock: it may have been taken or removed meanwhile.
      const [now] = await provider.listNics({ ids: [nic.id] }, { signal: this.#signal });
      if (now === undefined || now.name !== nic.name || now.role === 'primary') return;
      if (now.instanceId !== undefined && now.instanceId !== instanceId) return;
      if (this.#request.dryRun === true) {
        this.#removed.push(nic.id);
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
      const left = await releaseNics(this.#command, [target], { signal: this.#signal });
      if (left.has(nic.id)) this.#failed.push({ nicId: nic.id, key: undefined, reason: toReason(left.get(nic.id)) });
      else {
        this.#removed.push(nic.id);
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
