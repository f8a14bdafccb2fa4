import { isNicError, NicError } from '../errors.js';
import type { Subnet } from '../nic.js';
import type { Command } from './context.js';
import type { RoutedSubnet } from './plan.js';
import type { CachedSubnet } from './store.js';

function fresh(cached: readonly CachedSubnet[], ids: readonly string[], now: number, maxAgeMs: number): readonly Subnet[] | undefined {
  const found: Subnet[] = [];
  for (const id of ids) {
    const entry = cached.find((candidate) => candidate.subnet.id === id);
    // An entry from the future was written before the clock was set back.
    if (entry === undefined || now - entry.fetchedAt > maxAgeMs || entry.fetchedAt > now) return undefined;
    found.push(entry.subnet);
  }
  return found;
}

/** Describes subnets, from the host's cache while it is fresh. Processes that need it at the same time ask the cloud once. */
export async function describeSubnets(command: Command, ids: readonly string[], signal: AbortSignal): Promise<readonly Subnet[]> {
  const { hostStore, clock, limits } = command.context;
  const known = fresh(await hostStore.readSubnets(), ids, clock.now(), limits.subnetMaxAgeMs);
  if (known !== undefined) return known;
  const { provider } = await command.cloud();
  const lock = await hostStore.lock('subnets', { signal });
  try {
    const cached = await hostStore.readSubnets();
    const meanwhile = fresh(cached, ids, clock.now(), limits.subnetMaxAgeMs);
    if (meanwhile !== undefined) return meanwhile;
    const subnets = await provider.describeSubnets(ids, { signal });
    const fetchedAt = clock.now();
    const others = cached.filter((entry) => !ids.includes(entry.subnet.id));
    await hostStore.writeSubnets([...others, ...subnets.map((subnet) => ({ subnet, fetchedAt }))]);
    return subnets;
  } finally {
    lock.release();
  }
}

/** True while a subnet is left alone. A time further away than any is written for was written before the clock was set back. */
export function isSetAside(command: Command, until: number | undefined): boolean {
  const { clock, limits } = command.context;
  const left = (until ?? 0) - clock.now();
  return left > 0 && left <= limits.setAsideMs;
}

/**
 * Orders subnets by free addresses, the emptiest first and in turn where that is not known, and leaves out those that are set aside.
 * @param taken NICs that this host took since the cloud was asked, by subnet id
 * @throws NicError `ERR_CAPACITY` when all are set aside
 */
export async function rankSubnets(
  command: Command,
  candidates: readonly RoutedSubnet[],
  taken: ReadonlyMap<string, number>,
): Promise<readonly RoutedSubnet[]> {
  const setAside = await command.context.hostStore.readSetAside();
  const usable = candidates.filter((subnet) => !isSetAside(command, setAside.get(subnet.id)));
  if (usable.length === 0) {
    const names = candidates.map((subnet) => subnet.id).join(', ');
    throw new NicError('ERR_CAPACITY', `every usable subnet (${names}) refused a NIC lately: free addresses in them or configure another`);
  }
  // A subnet of which the cloud says nothing comes after those that have room and before those that have none; several of them take turns.
  const room = ({ id, freeAddresses }: RoutedSubnet): number => {
    const since = taken.get(id) ?? 0;
    return freeAddresses === undefined ? 0.5 / (1 + since) : Math.max(0, freeAddresses - since);
  };
  return [...usable].sort((a, b) => room(b) - room(a));
}

/** True for an answer to a create request that speaks of the subnet: any definite no that is not about the request, the account or the way to the cloud. */
export function isSubnetRefusal(error: unknown): boolean {
  return (
    isNicError(error) &&
    !isNicError(
      error,
      'ERR_REQUEST',
      'ERR_AUTH',
      'ERR_CLOCK',
      'ERR_BALANCE',
      'ERR_RATE_LIMIT',
      'ERR_INSTANCE_FULL',
      'ERR_CONFIG',
      'ERR_TRANSPORT',
      'ERR_RESPONSE',
      'ERR_DEADLINE',
      'ERR_CANCELLED',
    )
  );
}

/** Leaves a subnet alone for a time. */
export async function setSubnetAside(command: Command, subnetId: string, signal: AbortSignal): Promise<void> {
  const { clock, limits, log } = command.context;
  log.warn('subnet refused a NIC and is set aside', { subnet: subnetId, forMs: limits.setAsideMs });
  await changeSetAside(command, signal, (until) => until.set(subnetId, clock.now() + limits.setAsideMs));
}

/** Uses subnets again: an address of theirs came free. */
export async function useSubnetsAgain(command: Command, subnetIds: readonly string[], signal: AbortSignal): Promise<void> {
  const setAside = await command.context.hostStore.readSetAside();
  if (!subnetIds.some((id) => setAside.has(id))) return;
  await changeSetAside(command, signal, (until) => {
    for (const id of subnetIds) until.delete(id);
  });
}

async function changeSetAside(command: Command, signal: AbortSignal, change: (until: Map<string, number>) => void): Promise<void> {
  const { hostStore, clock } = command.context;
  const lock = await hostStore.lock('set-aside', { signal });
  try {
    const now = clock.now();
    const until = new Map([...(await hostStore.readSetAside())].filter(([, end]) => end > now));
    change(until);
    await hostStore.writeSetAside(until);
  } finally {
    lock.release();
  }
}
