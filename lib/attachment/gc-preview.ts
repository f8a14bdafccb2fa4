import { isNicError } from '../errors.js';
import type { Nic } from '../nic.js';
import { toReason } from './cloud-error.js';
import type { Command } from './context.js';
import { isOwn, watchReason } from './finish.js';
import { gatewayWatchReason } from './gateway-removal.js';
import { isUsed, judgeGateway } from './gateway-sweep.js';
import { CollectionScope } from './gc-scope.js';
import { findMeant } from './identify.js';
import { gatewayName, nicName } from './names.js';
import type { AttachmentRecord, GatewayRecord } from './record.js';
import { type Going, ReleasePreview } from './release-preview.js';
import type { CollectedNic, CollectedRecord, CollectFailure, CollectReport, CollectRequest } from './request.js';
import { findNamed, toNicEntry } from './settle.js';
import type { StoredRecord } from './store.js';
import { type Survey, survey } from './survey.js';

/**
 * Says what a GC would do now: see {@link AttachmentEngine.collect}. It only reads, and takes no lock: what it says may be out of date
 * by the time it is read, as any list of what others are at work on.
 */
export async function previewCollection(command: Command, request: CollectRequest): Promise<CollectReport> {
  return new Preview(command, request).run();
}

class Preview {
  readonly #command: Command;
  readonly #request: CollectRequest;
  readonly #scope: CollectionScope;
  readonly #signal: AbortSignal;
  readonly #releases: ReleasePreview;
  readonly #removed = new Map<string, CollectedNic>();
  readonly #records: CollectedRecord[] = [];
  readonly #failed: CollectFailure[] = [];
  readonly #busy: AttachmentRecord['key'][] = [];
  /** Ids under which nothing would stand any more in the command's own journal. */
  readonly #closed = new Set<string>();
  /** Ids of records that would use no gateway any more. */
  readonly #released = new Set<string>();

  constructor(command: Command, request: CollectRequest) {
    this.#command = command;
    this.#request = request;
    this.#scope = new CollectionScope(command, request);
    this.#signal = command.budget.whole();
    this.#releases = new ReleasePreview(command, this.#signal);
  }

