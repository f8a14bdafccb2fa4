import { isNicError, NicError } from '../errors.js';
import { toReason } from './cloud-error.js';
import type { Command } from './context.js';
import { isTooEarly, retryTime } from './finish.js';
import { findHostLink } from './gateway-link.js';
import { Journal } from './journal.js';
import { clearLink, watchVanishing } from './local.js';
import { gatewayName } from './names.js';
import { isOriginalGateway, takeOver } from './original-gateway.js';
import type { GatewayRecord } from './record.js';
import { certainFrom, isDue, settleNics } from './settle.js';
import { type Survey, survey } from './survey.js';

/**
 * Takes a gateway that was allocated to its end; one that was found is only forgotten. Its lock is held.
 * @throws NicError `ERR_PENDING` when something is left; it stays recorded
 */
export async function removeGateway(command: Command, journal: Journal<GatewayRecord>, signal: AbortSignal): Promise<void> {
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
    };
    const left = await settleNics(command, [item], { signal, vanished: watching?.vanished });
    await conclude(command, journal, left.has(journal.id), left.get(journal.id));
  } finally {
    watching?.close();
  }
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
    throw new NicError('ERR_PENDING', `the gateway NIC in subnet ${subnet} may still appear, since an answer of the cloud was lost`);
  }
  await journal.remove();
  command.context.log.info('gateway gone', { subnet });
}

/** Ids of the NICs that records name as gateways; undefined when a record cannot be read, so that nobody can tell. */
function usedGateways({ records, unreadable }: Survey): ReadonlySet<string> | undefined {
  if (unreadable.length > 0) return undefined;
  return new Set(records.flatMap(({ record }) => record.gateway?.nicId ?? []));
}

/**
 * Looks after the host's gateways whose locks are free: what dead commands left over is finished, and those without users
 * for long enough are removed. Failures are recorded and logged, not thrown.
 * @param known the host's records as read before: a gateway that they name is left alone without reading them again
 */
export async function sweepGateways(command: Command, known: Survey, signal: AbortSignal): Promise<void> {
  const { hostStore, log } = command.context;
  for (const stored of await hostStore.gateways.list()) {
    if (stored.kind !== 'record' || signal.aborted) continue;
    const lock = await hostStore.gateways.tryLock(stored.id);
    if (lock === undefined) continue;
    try {
      const again = await hostStore.gateways.read(stored.id);
      if (again?.kind !== 'record') continue;
      const journal = new Journal({ store: hostStore.gateways, id: stored.id, record: again.record, log });
      await lookAfter(command, journal, known, signal);
    } catch (error) {
      if (!isNicError(error)) throw error;
      log.warn('a gateway could not be looked after', { id: stored.id, reason: toReason(error) });
    } finally {
      lock.release();
    }
  }
}

async function lookAfter(command: Command, journal: Journal<GatewayRecord>, known: Survey, signal: AbortSignal): Promise<void> {
  const { clock, limits, hostStore } = command.context;
  const { current } = journal;
  const { provider, instanceId } = await command.cloud();
  if (current.instanceId !== undefined && current.instanceId !== instanceId) return hostStore.gateways.setAside(journal.id);
  const now = clock.now();
  if (isTooEarly(now, current.retryAt)) return;
  if (current.state !== 'ready') return removeGateway(command, journal, signal);
  if (isOriginalGateway(current)) {
    const ours = await takeOver(command, current);
    // Containers of the original's may use it, and are recorded nowhere.
    if (ours === undefined) return;
    journal.note(ours);
  }
  const isUsed = (records: Survey): boolean => {
    const used = usedGateways(records);
    return used === undefined || (current.nicId !== undefined && used.has(current.nicId));
  };
  // Under the lock now, so a second look finds every ADD that uses it: they write it into their records under the same lock.
  if (isUsed(known) && current.unusedSince === undefined) {
    if (due(command, current, provider.features.lateEffectMs)) await settleSurplus(command, journal, signal);
    return;
  }
  if (isUsed(await survey(command))) {
    if (current.unusedSince !== undefined) await journal.save({ unusedSince: undefined }, 'quick');
  } else if (current.unusedSince === undefined || current.unusedSince > now) {
    await journal.save({ unusedSince: now }, 'quick');
    if (limits.gatewayIdleMs <= 0) return removeGateway(command, journal, signal);
  } else if (now - current.unusedSince >= limits.gatewayIdleMs) {
    return removeGateway(command, journal, signal);
  }
  if (due(command, current, provider.features.lateEffectMs)) await settleSurplus(command, journal, signal);
}

/** NICs are too many, or a lost answer is old enough for all to be known. */
function due(command: Command, record: GatewayRecord, lateEffectMs: number): boolean {
  const certain = record.uncertainAt !== undefined && isDue(command.context.clock.now(), record.uncertainAt, lateEffectMs);
  return certain || record.nics.some((nic) => nic.id !== record.nicId);
}

async function settleSurplus(command: Command, journal: Journal<GatewayRecord>, signal: AbortSignal): Promise<void> {
  const { subnetId, nicId } = journal.current;
  const item = { journal, nameOn: (id: string) => gatewayName(id, subnetId), keep: nicId, proven: new Set<string>() };
  await settleNics(command, [item], { signal });
}
