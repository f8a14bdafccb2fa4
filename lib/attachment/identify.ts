import type { Nic } from '../nic.js';
import { claimedByOthers } from './claims.js';
import type { Command } from './context.js';
import type { Journal } from './journal.js';
import { nicName, originalName } from './names.js';
import { isOriginals } from './originals.js';
import type { AttachmentRecord } from './record.js';
import { toNicEntry } from './settle.js';

/**
 * Finds the NICs that a record's hardware addresses mean and that it does not know. Only NICs of this instance that bear the attachment's
 * name or the original plugin's, and that no other record or file claims: an address alone may be that of another container behind a path
 * used again. Changes nothing.
 */
export async function findMeant(command: Command, record: AttachmentRecord, signal: AbortSignal): Promise<readonly Nic[]> {
  if (record.macs.length === 0) return [];
  const { provider, instanceId } = await command.cloud();
  const nics = await provider.listNics({ instanceId }, { signal });
  const claimed = (await claimedByOthers(command, record.key)).ids;
  const names = [nicName(instanceId, record.key), originalName(instanceId)];
  const known = new Set(record.nics.map((nic) => nic.id));
  const isMeant = (nic: Nic): boolean =>
    record.macs.includes(nic.mac) && nic.role !== 'primary' && names.includes(nic.name) && !claimed.has(nic.id) && !known.has(nic.id);
  return nics.filter(isMeant);
}

/** Takes the NICs into a record that its hardware addresses mean: see {@link findMeant}. */
export async function identify(command: Command, journal: Journal<AttachmentRecord>, signal: AbortSignal): Promise<void> {
  const { current } = journal;
  if (isOriginals(current.key)) return keepNamed(command, journal, signal);
  if (current.macs.length === 0) return;
  const found = (await findMeant(command, current, signal)).map(toNicEntry);
  await journal.trySave({ nics: [...current.nics, ...found], macs: [] }, 'durable');
}

/** Forgets NICs of a record that bear another name than it says: what a file of the original's names may be anything. */
async function keepNamed(command: Command, journal: Journal<AttachmentRecord>, signal: AbortSignal): Promise<void> {
  const { provider } = await command.cloud();
  const { nics, nicName: wanted } = journal.current;
  const shown = await provider.listNics({ ids: nics.map(({ id }) => id) }, { signal });
  const others = new Set(shown.filter(({ name }) => name !== wanted).map(({ id }) => id));
  if (others.size > 0) await journal.trySave({ nics: nics.filter(({ id }) => !others.has(id)) }, 'durable');
}
