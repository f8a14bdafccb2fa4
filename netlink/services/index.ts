export type { AddressListOptions, AddressPeerOptions, NewAddress } from './address.js';
export { AddressService, addAddressRequest, deleteAddressRequest, replaceAddressRequest } from './address.js';
export type { LinkGetOptions, LinkListOptions, LinkMoveOptions } from './link.js';
export { LinkService } from './link.js';
export type {
  LinkByIndex,
  LinkByName,
  LinkChanges,
  LinkKindSettings,
  LinkQuery,
  LinkSettings,
  NewLink,
  PeerSettings,
  WantedLink,
} from './link-request.js';
export { addLinkRequest, deleteLinkRequest, replaceLinkRequest, setLinkRequest } from './link-request.js';
export type { NeighbourListOptions, NeighbourQuery, NewNeighbour } from './neighbour.js';
export {
  addNeighbourRequest,
  deleteNeighbourRequest,
  NeighbourService,
  replaceNeighbourRequest,
  setNeighbourRequest,
} from './neighbour.js';
export { NsidService } from './nsid.js';
export type { Requester } from './requester.js';
export { isErrno } from './requester.js';
export type { NewNextHop, NewRoute, RouteListOptions, RouteLookupOptions } from './route.js';
export { addRouteRequest, appendRouteRequest, deleteRouteRequest, RouteService, replaceRouteRequest, setRouteRequest } from './route.js';
export type { NewRule, RuleListOptions } from './rule.js';
export { addRuleRequest, deleteRuleRequest, RuleService } from './rule.js';
