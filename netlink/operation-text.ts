import type { LinkChange, RouteRequest } from '../lib/driver.js';

/** Writes a change of a link as a person does: `link.change 4 name eth0 up mtu 1450`. */
export function formatLinkChange(index: number, change: LinkChange): string {
  const parts = [`link.change ${index}`];
  if (change.name !== undefined) parts.push(`name ${change.name}`);
  if (change.up !== undefined) parts.push(change.up ? 'up' : 'down');
  if (change.mtu !== undefined) parts.push(`mtu ${change.mtu}`);
  return parts.join(' ');
}

/** Writes a route as a person does: `10.0.0.0/8 via 192.0.2.1 dev 4 table 100 metric 5 onlink`. */
export function formatRoute(route: RouteRequest): string {
  const parts = [route.dst];
  if (route.gateway !== undefined) parts.push(`via ${route.gateway}`);
  parts.push(`dev ${route.linkIndex}`);
  if (route.table !== undefined) parts.push(`table ${route.table}`);
  if (route.metric !== undefined) parts.push(`metric ${route.metric}`);
  if (route.protocol !== undefined) parts.push(`proto ${route.protocol}`);
  if (route.scope !== undefined) parts.push(`scope ${route.scope}`);
  if (route.preferredSource !== undefined) parts.push(`src ${route.preferredSource}`);
  if (route.mtu !== undefined) parts.push(`mtu ${route.mtu}`);
  if (route.onlink === true) parts.push('onlink');
  return parts.join(' ');
}