  async run(): Promise<CollectReport> {
    const going = await this.#going();
    try {
      await this.#recorded(going);
      const nics = await findNamed(this.#command, undefined, this.#request.subnetIds, this.#signal);
      await this.#withoutRecord(nics);
      await this.#gateways(nics);
    } catch (error) {
      if (!isNicError(error)) throw error;
      this.#failed.push({ nicId: undefined, key: undefined, reason: toReason(error) });
    }
    return { removed: [...this.#removed.values()], records: this.#records, failed: this.#failed, busy: this.#busy };
  }

  async #going(): Promise<readonly StoredRecord<AttachmentRecord>[]> {
    const { store } = this.#command.context;
    const going: StoredRecord<AttachmentRecord>[] = [];
    for (const listed of await this.#scope.going(await store.list(), this.#failed)) {
      if (await store.isLocked(listed.id)) {
        this.#busy.push(listed.record.key);
        continue;
      }
      // A command may have finished it since the list was read.
      const stored = await store.read(listed.id);
      if (stored?.kind !== 'record' || this.#scope.isNew(listed.record, stored.record)) continue;
      going.push(...(await this.#scope.going([stored], this.#failed)));
    }
    return going;
  }

  async #recorded(all: readonly StoredRecord<AttachmentRecord>[]): Promise<void> {
    const going: (Going<AttachmentRecord> & { readonly id: string })[] = [];
    for (const { id, record } of all) {
      const { key } = record;
      this.#released.add(id);
      if (await this.#scope.isForeign(record)) {
        this.#records.push({ key, reason: 'foreign' });
        this.#closed.add(id);
        continue;
      }
      const { instanceId } = await this.#command.cloud();
      const meant = await findMeant(this.#command, record, this.#signal);
      const nics = [...record.nics, ...meant.map(toNicEntry)];
      going.push({
        id,
        record: { ...record, nicName: record.nicName ?? nicName(instanceId, key), nics },
        keep: undefined,
        isOwn: isOwn(this.#command, record),
        provable: nics.map((nic) => nic.id),
      });
    }
    for (const [i, { record, nics, watchedMs, left }] of (await this.#releases.ends(going)).entries()) {
      const { key } = record;
      const reason = this.#scope.reasonOf(record);
      for (const nic of nics) this.#remove({ nicId: nic.id, key, gatewayOf: undefined, reason });
      if (left !== undefined) this.#failed.push({ ...left, key });
      else if (watchedMs !== undefined) this.#failed.push({ nicId: undefined, key, reason: watchReason(watchedMs) });
      if (left !== undefined || watchedMs !== undefined) continue;
      this.#closed.add(going[i]?.id ?? '');
      if (nics.length === 0) this.#records.push({ key, reason: 'empty' });
    }
  }

  async #withoutRecord(nics: readonly Nic[]): Promise<void> {
    const { store } = this.#command.context;
    for (const [id, own] of await this.#scope.orphans(nics)) {
      if (await store.isLocked(id)) continue;
      const stored = this.#closed.has(id) ? undefined : await store.read(id);
      for (const nic of own) {
        if (!(await this.#scope.isOrphan(nic, stored))) continue;
        const doubt = await this.#releases.doubt(nic);
        if (doubt !== undefined) {
          this.#failed.push(doubt);
          continue;
        }
        this.#remove({ nicId: nic.id, key: undefined, gatewayOf: undefined, reason: 'unrecorded' });
        this.#closed.add(id);
      }
    }
  }

  async #gateways(nics: readonly Nic[]): Promise<void> {
    const left = await this.#left();
    const { instanceId } = await this.#command.cloud();
    const going: (Going<GatewayRecord> & { readonly reason: CollectedNic['reason'] })[] = [];
    for (const stored of await this.#gatewayRecords(nics)) {
      const verdict = await judgeGateway(this.#command, stored, async () => isUsed(stored, left));
      if (verdict.kind === 'foreign' || verdict.kind === 'wait') continue;
      const record = { ...verdict.record, nicName: verdict.record.nicName ?? gatewayName(instanceId, stored.subnetId) };
      // One that was found is only forgotten.
      if (verdict.kind === 'remove' && !record.found) {
        going.push({
          record,
          keep: undefined,
          isOwn: false,
          provable: record.nics.slice(0, 1).map((nic) => nic.id),
          reason: verdict.reason,
        });
      }
      if (verdict.kind === 'keep' && verdict.surplus) {
        going.push({ record, keep: record.nicId, isOwn: false, provable: [], reason: 'surplus' });
      }
    }
    for (const [i, { record, nics: gone, watchedMs, left: kept }] of (await this.#releases.ends(going)).entries()) {
      const { subnetId } = record;
      const reason = going[i]?.reason ?? 'idle';
      for (const nic of gone) this.#remove({ nicId: nic.id, key: undefined, gatewayOf: subnetId, reason });
      if (kept !== undefined) this.#failed.push(kept);
      else if (watchedMs !== undefined) this.#failed.push({ nicId: undefined, key: undefined, reason: gatewayWatchReason(subnetId) });
    }
  }

  /** The gateways of the host whose locks are free, those included that would be recorded again. */
  async #gatewayRecords(nics: readonly Nic[]): Promise<readonly GatewayRecord[]> {
    const { gateways } = this.#command.context.hostStore;
    const records: GatewayRecord[] = [];
    for (const stored of await gateways.list()) {
      if (stored.kind === 'record' && !(await gateways.isLocked(stored.id))) records.push(stored.record);
    }
    for (const { id, record } of await this.#scope.gateways(nics)) {
      const stored = await gateways.read(id);
      if ((stored === undefined || stored.kind === 'unreadable') && !(await gateways.isLocked(id))) records.push(record);
    }
    return records;
  }

  /** The host's records as they would be after the attachments. */
  async #left(): Promise<Survey> {
    const { store: own } = this.#command.context;
    const { records, unreadable } = await survey(this.#command);
    return {
      records: records.filter(({ store, id }) => store !== own || !this.#released.has(id)),
      unreadable: unreadable.filter(({ id }) => !this.#closed.has(id)),
    };
  }

  /** Two records may name one NIC: it goes with the first. */
  #remove(nic: CollectedNic): void {
    if (!this.#removed.has(nic.nicId)) this.#removed.set(nic.nicId, nic);
  }
}
