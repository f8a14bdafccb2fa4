import { isNicError } from '../errors.js';
import type { Nic } from '../nic.js';
import { claimedByOthers } from './claims.js';
import { toReason } from './cloud-error.js';
import type { Command } from './context.js';
import { isGatewayName, isNicName, isOriginalName } from './names.js';
import type { CollectAccountReport, CollectAccountRequest, CollectFailure, StrayNic } from './request.js';

function roleOf(name: string): StrayNic['role'] | undefined {
  if (isNicName(name)) return 'pod';
  if (isGatewayName(name)) return 'gateway';
  return isOriginalName(name) ? 'original' : undefined;
}

/**
 * Runs one collection of an account: see {@link AttachmentEngine.collectAccount}.
 *
 * A host that lives deletes what it detaches, so a free NIC of a host's that is older than any command is nobody's: its host is gone, or has
 * lost it. One that is in use is never touched, since the cloud refuses to delete it; nor is what this host knows, which its own GC sees to.
 */
export async function collectAccount(command: Command, request: CollectAccountRequest): Promise<CollectAccountReport> {
  const signal = command.budget.whole();
  const { provider } = await command.cloud();
  const isStray = await strayTest(command);
  const found = (await provider.listNics({ status: 'available' }, { signal })).flatMap((nic) => isStray(nic) ?? []);
  if (request.dryRun) return { found, removed: [], failed: [] };
  const removed: string[] = [];
  const failed: CollectFailure[] = [];
  // One by one: a refusal is of that NIC then, and nothing is in a hurry.
  for (const { nicId, name, role } of found) {
    try {
      // Somebody may have taken it since.
      const [now] = await provider.listNics({ ids: [nicId] }, { signal });
      if (now === undefined || now.status !== 'available' || isStray(now)?.name !== name) continue;
      command.context.log.info('removing a NIC of a host that is gone', { nic: nicId, name, role });
      await provider.deleteNics([nicId], { signal });
      removed.push(nicId);
    } catch (error) {
      if (!isNicError(error)) throw error;
      failed.push({ nicId, key: undefined, reason: toReason(error) });
    }
  }
  return { found, removed, failed };
}

/** Tells strays from all other NICs, by what this host knows now. */
async function strayTest(command: Command): Promise<(nic: Nic) => StrayNic | undefined> {
  const { clock, limits } = command.context;
  const claimed = (await claimedByOthers(command)).ids;
  return ({ id, name, status, role: kind, instanceId: holder, subnetId, createdAt }) => {
    const role = roleOf(name);
    if (role === undefined || kind === 'primary' || status !== 'available' || holder !== undefined || claimed.has(id)) return undefined;
    // A young one may be on its way to an instance.
    if (createdAt === undefined || clock.now() - createdAt.getTime() < limits.gcMinAgeMs) return undefined;
    return { nicId: id, name, role, subnetId, createdAt };
  };
}
