import type { Nic } from '../nic.js';
import { claimedByOthers } from './claims.js';
import type { Command } from './context.js';
import type { Journal } from './journal.js';
import { nicName, originalName } from './names.js';
import type { AttachmentRecord } from './record.js';
import { toNicEntry } from './settle.js';

/**
 * Takes the NICs into a record that its hardware addresses mean. Only NICs of this instance that bear the attachment's name or the
 * original plugin's, and that no other record or file claims: an address alone may be that of another container behind a path used again.
 */
export async function identify(command: Command, journal: Journal<AttachmentRecord>, signal: AbortSignal): Promise<void> {
  const { current } = journal;
  if (current.macs.length === 0) return;
  const { provider, instanceId } = await command.cloud();
  const nics = await provider.listNics({ instanceId }, { signal });
  const claimed = (await claimedByOthers(command, current.key)).ids;
  const names = [nicName(instanceId, current.key), originalName(instanceId)];
  const known = new Set(current.nics.map((nic) => nic.id));
  const isMeant = (nic: Nic): boolean =>
    current.macs.includes(nic.mac) && nic.role !== 'primary' && names.includes(nic.name) && !claimed.has(nic.id) && !known.has(nic.id);
  const found = nics.filter(isMeant).map(toNicEntry);
  await journal.trySave({ nics: [...current.nics, ...found], macs: [] }, 'durable');
}
