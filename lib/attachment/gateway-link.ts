import { formatCidr, parseIp } from '../address.js';
import type { Link, NetworkNamespace } from '../driver.js';
import { isNicError } from '../errors.js';
import { toReason } from './cloud-error.js';
import type { Command } from './context.js';
import { findNicLink } from './nic-link.js';
import type { RoutedSubnet } from './plan.js';

/** An address with the prefix length of its subnet. */
export function inSubnet(address: string, subnet: RoutedSubnet): string | undefined {
  const ip = parseIp(address);
  return ip === undefined ? undefined : formatCidr({ ...ip, prefix: subnet.range.prefix });
}

/** The host's NIC with a hardware address; undefined when it is not there or cannot be told. */
export async function findHostLink(command: Command, mac: string): Promise<Link | undefined> {
  try {
    return findNicLink(await (await command.host()).listLinks(), mac);
  } catch (error) {
    if (!isNicError(error, 'ERR_LINK')) throw error;
    command.context.log.warn('a NIC of the host cannot be told', { mac, reason: toReason(error) });
    return undefined;
  }
}

/** True when a link of the host, or the bridge or bond it is enslaved to, is up and carries an address. */
export async function carries(host: NetworkNamespace, mac: string, address: string): Promise<boolean> {
  const links = await host.listLinks();
  for (const link of links) {
    if (link.mac !== mac && link.permanentMac !== mac) continue;
    for (const index of [link.index, link.masterIndex ?? link.index]) {
      const up = links.some((candidate) => candidate.index === index && candidate.up);
      if (!up) continue;
      const present = await host.listAddresses(index);
      if (present.some((entry) => entry.address.startsWith(`${address}/`))) return true;
    }
  }
  return false;
}

/**
 * Makes a NIC of the host fit to be routed through: address, up, and reverse-path filtering loose (2), since replies to
 * containers come back by another way (net/ipv4/fib_frontend.c). The neighbours are told when that changed where the address lives,
 * and only then: it takes 10 to 20 ms, and every container's ADD comes by here.
 */
export async function configureGatewayLink(command: Command, link: Link, address: string): Promise<void> {
  const host = await command.host();
  const name = `ipv4/conf/${link.name}/rp_filter`;
  const before = await host.readSysctl(name);
  if (before !== undefined && before.trim() !== '2') await host.writeSysctl(name, '2');
  const present = await host.listAddresses(link.index);
  const carried = present.some((entry) => entry.address === address);
  if (!carried) await host.addAddress(link.index, address);
  if (!link.up) await host.changeLink(link.index, { up: true });
  if (!carried || !link.up) await host.announce(link.index, address.slice(0, address.indexOf('/')));
}

/** Names what on the host keeps packets of containers from being forwarded. Never changes it: the whole host depends on it. */
export async function warnOfHostSettings(command: Command): Promise<void> {
  const host = await command.host();
  const forward = await host.readSysctl('ipv4/ip_forward');
  if (forward?.trim() === '0') {
    command.context.log.warn('routes of containers lead through this host, but net.ipv4.ip_forward is 0: set it to 1');
  }
  const redirects = await host.readSysctl('ipv4/conf/all/send_redirects');
  if (redirects !== undefined && redirects.trim() !== '0') {
    // Containers ignore them, so they only cost time.
    command.context.log.info('this host sends redirects to containers that it routes for: net.ipv4.conf.all.send_redirects could be 0');
  }
}
