import { NicError } from '../errors.js';
import { askerOf, type Command } from './context.js';
import { isStuck } from './pending.js';
import type { Survey } from './survey.js';

/**
 * Refuses an ADD that cannot succeed: too much is left over, or the instance is full.
 * The cloud is asked only when what this host knows says that the instance is full.
 * @throws NicError `ERR_PENDING`, `ERR_INSTANCE_FULL`
 */
export async function requireRoom(command: Command, known: Survey, signal: AbortSignal): Promise<void> {
  const { limits, hostStore, clock } = command.context;
  const stuck = known.records.filter(({ record }) => isStuck(command, record));
  if (stuck.length > limits.maxPending) {
    throw new NicError(
      'ERR_PENDING',
      `the NICs of ${stuck.length} earlier containers could not be released yet (${limits.maxPending} are tolerated): make the cloud's API reachable`,
    );
  }
  const cloud = await command.cloud();
  const { provider, instanceId } = cloud;
  const most = provider.features.maxNicsPerInstance;
  const recorded = new Set(known.records.flatMap(({ record }) => record.nics.map((nic) => nic.id)));
  for (const stored of await hostStore.gateways.list()) {
    if (stored.kind === 'record') for (const nic of stored.record.nics) recorded.add(nic.id);
  }
  const seen = (await hostStore.readStatus(askerOf(cloud)))?.nicIds ?? [];
  // Together they may count NICs that have gone; apart they may miss some. The cloud is the judge.
  const guess = new Set([...recorded, ...seen]);
  if (guess.size < most && recorded.size + 1 < most) return;
  const nics = await provider.listNics({ instanceId }, { signal });
  const lock = await hostStore.lock('status', { signal });
  try {
    await hostStore.writeStatus(askerOf(cloud), { checkedAt: clock.now(), nicIds: nics.map((nic) => nic.id), problem: undefined });
  } finally {
    lock.release();
  }
  if (nics.length < most) return;
  throw new NicError(
    'ERR_INSTANCE_FULL',
    `instance ${instanceId} holds ${nics.length} NICs, as many as it can: schedule the container elsewhere or remove NICs`,
  );
}
