import type { Nic } from '../nic.js';
import type { Command } from './context.js';
import { findHostLink } from './gateway-link.js';
import type { RecordHeader } from './record.js';
import { isForeign, wrongMachine } from './release.js';
import type { CollectFailure } from './request.js';
import { createWitness } from './same-cloud.js';
import { isThisMachine } from './same-machine.js';
import { certainFrom, findLate, isUncertain } from './settle.js';

/** A record whose NICs would be brought to their end. */
export interface Going<R extends RecordHeader> {
  /** The record. */
  readonly record: R;
  /** The NIC that stays; undefined when none does. */
  readonly keep: string | undefined;
  /** An ADD of this boot wrote the record. */
  readonly isOwn: boolean;
  /** NICs whose links would be looked for on this machine. */
  readonly provable: readonly string[];
}

/** What that comes to. */
export interface End<R extends RecordHeader> {
  /** The record. */
  readonly record: R;
  /** NICs that would be removed. */
  readonly nics: readonly Nic[];
  /** How long a further one may still appear, in milliseconds; undefined when none can. */
  readonly watchedMs: number | undefined;
  /** What would be left and why: the cloud cannot be believed about it, or about which machine this is. */
  readonly left: CollectFailure | undefined;
}

/** Says what releasing NICs would come to, by what the cloud and this machine say now. It only reads. */
export class ReleasePreview {
  readonly #command: Command;
  readonly #signal: AbortSignal;
  #here: Promise<boolean> | undefined;

  constructor(command: Command, signal: AbortSignal) {
    this.#command = command;
    this.#signal = signal;
  }

  /** What bringing records to their end would come to, by what the cloud says now. */
  async ends<R extends RecordHeader>(going: readonly Going<R>[]): Promise<readonly End<R>[]> {
    const { clock } = this.#command.context;
    const { provider, instanceId } = await this.#command.cloud();
    const witness = createWitness(this.#command, this.#signal);
    const ends: { -readonly [K in keyof End<R>]: End<R>[K] }[] = [];
    const believed: { readonly one: Going<R>; readonly end: (typeof ends)[number] }[] = [];
    for (const one of going) {
      const { record } = one;
      const doubt = await witness(record);
      const left = doubt === undefined ? undefined : { nicId: record.nics[0]?.id, key: undefined, reason: doubt.message };
      const end = { record, nics: [], watchedMs: undefined, left };
      ends.push(end);
      if (doubt === undefined) believed.push({ one, end });
    }
    const uncertain = believed.map(({ one }) => one.record).filter(isUncertain);
    const late = new Map((await findLate(this.#command, uncertain, this.#signal)).map((found, i) => [uncertain[i], found]));
    const idsOf = ({ record, keep }: Going<R>): readonly string[] =>
      [...record.nics, ...(late.get(record)?.found ?? [])].map(({ id }) => id).filter((id) => id !== keep);
    const ids = [...new Set(believed.flatMap(({ one }) => idsOf(one)))];
    const nics = ids.length === 0 ? [] : await provider.listNics({ ids }, { signal: this.#signal });
    for (const { one, end } of believed) {
      const uncertainAt = late.get(one.record)?.uncertainAt;
      if (uncertainAt !== undefined) end.watchedMs = certainFrom(uncertainAt, provider.features.lateEffectMs) - clock.now();
      const mine = idsOf(one);
      for (const nic of nics.filter(({ id }) => mine.includes(id))) {
        if (isForeign(nic, instanceId)) continue;
        const doubt = (await this.#isSure(nic, one)) ? undefined : await this.doubt(nic);
        if (doubt === undefined) end.nics = [...end.nics, nic];
        else end.left ??= doubt;
      }
    }
    return ends;
  }

  /** Why a NIC that nothing on this machine speaks for would be left; undefined when it would not. */
  async doubt({ id: nicId, status }: Nic): Promise<CollectFailure | undefined> {
    if (status !== 'in-use') return undefined;
    this.#here ??= isThisMachine(this.#command, this.#signal);
    if (await this.#here) return undefined;
    return { nicId, key: undefined, reason: wrongMachine((await this.#command.cloud()).instanceId).message };
  }

  /** True when this machine shows that a NIC is its own. */
  async #isSure(nic: Nic, { isOwn, provable }: Going<RecordHeader>): Promise<boolean> {
    return isOwn || (provable.includes(nic.id) && (await findHostLink(this.#command, nic.mac)) !== undefined);
  }
}
