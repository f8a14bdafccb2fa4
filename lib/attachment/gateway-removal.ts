import { NicError } from '../errors.js';
import { toReason } from './cloud-error.js';
import type { Command } from './context.js';
import { retryTime } from './finish.js';
import { findHostLink } from './gateway-link.js';
import type { Journal } from './journal.js';
import { clearLink, watchVanishing } from './local.js';
import { gatewayName } from './names.js';
import type { GatewayRecord } from './record.js';
import { certainFrom, settleNics } from './settle.js';

/** What {@link removeGateway} and {@link settleGateway} take. */
export interface GatewayEndOptions {
  /** When to leave the rest for later. */
  readonly signal: AbortSignal;
  /** Told of each NIC that was deleted. */
  readonly onDeleted?: (nicId: string) => void;
}

/**
 * Takes a gateway that was allocated to its end; one that was found is only forgotten. Its lock is held.
 * @throws NicError `ERR_PENDING` when something is left; it stays recorded
 */
export async function removeGateway(command: Command, journal: Journal<GatewayRecord>, options: GatewayEndOptions): Promise<void> {
  if (journal.current.found) {
    await journal.remove();
    return;
  }
  await journal.trySave({ state: 'removing' }, 'durable');
  const [entry] = journal.current.nics;
  const link = entry === undefined ? undefined : await findHostLink(command, entry.mac);
  const found = link === undefined ? undefined : { link, namespace: await command.host() };
  const watching = found === undefined || entry === undefined ? undefined : await watchVanishing(command, found, entry.mac);
  try {
    if (found !== undefined) await clearLink(command, found);
    const item = {
      journal,
      nameOn: (instanceId: string) => gatewayName(instanceId, journal.current.subnetId),
      keep: undefined,
      proven: new Set(found === undefined || entry === undefined ? [] : [entry.id]),
      isOwn: false,
      onDeleted: options.onDeleted,
    };
    const left = await settleNics(command, [item], { signal: options.signal, vanished: watching?.vanished });
    await conclude(command, journal, left.has(journal.id), left.get(journal.id));
  } finally {
    watching?.close();
  }
}

/**
 * Brings a gateway's NICs to their end that are too many. Its lock is held.
 * @throws NicError `ERR_PENDING` when one is left; it stays recorded
 */
export async function settleGateway(command: Command, journal: Journal<GatewayRecord>, options: GatewayEndOptions): Promise<void> {
  const { subnetId, nicId } = journal.current;
  const { signal, onDeleted } = options;
  const nameOn = (id: string): string => gatewayName(id, subnetId);
  const item = { journal, nameOn, keep: nicId, proven: new Set<string>(), isOwn: false, onDeleted };
  const left = await settleNics(command, [item], { signal });
  if (!left.has(journal.id)) return;
  const cause = left.get(journal.id);
  throw new NicError('ERR_PENDING', `a further NIC of the gateway in subnet ${subnetId} is recorded for later: ${toReason(cause)}`, {
    cause,
  });
}

/** Why a gateway's record whose NIC may still appear is not at its end. */
export function gatewayWatchReason(subnetId: string): string {
  return `the gateway NIC in subnet ${subnetId} may still appear, since an answer of the cloud was lost`;
}

async function conclude(command: Command, journal: Journal<GatewayRecord>, isLeft: boolean, error: unknown): Promise<void> {
  const { current } = journal;
  const subnet = current.subnetId;
  if (isLeft) {
    const attempts = current.attempts + 1;
    await journal.trySave({ attempts, retryAt: retryTime(command.context.clock.now(), attempts) }, 'durable');
    throw new NicError('ERR_PENDING', `the gateway NIC in subnet ${subnet} is recorded for later: ${toReason(error)}`, { cause: error });
  }
  if (current.uncertainAt !== undefined) {
    const { provider } = await command.cloud();
    await journal.trySave({ retryAt: certainFrom(current.uncertainAt, provider.features.lateEffectMs) }, 'durable');
    throw new NicError('ERR_PENDING', gatewayWatchReason(subnet));
  }
  await journal.remove();
  command.context.log.info('gateway gone', { subnet });
}
