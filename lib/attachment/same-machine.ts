import type { Command } from './context.js';
import { twice } from './local.js';

/**
 * False when the cloud shows the primary NIC of this instance and no card of this machine has its address: then the instance id is that of
 * the machine this one was copied from, whose NICs are no business of this one. Without a primary NIC to go by it is believed.
 */
export async function isThisMachine(command: Command, signal: AbortSignal): Promise<boolean> {
  const { provider, instanceId } = await command.cloud();
  const primary = (await provider.listNics({ instanceId }, { signal })).filter(({ role }) => role === 'primary');
  if (primary.length === 0) return true;
  const host = await twice(() => command.host());
  const links = await twice(() => host.listLinks());
  return primary.some(({ mac }) => links.some((link) => link.mac === mac || link.permanentMac === mac));
}
