import { contains, parseCidr } from '../address.js';
import type { LinkAddress, NetworkNamespace, Route } from '../driver.js';
import type { CallOptions } from '../provider.js';
import { waysTo } from './difference.js';
import { simulateOperations } from './model.js';
import type { NetworkOperation } from './operation.js';
import { type LeftOver, NetworkPlanError } from './plan-error.js';
import { isKernelMade, isSameRoute, type RouteLike, routeKey } from './route-key.js';
import { type NetworkState, readNetworkState } from './state.js';
import { targetOfState } from './target.js';

/** How often undoing is tried. */
const UNDO_ROUNDS = 3;

/** How operations are applied. */
export interface ApplyOptions extends CallOptions {
  /** Whether what was done before a failure is undone; default true. Undoing does not heed the signal. */
  readonly undo?: boolean;
}

async function carryOut(namespace: NetworkNamespace, operation: NetworkOperation, options: CallOptions): Promise<void> {
  switch (operation.kind) {
    case 'link.set':
      return namespace.changeLink(operation.linkIndex, operation.change, options);
    case 'address.add':
      return namespace.addAddress(operation.linkIndex, operation.address, { ...operation.settings, ...options });
    case 'address.remove':
      return namespace.removeAddress(operation.linkIndex, operation.address, options);
    case 'route.add':
      return namespace.addRoute(operation.route, options);
    case 'route.replace':
      return namespace.replaceRoute(operation.route, options);
    case 'route.remove':
      return namespace.removeRoute(operation.route, options);
    case 'sysctl.write':
      return namespace.writeSysctl(operation.name, operation.value);
  }
}

/** The state to come back to: as before, with what others did meanwhile. */
function withDoingsOfOthers(before: NetworkState, operations: readonly NetworkOperation[], now: NetworkState): NetworkState {
  const known = new Set(before.addresses.map(({ address }) => address));
  const knownRoutes = new Map<string, RouteLike[]>();
  const know = (route: RouteLike): unknown => knownRoutes.set(routeKey(route), [...(knownRoutes.get(routeKey(route)) ?? []), route]);
  for (const route of before.routes) know(route);
  for (const operation of operations) {
    if (operation.kind === 'address.add') known.add(operation.address);
    else if (operation.kind === 'route.add' || operation.kind === 'route.replace') know(operation.route);
  }
  // Routes change with the link's MTU and lose their sources on the way.
  for (const route of simulateOperations(before, operations).routes) know(route);
  const addresses = now.addresses.filter(({ address }) => !known.has(address));
  const isOthers = (route: Route): boolean => {
    if (knownRoutes.get(routeKey(route))?.some((other) => isSameRoute(other, route)) === true) return false;
    // The kernel's own belong to whoever the address does.
    return !isKernelMade(route) || route.linkIndex !== before.linkIndex || addresses.some((entry) => isIn(route, entry));
  };
  return { ...before, addresses: [...before.addresses, ...addresses], routes: [...before.routes, ...now.routes.filter(isOthers)] };
}

function isIn(route: Route, { address }: LinkAddress): boolean {
  const range = parseCidr(route.dst);
  const cidr = parseCidr(address);
  return range !== undefined && cidr !== undefined && contains(range, cidr);
}

/** Brings back the state before operations, whichever of them took effect. */
async function undo(
  namespace: NetworkNamespace,
  before: NetworkState,
  operations: readonly NetworkOperation[],
): Promise<readonly LeftOver[]> {
  const scope = { linkIndex: before.linkIndex, sysctls: Object.keys(before.sysctls) };
  const meant = simulateOperations(before, operations);
  const failures = new Map<string, unknown>();
  const wayBack = async (): Promise<readonly NetworkOperation[]> => {
    const now = await readNetworkState(namespace, scope);
    return waysTo(now, targetOfState(withDoingsOfOthers(before, operations, now)), { renameUp: false })[0]?.operations ?? [];
  };
  let left: readonly NetworkOperation[];
  try {
    left = await wayBack();
    // What failed for a moment, or because something else had failed, may go well the next time.
    for (let round = 1; round <= UNDO_ROUNDS && left.length > 0; round++) {
      for (const operation of left) {
        try {
          await carryOut(namespace, operation, {});
        } catch (error) {
          failures.set(JSON.stringify(operation), error);
        }
      }
      left = await wayBack();
    }
  } catch (error) {
    // The namespace cannot be read any more.
    return waysTo(meant, targetOfState(before), { renameUp: false })[0]?.operations.map((operation) => ({ operation, cause: error })) ?? [];
  }
  return left.map((operation) => ({ operation, cause: failures.get(JSON.stringify(operation)) }));
}

/**
 * Carries out the operations of a plan, one after the other.
 *
 * When one fails, the namespace is read, what was done is undone, and it is read again to see that. What others changed meanwhile stays.
 * @param before the state that they were planned from
 * @throws NetworkPlanError when an operation fails: which one, why, and what could not be undone
 */
export async function applyOperations(
  namespace: NetworkNamespace,
  before: NetworkState,
  operations: readonly NetworkOperation[],
  options: ApplyOptions = {},
): Promise<void> {
  const { undo: undoes = true, signal } = options;
  for (const [done, operation] of operations.entries()) {
    try {
      await carryOut(namespace, operation, signal === undefined ? {} : { signal });
    } catch (cause) {
      // The failed one too: its answer may have been lost.
      const left = undoes ? await undo(namespace, before, operations.slice(0, done + 1)) : [];
      throw new NetworkPlanError({ label: namespace.label, operation, done, undo: undoes, left, cause });
    }
  }
}
