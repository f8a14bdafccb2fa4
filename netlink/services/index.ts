export type { AddressListOptions, NewAddress } from './address.js';
export { AddressService, addAddressRequest, deleteAddressRequest, replaceAddressRequest } from './address.js';
export type { LinkListOptions, LinkMoveOptions, LinkQuery, LinkSettings, NewLink, PeerSettings } from './link.js';
export { addLinkRequest, deleteLinkRequest, LinkService, setLinkRequest } from './link.js';
export type { Requester } from './requester.js';
export { isErrno } from './requester.js';
export type { NewNextHop, NewRoute, RouteListOptions, RouteLookupOptions } from './route.js';
export { addRouteRequest, appendRouteRequest, deleteRouteRequest, RouteService, replaceRouteRequest } from './route.js';
