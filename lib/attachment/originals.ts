import { isNicError } from '../errors.js';
import { blankRecord } from './blank-record.js';
import { toReason } from './cloud-error.js';
import { askerOf, type Command } from './context.js';
import { Journal } from './journal.js';
import { attachmentId, originalName } from './names.js';
import type { AttachmentRecord } from './record.js';
import type { AttachmentKey } from './request.js';
import type { OriginalRecord } from './store.js';
import { type Survey, type SurveyedRecord, survey } from './survey.js';

/** Stands in place of a network's name in records of the original plugin's containers; no network's name has a blank in it. */
const NETWORK = 'original plugin';

function keyOf({ containerId, nicId }: OriginalRecord): AttachmentKey {
  // What the interface is called is not known, and a container may have several.
  return { network: NETWORK, containerId, ifname: nicId };
}

/** True for the key of a record that {@link recordOriginals} made. */
export function isOriginals({ network }: AttachmentKey): boolean {
  return network === NETWORK;
}

/**
 * Takes the containers of the original plugin's into the journal. It kept its files where a reboot wipes them, and what runs then finds its NICs
 * attached to the host and nobody who knows them.
 * What cannot be recorded now is logged, and left to the next command.
 * @param known the host's records: NICs that they answer for are left out
 */
export async function recordOriginals(command: Command, known: Survey): Promise<void> {
  try {
    await recordAll(command, known);
  } catch (error) {
    if (!isNicError(error)) throw error;
    command.context.log.warn("the original plugin's containers could not be recorded", { reason: toReason(error) });
  }
}

async function recordAll(command: Command, known: Survey): Promise<void> {
  const { store, hostStore, log } = command.context;
  const recorded = new Set(known.records.flatMap(({ record }) => record.nics.map(({ id }) => id)));
  for (const original of await hostStore.listOriginals()) {
    if (recorded.has(original.nicId)) continue;
    const cloud = await command.cloud();
    const key = keyOf(original);
    const id = attachmentId(key);
    const lock = await store.tryLock(id);
    if (lock === undefined) continue;
    try {
      // One that a DEL has finished meanwhile is not recorded again.
      if ((await store.read(id)) !== undefined || (await hostStore.readOriginal(original.containerId))?.nicId !== original.nicId) continue;
      const { nicId, mac, subnetId } = original;
      const record = blankRecord(command, key, {
        instanceId: cloud.instanceId,
        asker: askerOf(cloud),
        nicName: originalName(cloud.instanceId),
        state: 'complete',
        subnetIds: subnetId === '' ? [] : [subnetId],
        nics: [{ id: nicId, mac, subnetId, addresses: [], job: undefined }],
        nicId,
        original: true,
      });
      await new Journal({ store, id, record, log }).save({}, 'durable');
    } finally {
      lock.release();
    }
  }
}

/** What {@link recordOriginals} recorded of a container; nothing where the host's journals cannot be read. */
export async function originalsOf(command: Command, containerId: string): Promise<readonly SurveyedRecord[]> {
  try {
    const { records } = await survey(command);
    return records.filter(({ record: { key } }) => isOriginals(key) && key.containerId === containerId);
  } catch (error) {
    if (!isNicError(error, 'ERR_IO')) throw error;
    command.context.log.warn("the original plugin's containers cannot be looked up", { reason: toReason(error) });
    return [];
  }
}

/** Removes the original plugin's file that belongs to a record, if it still does: a later interface of the container takes it over. */
export async function removeOriginalOf(command: Command, { key, original }: AttachmentRecord): Promise<void> {
  const { hostStore } = command.context;
  if (!original) return;
  if (isOriginals(key) && (await hostStore.readOriginal(key.containerId))?.nicId !== key.ifname) return;
  await hostStore.removeOriginal(key.containerId);
}
