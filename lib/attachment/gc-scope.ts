import { isNicError } from '../errors.js';
import type { Nic } from '../nic.js';
import { blankGateway } from './blank-record.js';
import { toReason } from './cloud-error.js';
import type { Command } from './context.js';
import { findHostLink } from './gateway-link.js';
import { attachmentId, gatewayId, gatewayName, idInName, nicPrefix } from './names.js';
import { isAlive, isComplete } from './pending.js';
import { type AttachmentRecord, type GatewayRecord, isOfAnotherInstance } from './record.js';
import { isForeign } from './release.js';
import type { CollectedNic, CollectFailure, CollectRequest } from './request.js';
import { toNicEntry } from './settle.js';
import type { Stored, StoredRecord } from './store.js';
import { survey } from './survey.js';

/** A gateway's NICs, found by their name. */
export interface LostGateway {
  /** The id of the gateway's record. */
  readonly id: string;
  /** What it says when it is written anew. */
  readonly record: GatewayRecord;
}

/** What a collection is about: the same for one that removes and for one that only says what it would remove. Changes nothing. */
export class CollectionScope {
  readonly #command: Command;
  readonly #request: CollectRequest;
  /** Undefined: those that live. */
  readonly #valid: ReadonlySet<string> | undefined;

  constructor(command: Command, request: CollectRequest) {
    this.#command = command;
    this.#request = request;
    const { network, valid } = request;
    this.#valid = valid === 'living' ? undefined : new Set(valid.map((entry) => attachmentId({ network, ...entry })));
  }

  /**
   * Those of records that go.
   * @param failed gets what cannot be told of: it stays
   */
  async going(all: readonly Stored<AttachmentRecord>[], failed: CollectFailure[]): Promise<readonly StoredRecord<AttachmentRecord>[]> {
    const going: StoredRecord<AttachmentRecord>[] = [];
    for (const stored of all) {
      if (stored.kind !== 'record') continue;
      try {
        if (await this.goes(stored)) going.push(stored);
      } catch (error) {
        if (!isNicError(error)) throw error;
        failed.push({ nicId: stored.record.nicId, key: stored.record.key, reason: toReason(error) });
      }
    }
    return going;
  }

  /**
   * True for a record of the network that no valid attachment has, or that a dead command left unfinished.
   * @throws NicError when that cannot be told
   */
  async goes(stored: Stored<AttachmentRecord> | undefined): Promise<boolean> {
    if (stored?.kind !== 'record') return false;
    const { id, record } = stored;
    if (record.key.network !== this.#request.network) return false;
    if (!isComplete(this.#command, record)) return true;
    return this.#valid === undefined ? !(await isAlive(this.#command, record)) : !this.#valid.has(id);
  }

  /** True for a record whose ADD has come to its end since it was listed: whoever says what is valid need not have known of it. */
  isNew(listed: AttachmentRecord, now: AttachmentRecord): boolean {
    return isComplete(this.#command, now) && (!isComplete(this.#command, listed) || now.nicId !== listed.nicId);
  }

  /** Why a record goes. */
  reasonOf(record: AttachmentRecord): CollectedNic['reason'] {
    return isComplete(this.#command, record) ? 'unlisted' : 'unfinished';
  }

  /** See {@link isOfAnotherInstance}. The cloud is asked who this is only when the record says anything. */
  async isForeign(record: AttachmentRecord): Promise<boolean> {
    return record.instanceId !== undefined && isOfAnotherInstance(record, (await this.#command.cloud()).instanceId);
  }

  /** NICs that bear a name of this instance and network and have no record: theirs is lost. By the attachment's id in their name. */
  async orphans(nics: readonly Nic[]): Promise<ReadonlyMap<string, readonly Nic[]>> {
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
    return orphans;
  }

  /**
   * True for such a NIC as it is now when it may go.
   * @param stored what stands under the attachment's id
   */
  async isOrphan(now: Nic, stored: Stored<AttachmentRecord> | undefined): Promise<boolean> {
    const { instanceId } = await this.#command.cloud();
    if (stored?.kind === 'record' || stored?.kind === 'newer' || isForeign(now, instanceId)) return false;
    // One that is not on the host may be in a container, whose record is lost.
    return this.#valid !== undefined || now.instanceId === undefined || (await findHostLink(this.#command, now.mac)) !== undefined;
  }

  /** Gateways in the network's subnets of which there are NICs. Those whose records are lost get them again. */
  async gateways(nics: readonly Nic[]): Promise<readonly LostGateway[]> {
    const { bootId, clock } = this.#command.context;
    const { instanceId } = await this.#command.cloud();
    return this.#request.subnetIds.flatMap((subnetId) => {
      const nicName = gatewayName(instanceId, subnetId);
      const found = nics.filter((nic) => nic.name === nicName).map(toNicEntry);
      if (found.length === 0) return [];
      const record = blankGateway(bootId, subnetId, {
        instanceId,
        nicName,
        state: 'ready',
        nics: found,
        nicId: found[0]?.id,
        unusedSince: clock.now(),
      });
      return [{ id: gatewayId(subnetId), record }];
    });
  }

  /** A young NIC may be that of an ADD whose record this list of records was too early for, or of one with another folder. */
  #isOld(nic: Nic): boolean {
    const { clock, limits } = this.#command.context;
    return nic.createdAt !== undefined && clock.now() - nic.createdAt.getTime() >= limits.gcMinAgeMs;
  }
}
