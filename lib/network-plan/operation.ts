import type { AddressSettings, LinkChange, RouteRequest } from '../driver.js';
import { metricWords } from './path-metrics.js';

/** Changes settings of a link in one request. */
export interface LinkSetOperation {
  /** Tells it from other operations. */
  readonly kind: 'link.set';
  /** The link's index. */
  readonly linkIndex: number;
  /** What is changed: MTU, then name, then up or down, in the order of `do_setlink` (net/core/rtnetlink.c). */
  readonly change: LinkChange;
}

/** Adds an address. */
export interface AddressAddOperation {
  /** Tells it from other operations. */
  readonly kind: 'address.add';
  /** The link's index. */
  readonly linkIndex: number;
  /** With its prefix length. */
  readonly address: string;
  /** What it has beside itself. */
  readonly settings: AddressSettings;
}

/** Removes an address. */
export interface AddressRemoveOperation {
  /** Tells it from other operations. */
  readonly kind: 'address.remove';
  /** The link's index. */
  readonly linkIndex: number;
  /** With its prefix length. */
  readonly address: string;
}

/** Adds a route where there is none of that destination, metric and table (`add`), puts it in place of that one (`replace`), or removes it. */
export interface RouteOperation {
  /** Tells it from other operations. */
  readonly kind: 'route.add' | 'route.replace' | 'route.remove';
  /** The route. */
  readonly route: RouteRequest;
}

/** Writes a sysctl. */
export interface SysctlWriteOperation {
  /** Tells it from other operations. */
  readonly kind: 'sysctl.write';
  /** Below `net`, with slashes. */
  readonly name: string;
  /** The value to write. */
  readonly value: string;
}

/** One request to the kernel. */
export type NetworkOperation = LinkSetOperation | AddressAddOperation | AddressRemoveOperation | RouteOperation | SysctlWriteOperation;

function linkWords({ name, mtu, up }: LinkChange): readonly string[] {
  return [
    ...(mtu === undefined ? [] : ['mtu', String(mtu)]),
    ...(name === undefined ? [] : ['name', name]),
    ...(up === undefined ? [] : [up ? 'up' : 'down']),
  ];
}

function addressWords({ broadcast, label, scope, noPrefixRoute, routeMetric, detectDuplicates }: AddressSettings): readonly string[] {
  return [
    ...(broadcast === undefined ? [] : ['broadcast', broadcast]),
    ...(label === undefined ? [] : ['label', label]),
    ...(scope === undefined ? [] : ['scope', String(scope)]),
    ...(routeMetric === undefined ? [] : ['metric', String(routeMetric)]),
    ...(noPrefixRoute === true ? ['noprefixroute'] : []),
    ...(detectDuplicates === true ? ['dad'] : []),
  ];
}

function routeWords(route: RouteRequest): readonly string[] {
  const { gateway, table, metric, protocol, scope, preferredSource, onlink } = route;
  return [
    ...(gateway === undefined ? [] : ['via', gateway]),
    'on',
    'link',
    String(route.linkIndex),
    ...(table === undefined ? [] : ['table', String(table)]),
    ...(metric === undefined ? [] : ['metric', String(metric)]),
    ...(protocol === undefined ? [] : ['proto', String(protocol)]),
    ...(scope === undefined ? [] : ['scope', String(scope)]),
    ...(preferredSource === undefined ? [] : ['src', preferredSource]),
    ...metricWords(route),
    ...(onlink === true ? ['onlink'] : []),
  ];
}

/** Writes an operation as messages name it: `route.add 10.0.0.0/8 via 192.0.2.1 on link 4`. */
export function formatOperation(operation: NetworkOperation): string {
  switch (operation.kind) {
    case 'link.set':
      return ['link.set', operation.linkIndex, ...linkWords(operation.change)].join(' ');
    case 'address.add':
      return ['address.add', operation.address, 'on link', operation.linkIndex, ...addressWords(operation.settings)].join(' ');
    case 'address.remove':
      return `address.remove ${operation.address} on link ${operation.linkIndex}`;
    case 'sysctl.write':
      return `sysctl.write ${operation.name} ${operation.value}`;
    default:
      return [operation.kind, operation.route.dst, ...routeWords(operation.route)].join(' ');
  }
}
