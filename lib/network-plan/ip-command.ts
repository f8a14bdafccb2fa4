import type { AddressSettings, LinkChange, RouteRequest } from '../driver.js';
import type { NetworkOperation } from './operation.js';
import { metricWords } from './path-metrics.js';
import { isIpv6 } from './route-key.js';
import type { NetworkState } from './state.js';

const MAIN_TABLE = 254;
const BOOT = 3;
const IP_VERBS = { 'route.add': 'add', 'route.replace': 'replace', 'route.remove': 'del' } as const;

/** Text for a POSIX shell: quoted where it must be. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function pair(word: string, value: string | number | undefined): readonly string[] {
  return value === undefined ? [] : [word, String(value)];
}

function linkWords({ name, mtu, up }: LinkChange): readonly string[] {
  return [...pair('mtu', mtu), ...pair('name', name), ...(up === undefined ? [] : [up ? 'up' : 'down'])];
}

function addressWords(address: string, settings: AddressSettings): readonly string[] {
  const { broadcast, label, scope, routeMetric, noPrefixRoute, detectDuplicates } = settings;
  return [
    ...pair('broadcast', broadcast),
    ...pair('label', label),
    ...pair('scope', scope),
    ...pair('metric', routeMetric),
    ...(noPrefixRoute === true ? ['noprefixroute'] : []),
    ...(isIpv6(address) && detectDuplicates !== true ? ['nodad'] : []),
  ];
}

function routeWords(route: RouteRequest, device: string): readonly string[] {
  const { gateway, table, metric, protocol, scope, preferredSource, onlink } = route;
  return [
    route.dst === '0.0.0.0/0' || route.dst === '::/0' ? 'default' : route.dst,
    ...pair('via', gateway),
    'dev',
    device,
    ...pair('table', table === MAIN_TABLE ? undefined : table),
    ...pair('metric', metric),
    ...pair('proto', protocol === BOOT ? undefined : protocol),
    ...pair('scope', scope),
    ...pair('src', preferredSource),
    ...metricWords(route),
    ...(onlink === true ? ['onlink'] : []),
  ];
}

/**
 * Writes operations as commands that do the same, one for each, to be run by a shell in the namespace: `ip` of iproute2, and `sysctl`.
 * @param state the state before them, which knows the names of the links
 */
export function formatIpCommands(state: NetworkState, operations: readonly NetworkOperation[]): readonly string[] {
  const names = new Map(state.links.map(({ index, name }) => [index, name]));
  // `ip` takes this for the index of a link whose name is not known.
  const device = (index: number): string => names.get(index) ?? `if${index}`;
  const command = (operation: NetworkOperation): readonly string[] => {
    switch (operation.kind) {
      case 'link.set': {
        const words = ['ip', 'link', 'set', 'dev', device(operation.linkIndex), ...linkWords(operation.change)];
        if (operation.change.name !== undefined) names.set(operation.linkIndex, operation.change.name);
        return words;
      }
      case 'address.add': {
        const { address, settings, linkIndex } = operation;
        return ['ip', 'address', 'add', address, 'dev', device(linkIndex), ...addressWords(address, settings)];
      }
      case 'address.remove':
        return ['ip', 'address', 'del', operation.address, 'dev', device(operation.linkIndex)];
      case 'sysctl.write':
        return ['sysctl', '-w', `net/${operation.name}=${operation.value}`];
      default: {
        const { route } = operation;
        const family = isIpv6(route.dst) ? ['-6'] : [];
        return ['ip', ...family, 'route', IP_VERBS[operation.kind], ...routeWords(route, device(route.linkIndex))];
      }
    }
  };
  return operations.map((operation) => command(operation).map(quote).join(' '));
}
