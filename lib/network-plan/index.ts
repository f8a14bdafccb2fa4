export { insertAddress, isSameAddress, type ListedAddress, relabel, removeAddress, type ShortenedList } from './address-list.js';
export { type ApplyOptions, applyOperations } from './apply.js';
export { formatIpCommands } from './ip-command.js';
export { simulateOperations } from './model.js';
export {
  type AddressAddOperation,
  type AddressRemoveOperation,
  formatOperation,
  type LinkSetOperation,
  type NetworkOperation,
  type RouteOperation,
  type SysctlWriteOperation,
} from './operation.js';
export { toShownMetrics } from './path-metrics.js';
export { invertOperations, type PlanOptions, planChanges } from './plan.js';
export { type LeftOver, NetworkPlanError, type NetworkPlanErrorOptions } from './plan-error.js';
export { type NetworkScope, type NetworkState, readNetworkState } from './state.js';
export type { WantedLinkAddress, WantedLinkRoute, WantedNetwork } from './target.js';
