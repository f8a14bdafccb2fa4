import type { Route } from '../lib/driver.js';
import { type RouteMessage, RT_TABLE, RTN } from './wire/index.js';

interface Hop {
  readonly gateway?: string;
  readonly via?: { readonly address?: string };
  readonly linkIndex?: number;
}

/**
 * The routes of the driver interface that a message of the kernel stands for: none for what is no unicast route or is in the local
 * table, and one for each next hop of a route that has several.
 */
export function toRoutes(message: RouteMessage): readonly Route[] {
  const { dst, table = RT_TABLE.MAIN } = message;
  if (dst === undefined || message.type !== RTN.UNICAST || table === RT_TABLE.LOCAL) return [];
  const hops: readonly Hop[] = message.nextHops ?? [message];
  return hops.map((hop) => ({
    dst,
    gateway: hop.gateway ?? hop.via?.address,
    linkIndex: hop.linkIndex,
    table,
    metric: message.metric,
    protocol: message.protocol ?? 0,
  }));
}
