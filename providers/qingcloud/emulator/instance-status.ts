import type { Choices } from './choices.js';
import { type CloudState, type EmulatedNic, type InstanceStatus, withEntries, withoutEntries } from './model.js';

/** A change of an instance, and the NICs it loses by that. */
export interface InstanceChange {
  /** The cloud afterwards. */
  readonly state: CloudState;
  /** NICs whose links are to go. */
  readonly unplugged: readonly string[];
}

/** True for what has ended for good. */
export function isTerminated(status: InstanceStatus): boolean {
  return status === 'terminated' || status === 'ceased';
}

/**
 * Changes the status of an instance, as somebody at the console would.
 * NICs with a job under way are left to that job.
 * @param now the cloud's clock, in milliseconds since the epoch
 * @param rule what becomes of the NICs of an instance that ends for good
 * @returns undefined when there is no such instance
 */
export function changeInstanceStatus(
  state: CloudState,
  id: string,
  status: InstanceStatus,
  now: number,
  rule: Required<Choices>['terminatedInstance'],
): InstanceChange | undefined {
  const instance = state.instances.get(id);
  if (instance === undefined) return undefined;
  const changed = { ...state, instances: withEntries(state.instances, [{ ...instance, status, statusAt: now }]) };
  if (!isTerminated(status) || rule === 'keep') return { state: changed, unplugged: [] };
  const lost = [...state.nics.values()].filter((nic) => nic.instanceId === id && nic.transition === undefined);
  const deleted = lost.filter((nic) => nic.role === 1 || rule === 'delete').map((nic) => nic.id);
  const freed = lost
    .filter((nic) => !deleted.includes(nic.id))
    .map((nic): EmulatedNic => ({ ...nic, status: 'available', instanceId: undefined, sequence: 0, statusAt: now }));
  const nics = withoutEntries(withEntries(changed.nics, freed), deleted);
  return { state: { ...changed, nics }, unplugged: lost.filter((nic) => nic.plugged).map((nic) => nic.id) };
}
