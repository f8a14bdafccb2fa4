import { ADDRESS_HEADER, addressNames } from './address.js';
import type { AttributeTable } from './attribute.js';
import { RTM } from './constants/index.js';
import { LINK_HEADER, linkNames } from './link.js';
import { MESSAGE_HEADER, type NetlinkMessage } from './message.js';
import { NEIGHBOUR_HEADER, neighbourNames } from './neighbour.js';
import { NSID_HEADER, nsidNames } from './nsid.js';
import { ROUTE_HEADER, routeNames } from './route.js';
import { RULE_HEADER, ruleNames } from './rule.js';

interface Layout {
  readonly header: number;
  readonly names: AttributeTable<object>;
}

const link: Layout = { header: LINK_HEADER, names: linkNames };

/** Message types come in groups of four: new, delete, get, set (include/uapi/linux/rtnetlink.h). */
const LAYOUTS: ReadonlyMap<number, Layout> = new Map([
  [RTM.NEWLINK >> 2, link],
  [RTM.NEWADDR >> 2, { header: ADDRESS_HEADER, names: addressNames }],
  [RTM.NEWROUTE >> 2, { header: ROUTE_HEADER, names: routeNames }],
  [RTM.NEWNEIGH >> 2, { header: NEIGHBOUR_HEADER, names: neighbourNames }],
  [RTM.NEWRULE >> 2, { header: RULE_HEADER, names: ruleNames }],
  [RTM.NEWNSID >> 2, { header: NSID_HEADER, names: nsidNames }],
  [RTM.NEWLINKPROP >> 2, link],
]);

/** The attribute that the kernel points at by its offset from the start of the request's header, by name; the offset itself when none begins there. */
export function describeOffset(request: NetlinkMessage, offset: number): string {
  const layout = LAYOUTS.get(request.type >> 2);
  const inside = offset - MESSAGE_HEADER;
  if (layout === undefined || inside < layout.header) return `byte ${offset} of the request`;
  return layout.names.locate(request.payload, layout.header, inside) ?? `byte ${offset} of the request`;
}

/** The name of a missing attribute of a request, at its outermost level. */
export function describeMissing(request: NetlinkMessage, type: number): string {
  return LAYOUTS.get(request.type >> 2)?.names.nameOf(type) ?? `attribute ${type}`;
}
