import { isNicError } from '../errors.js';
import { toReason } from './cloud-error.js';
import type { Command } from './context.js';
import { isTooEarly } from './finish.js';
import { removeGateway, settleGateway } from './gateway-removal.js';
import { Journal } from './journal.js';
import { isOriginalGateway, takeOver } from './original-gateway.js';
import { type GatewayRecord, isOfAnotherInstance } from './record.js';
import type { CollectedNic, CollectFailure } from './request.js';
import { isDue } from './settle.js';
import { type Survey, survey } from './survey.js';

/** Ids of the NICs that records name as gateways; undefined when a record cannot be read, so that nobody can tell. */
function usedGateways({ records, unreadable }: Survey): ReadonlySet<string> | undefined {
  if (unreadable.length > 0) return undefined;
  return new Set(records.flatMap(({ record }) => record.gateway?.nicId ?? []));
}

/** True when a record names a gateway, or when nobody can tell. */
export function isUsed({ nicId }: GatewayRecord, records: Survey): boolean {
  const used = usedGateways(records);
  return used === undefined || (nicId !== undefined && used.has(nicId));
}

/** What the rule for gateways says of one. */
export type GatewayVerdict =
  /** It is another instance's: its record is set aside. */
  | { readonly kind: 'foreign' }
  /** It is left alone: what failed lately is tried again later, and containers of the original plugin's may use that one's gateway. */
  | { readonly kind: 'wait' }
  /** It goes: a dead command left it unfinished, or nobody has used it for long enough. */
  | { readonly kind: 'remove'; readonly reason: 'unfinished' | 'idle'; readonly record: GatewayRecord }
  /** It stays; those of its NICs that are too many go when `surplus`. */
  | { readonly kind: 'keep'; readonly surplus: boolean; readonly record: GatewayRecord };

/**
 * Applies the rule for gateways to one. Changes nothing.
 * @param stored what is recorded of it; a verdict has what the record says from now on
 * @param inUse asked at most once, and only where it matters: whether a record names the gateway
 */
export async function judgeGateway(command: Command, stored: GatewayRecord, inUse: () => Promise<boolean>): Promise<GatewayVerdict> {
  const { clock, limits } = command.context;
  const { provider, instanceId } = await command.cloud();
  if (isOfAnotherInstance(stored, instanceId)) return { kind: 'foreign' };
  const now = clock.now();
  if (isTooEarly(now, stored.retryAt)) return { kind: 'wait' };
  if (stored.state !== 'ready') return { kind: 'remove', reason: 'unfinished', record: stored };
  let record = stored;
  if (isOriginalGateway(stored)) {
    const ours = await takeOver(command, stored);
    // Containers of the original's may use it, and are recorded nowhere.
    if (ours === undefined) return { kind: 'wait' };
    record = { ...stored, ...ours };
  }
  const certain = record.uncertainAt !== undefined && isDue(now, record.uncertainAt, provider.features.lateEffectMs);
  const surplus = certain || record.nics.some((nic) => nic.id !== record.nicId);
  if (await inUse()) return { kind: 'keep', surplus, record: { ...record, unusedSince: undefined } };
  // A time to come was written before the clock was set back.
  const unusedSince = Math.min(record.unusedSince ?? now, now);
  if (now - unusedSince >= limits.gatewayIdleMs) return { kind: 'remove', reason: 'idle', record };
  return { kind: 'keep', surplus, record: { ...record, unusedSince } };
}

/** What a look after the host's gateways came to. */
export interface GatewaySweep {
  /** NICs that were deleted. */
  readonly removed: readonly CollectedNic[];
  /** What could not be done. It is recorded. */
  readonly failed: readonly CollectFailure[];
}

/**
 * Looks after the host's gateways whose locks are free: what dead commands left over is finished, and those without users
 * for long enough are removed. Failures are recorded, logged and returned, not thrown.
 * @param known the host's records as read before: a gateway that they name is left alone without reading them again
 */
export async function sweepGateways(command: Command, known: Survey, signal: AbortSignal): Promise<GatewaySweep> {
  const { hostStore, log } = command.context;
  const removed: CollectedNic[] = [];
  const failed: CollectFailure[] = [];
  for (const stored of await hostStore.gateways.list()) {
    if (stored.kind !== 'record' || signal.aborted) continue;
    const lock = await hostStore.gateways.tryLock(stored.id);
    if (lock === undefined) continue;
    let journal: Journal<GatewayRecord> | undefined;
    try {
      const again = await hostStore.gateways.read(stored.id);
      if (again?.kind !== 'record') continue;
      journal = new Journal({ store: hostStore.gateways, id: stored.id, record: again.record, log });
      const { subnetId } = journal.current;
      const onDeleted = (nicId: string, reason: CollectedNic['reason']): void =>
        void removed.push({ nicId, key: undefined, gatewayOf: subnetId, reason });
      await lookAfter(command, journal, known, { signal, onDeleted });
    } catch (error) {
      if (!isNicError(error)) throw error;
      log.warn('a gateway could not be looked after', { id: stored.id, reason: toReason(error) });
      failed.push({ nicId: journal?.current.nics[0]?.id, key: undefined, reason: toReason(error) });
    } finally {
      lock.release();
    }
  }
  return { removed, failed };
}

interface LookAfterOptions {
  readonly signal: AbortSignal;
  readonly onDeleted: (nicId: string, reason: CollectedNic['reason']) => void;
}

async function lookAfter(
  command: Command,
  journal: Journal<GatewayRecord>,
  known: Survey,
  { signal, onDeleted }: LookAfterOptions,
): Promise<void> {
  const { current } = journal;
  // Under the lock now, so a second look finds every ADD that uses it: they write it into their records under the same lock.
  const inUse = async (): Promise<boolean> =>
    (isUsed(current, known) && current.unusedSince === undefined) || isUsed(current, await survey(command));
  const verdict = await judgeGateway(command, current, inUse);
  if (verdict.kind === 'foreign') return command.context.hostStore.gateways.setAside(journal.id);
  if (verdict.kind === 'wait') return;
  journal.note(verdict.record);
  if (verdict.kind === 'remove') {
    return removeGateway(command, journal, { signal, onDeleted: (nicId) => onDeleted(nicId, verdict.reason) });
  }
  if (verdict.record.unusedSince !== current.unusedSince) await journal.save({}, 'quick');
  if (verdict.surplus) await settleGateway(command, journal, { signal, onDeleted: (nicId) => onDeleted(nicId, 'surplus') });
}
