import type { Nic } from '../nic.js';
import type { Command } from './context.js';
import type { Journal } from './journal.js';
import type { CloudState, NicEntry, RecordHeader } from './record.js';
import { type ReleaseTarget, releaseNics } from './release.js';
import { createWitness } from './same-cloud.js';
import { survey } from './survey.js';

/** A record whose NICs shall be brought to their end, all or all but one. */
export interface SettleItem {
  /** The record, its lock held. */
  readonly journal: Journal<RecordHeader>;
  /** The name of its NICs on an instance; for records written when the instance was not known. */
  readonly nameOn: (instanceId: string) => string;
  /** The NIC that stays; undefined when none does. */
  readonly keep: string | undefined;
  /** NICs that this boot has shown to be attached here. */
  readonly proven: ReadonlySet<string>;
  /** An ADD of this boot wrote the record. */
  readonly isOwn: boolean;
  /** Told of each NIC that was deleted. */
  readonly onDeleted?: ((nicId: string) => void) | undefined;
}

/** What {@link settleNics} takes beside its items. */
export interface SettleOptions {
  /** When to leave the rest for later. */
  readonly signal: AbortSignal;
  /** Resolves when a link of theirs has vanished. */
  readonly vanished?: Promise<void> | undefined;
}

/** What a record keeps of a NIC. */
export function toNicEntry(nic: Nic): NicEntry {
  return { id: nic.id, mac: nic.mac, subnetId: nic.subnetId, addresses: nic.addresses, job: undefined };
}

/** When a look-up is late enough to show every NIC of requests whose answers were lost. */
export function certainFrom(uncertainAt: number, lateEffectMs: number): number {
  return uncertainAt + lateEffectMs;
}

/** True when a look-up would show them all. A time to come means that the clock was set back: a look-up corrects it. */
export function isDue(now: number, uncertainAt: number, lateEffectMs: number): boolean {
  return uncertainAt > now || now >= certainFrom(uncertainAt, lateEffectMs);
}

/**
 * NICs of a name: those on the instance and the free ones. Primary NICs are left out.
 * @param name undefined: whatever their name
 * @param subnetIds where to look for free ones; empty: everywhere
 */
export async function findNamed(
  command: Command,
  name: string | undefined,
  subnetIds: readonly string[],
  signal: AbortSignal,
): Promise<readonly Nic[]> {
  const { provider, instanceId } = await command.cloud();
  const named = name === undefined ? {} : { name };
  const within = subnetIds.length === 0 ? {} : { subnetIds };
  const [attached, available] = await Promise.all([
    provider.listNics({ instanceId, ...named }, { signal }),
    provider.listNics({ status: 'available', ...within, ...named }, { signal }),
  ]);
  // A NIC between the two states may be in both answers.
  const byId = new Map([...available, ...attached].map((nic) => [nic.id, nic]));
  return [...byId.values()].filter((nic) => nic.role !== 'primary');
}

/** True for a record of which a create request was sent, or may have been, and no answer is known. */
export function isUncertain({ create, uncertainAt }: CloudState): boolean {
  return create !== undefined || uncertainAt !== undefined;
}

/** What a look-up says of an uncertain record. */
export interface LateNics {
  /** NICs of its name that it does not know. */
  readonly found: readonly Nic[];
  /** Since when it is uncertain still; undefined when the look-up was late enough to show every NIC. */
  readonly uncertainAt: number | undefined;
}

