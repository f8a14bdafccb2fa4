import type { Command } from './context.js';
import { attachmentId } from './names.js';
import { isOriginals } from './originals.js';
import type { AttachmentKey } from './request.js';
import { survey } from './survey.js';

/** NICs that are somebody else's. */
export interface Claims {
  /** Their ids. */
  readonly ids: ReadonlySet<string>;
  /** Their hardware addresses, as far as they are recorded. */
  readonly macs: ReadonlySet<string>;
}

/**
 * The NICs that others of this host than one attachment have by a record or a file of the original plugin's: attachments of all networks,
 * and gateways. Only this host's folders are read.
 * @param key the one; without it, all that anybody here has
 */
export async function claimedByOthers(command: Command, key?: AttachmentKey): Promise<Claims> {
  const { hostStore } = command.context;
  const own = key === undefined ? undefined : attachmentId(key);
  const ids = new Set<string>();
  const macs = new Set<string>();
  const claim = (nicId: string, mac: string): void => {
    ids.add(nicId);
    macs.add(mac);
  };
  for (const other of (await survey(command)).records) {
    if (other.id === own || (isOriginals(other.record.key) && other.record.key.containerId === key?.containerId)) continue;
    for (const nic of other.record.nics) claim(nic.id, nic.mac);
    if (other.record.gateway !== undefined) ids.add(other.record.gateway.nicId);
  }
  for (const original of await hostStore.listOriginals()) {
    if (original.containerId !== key?.containerId) claim(original.nicId, original.mac);
  }
  for (const stored of await hostStore.gateways.list()) {
    if (stored.kind === 'record') for (const nic of stored.record.nics) claim(nic.id, nic.mac);
  }
  return { ids, macs };
}
