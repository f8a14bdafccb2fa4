import { bestWay, waysTo } from './difference.js';
import { simulateOperations } from './model.js';
import type { NetworkOperation } from './operation.js';
import type { NetworkState } from './state.js';
import { targetOfState, targetOfWish, type WantedNetwork } from './target.js';

/** How a plan may go about it. */
export interface PlanOptions {
  /**
   * Renames a link that is up without taking it down, which kernels before 6.2 refuse with `EBUSY`. Default false: it is taken down,
   * and what it loses by that is put back.
   */
  readonly renameUp?: boolean;
}

/**
 * The shortest list of operations that leads from a state to what is wanted: empty when all is there. Nothing that shall stay is taken
 * away for it unless there is no other way, and then it is put back.
 *
 * A route that differs from the wanted one of the same destination, metric and table is replaced, also when it is another link's.
 * @throws NicError `ERR_CONFIG` when the wish contradicts itself
 * @throws NicError `ERR_NOT_SUPPORTED` when something would be lost that could not be put back, such as a route with several next hops
 * @throws RangeError for what is no address, range or next hop, and for a sysctl that was not read
 */
export function planChanges(current: NetworkState, wanted: WantedNetwork, options: PlanOptions = {}): readonly NetworkOperation[] {
  const ways = waysTo(current, targetOfWish(current, wanted), { renameUp: options.renameUp ?? false });
  // A way that could not be gone back is none.
  const checked = ways.map((way) => {
    if (way.problem !== undefined || isWhole(current, way.after)) return way;
    const back = waysTo(way.after, targetOfState(current), { renameUp: false });
    return back.some(({ problem }) => problem === undefined) ? way : { ...way, problem: back[0]?.problem };
  });
  return bestWay(checked).operations;
}

/** Whether all that was there is still there as it was: then nothing has to be put back. */
function isWhole(before: NetworkState, after: NetworkState): boolean {
  const addresses = new Set(after.addresses);
  const routes = new Set(after.routes);
  return before.addresses.every((entry) => addresses.has(entry)) && before.routes.every((route) => routes.has(route));
}

/**
 * The operations that undo others.
 * @param before the state before them; what they were made from
 * @throws NicError `ERR_NOT_SUPPORTED` when something is lost that cannot be put back
 */
export function invertOperations(
  before: NetworkState,
  operations: readonly NetworkOperation[],
  options: PlanOptions = {},
): readonly NetworkOperation[] {
  const after = simulateOperations(before, operations);
  return bestWay(waysTo(after, targetOfState(before), { renameUp: options.renameUp ?? false })).operations;
}