/** Looks for NICs of uncertain records. Changes nothing. @returns what it says of each, in their order */
export async function findLate(command: Command, records: readonly CloudState[], signal: AbortSignal): Promise<readonly LateNics[]> {
  if (records.length === 0) return [];
  const { provider } = await command.cloud();
  const now = command.context.clock.now();
  const names = records.map((record) => record.nicName);
  const subnetIds = [...new Set(records.flatMap((record) => record.subnetIds))];
  const everywhere = records.some((record) => record.subnetIds.length === 0);
  const nics = await findNamed(command, names.length === 1 ? names[0] : undefined, everywhere ? [] : subnetIds, signal);
  const bearing = nics.filter(({ name }) => names.includes(name));
  // The same attachment may have a record in another journal, and its NIC the same name.
  const answeredFor = new Set(
    bearing.length === 0 ? [] : (await survey(command)).records.flatMap(({ record }) => record.nics.map(({ id }) => id)),
  );
  return records.map((record) => {
    const known = new Set(record.nics.map((nic) => nic.id));
    const found = bearing.filter((nic) => nic.name === record.nicName && !known.has(nic.id) && !answeredFor.has(nic.id));
    // Whoever sent the request is dead or has its answer by now. A time to come means that the clock was set back.
    const lastAt = Math.min(now, record.create?.notAfter ?? record.uncertainAt ?? now);
    const certain = now >= certainFrom(lastAt, provider.features.lateEffectMs);
    return { found, uncertainAt: certain ? undefined : lastAt };
  });
}

/** Looks for NICs of those records that are uncertain, and takes them into the records. */
export async function lookUp(command: Command, journals: readonly Journal<RecordHeader>[], signal: AbortSignal): Promise<void> {
  const wanted = journals.filter(({ current }) => isUncertain(current));
  const records = wanted.map((journal) => journal.current);
  for (const [i, { found, uncertainAt }] of (await findLate(command, records, signal)).entries()) {
    const journal = wanted[i];
    if (journal === undefined) continue;
    const nics = [...journal.current.nics, ...found.map(toNicEntry)];
    await journal.trySave({ nics, create: undefined, uncertainAt }, 'durable');
  }
}

/** Gives a record the instance and the NIC name that were not known when it was written. */
async function complete(command: Command, item: SettleItem): Promise<void> {
  if (item.journal.current.nicName !== undefined) return;
  const { instanceId } = await command.cloud();
  await item.journal.trySave({ instanceId, nicName: item.nameOn(instanceId) }, 'quick');
}

function toTarget({ journal, proven, isOwn, onDeleted }: SettleItem, entry: NicEntry): ReleaseTarget {
  const change = (patch: Partial<NicEntry>): readonly NicEntry[] =>
    journal.current.nics.map((nic) => (nic.id === entry.id ? { ...nic, ...patch } : nic));
  return {
    entry,
    proven: proven.has(entry.id),
    isOwn,
    step: (name) => journal.tryStep(name, {}),
    saveJob: (job) => journal.trySave({ nics: change({ job }) }, 'quick'),
    forget: (how) => {
      if (how === 'deleted') onDeleted?.(entry.id);
      return journal.trySave({ nics: journal.current.nics.filter((nic) => nic.id !== entry.id) }, 'quick');
    },
  };
}

/**
 * Brings the NICs of records to their end, those that stay excepted, after looking for further ones where an answer was lost.
 * @returns why a record is not settled, by its id. A record that is watched for late NICs is not in it: see `uncertainAt`.
 */
export async function settleNics(
  command: Command,
  items: readonly SettleItem[],
  options: SettleOptions,
): Promise<ReadonlyMap<string, unknown>> {
  const left = new Map<string, unknown>();
  const asked: SettleItem[] = [];
  try {
    const witness = createWitness(command, options.signal);
    for (const item of items) {
      await complete(command, item);
      const doubt = await witness(item.journal.current);
      if (doubt === undefined) asked.push(item);
      else left.set(item.journal.id, doubt);
    }
    await lookUp(
      command,
      asked.map((item) => item.journal),
      options.signal,
    );
  } catch (error) {
    for (const item of items) left.set(item.journal.id, error);
    return left;
  }
  const owners = new Map<string, string>();
  const targets = asked.flatMap((item) =>
    item.journal.current.nics
      .filter((entry) => entry.id !== item.keep && !owners.has(entry.id))
      .map((entry) => {
        owners.set(entry.id, item.journal.id);
        return toTarget(item, entry);
      }),
  );
  for (const [nicId, error] of await releaseNics(command, targets, options)) left.set(owners.get(nicId) ?? '', error);
  return left;
}
