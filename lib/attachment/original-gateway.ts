import type { Command } from './context.js';
import { carries } from './gateway-link.js';
import { gatewayName, originalName } from './names.js';
import type { GatewayRecord } from './record.js';

/** What the record of a found gateway that the original plugin made says beside what others do. */
export function originalGateway(instanceId: string): Pick<GatewayRecord, 'instanceId' | 'nicName'> {
  return { instanceId, nicName: originalName(instanceId) };
}

/** True for a record of {@link originalGateway}. */
export function isOriginalGateway({ found, instanceId, nicName }: GatewayRecord): boolean {
  return found && instanceId !== undefined && nicName === originalName(instanceId);
}

/**
 * What makes the gateway of the original plugin ours, once it is nobody else's: the original recorded none and configured it in the kernel
 * only, so a reboot ends its use and that of all containers whose routes led there, and leaves it attached.
 * @returns undefined while it is, or may be, in use: within the boot it was found in, and where the host's own software gave it its address again
 */
export async function takeOver(command: Command, record: GatewayRecord): Promise<Partial<GatewayRecord> | undefined> {
  const entry = record.nics.find((nic) => nic.id === record.nicId);
  if (!isOriginalGateway(record) || record.bootId === command.context.bootId || entry === undefined) return undefined;
  const address = record.address?.split('/')[0];
  if (address !== undefined && (await carries(await command.host(), entry.mac, address))) return undefined;
  return { found: false, nicName: gatewayName(record.instanceId ?? '', record.subnetId) };
}
