import {
  type AnyResult,
  convertResult,
  currentVersion,
  type Dns,
  type Interface,
  type Result,
  type ResultIp,
} from '../../lib/cni/index.js';
import { orThrow } from '../../lib/codec.js';
import type { CachedAttachment, NetworkFile, PluginCall } from '../../lib/runtime/index.js';
import { formatTable } from '../table.js';

function labelled(entries: readonly (readonly [label: string, value: string | number | undefined])[]): string {
  return entries.flatMap(([label, value]) => (value === undefined || value === '' ? [] : [`${label} ${value}`])).join('  ');
}

function formatAddress({ address, gateway }: ResultIp): string {
  return gateway === undefined ? address : `${address}  gateway ${gateway}`;
}

function formatInterface(one: Interface, addresses: readonly ResultIp[]): readonly string[] {
  const where = one.sandbox === undefined ? 'on the host' : `in ${one.sandbox}`;
  const details = labelled([
    ['mac', one.mac],
    ['mtu', one.mtu],
  ]);
  return [[one.name, details, where].filter((text) => text !== '').join('  '), ...addresses.map((ip) => `  ${formatAddress(ip)}`)];
}

function formatDns({ nameservers = [], domain, search = [], options = [] }: Dns): string {
  return labelled([
    ['nameservers', nameservers.join(' ')],
    ['domain', domain],
    ['search', search.join(' ')],
    ['options', options.join(' ')],
  ]);
}

/** A result as text: each interface with its addresses, then addresses of none, routes, name resolution. */
export function formatResultText(original: AnyResult): string {
  const result: Result = orThrow(convertResult(original, currentVersion));
  const lines = result.interfaces.flatMap((one, i) =>
    formatInterface(
      one,
      result.ips.filter((ip) => ip.interface === i),
    ),
  );
  for (const ip of result.ips) if (ip.interface === undefined) lines.push(formatAddress(ip));
  for (const { dst, gw } of result.routes) lines.push(gw === undefined ? `route ${dst}` : `route ${dst} via ${gw}`);
  if (result.dns !== undefined) lines.push(formatDns(result.dns));
  return lines.join('\n');
}

/** Configurations and attachments as text. */
export function formatListText(files: readonly NetworkFile[], attachments: readonly CachedAttachment[]): string {
  const networks = files.map(({ file, network, error }) =>
    network === undefined
      ? ['?', '', `cannot be used: ${error?.message ?? ''}`, file]
      : [network.name, network.cniVersion, network.plugins.map(({ type }) => type).join(' → '), file],
  );
  const attached = attachments.map(({ network, containerId, ifname, netns }) => [network, containerId, ifname, netns]);
  return [
    ...formatTable([['NETWORK', 'VERSION', 'PLUGINS', 'FILE'], ...networks]),
    ...(attached.length === 0 ? [] : ['', ...formatTable([['NETWORK', 'CONTAINER', 'INTERFACE', 'NAMESPACE'], ...attached])]),
  ].join('\n');
}

/** How a call of a plugin went, in a line. */
export function formatCall(call: PluginCall): string {
  const end = call.signal ?? (call.exitCode === undefined ? 'did not start' : `exit ${call.exitCode}`);
  return `${call.command} ${call.file ?? call.plugin}: ${end} after ${call.durationMs} ms`;
}
