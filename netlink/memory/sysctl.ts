/** Defaults of `net.ipv4.conf.default`, Linux 6.18 (net/ipv4/devinet.c and a fresh namespace). */
export const ipv4LinkDefaults: Readonly<Record<string, string>> = {
  accept_local: '0',
  accept_redirects: '1',
  accept_source_route: '1',
  arp_accept: '0',
  arp_announce: '0',
  arp_filter: '0',
  arp_ignore: '0',
  arp_notify: '0',
  forwarding: '0',
  log_martians: '0',
  promote_secondaries: '0',
  proxy_arp: '0',
  proxy_arp_pvlan: '0',
  route_localnet: '0',
  rp_filter: '0',
  secure_redirects: '1',
  send_redirects: '1',
  shared_media: '1',
  src_valid_mark: '0',
};

/** Defaults of `net.ipv6.conf.default`, Linux 6.18 (net/ipv6/addrconf.c). */
export const ipv6LinkDefaults: Readonly<Record<string, string>> = {
  accept_dad: '1',
  accept_ra: '1',
  accept_redirects: '1',
  accept_source_route: '0',
  addr_gen_mode: '0',
  autoconf: '1',
  dad_transmits: '1',
  disable_ipv6: '0',
  forwarding: '0',
  hop_limit: '64',
  keep_addr_on_down: '0',
  ndisc_notify: '0',
  optimistic_dad: '0',
  proxy_ndp: '0',
  use_tempaddr: '0',
};

/** Defaults of the settings that belong to no link. */
export const globalDefaults: Readonly<Record<string, string>> = {
  'core/somaxconn': '4096',
  'ipv4/icmp_echo_ignore_all': '0',
  'ipv4/ip_default_ttl': '64',
  'ipv4/ip_forward': '0',
  'ipv4/ip_nonlocal_bind': '0',
  'ipv6/bindv6only': '0',
  'ipv6/ip_nonlocal_bind': '0',
};

/** What `net.ipv4.conf.all` holds otherwise than `default`. */
export const ipv4AllDefaults: Readonly<Record<string, string>> = { ...ipv4LinkDefaults, accept_source_route: '0' };

/** What `net.ipv6.conf.all` holds otherwise than `default`. */
export const ipv6AllDefaults: Readonly<Record<string, string>> = { ...ipv6LinkDefaults, accept_dad: '0' };

/** A name below `net` taken apart: `ipv4/conf/eth0/rp_filter` belongs to a group, anything else stands alone. */
export interface SysctlName {
  /** The address family of the group. */
  readonly family: 'ipv4' | 'ipv6';
  /** `all`, `default` or a link's name. */
  readonly group: string;
  /** The setting. */
  readonly leaf: string;
}

/** Takes the name of a per-link setting apart; undefined when it is none. */
export function parseSysctlName(name: string): SysctlName | undefined {
  const match = /^(ipv4|ipv6)\/conf\/([^/]+)\/([^/]+)$/.exec(name);
  if (match === null) return undefined;
  const [, family, group, leaf] = match;
  if ((family !== 'ipv4' && family !== 'ipv6') || group === undefined || leaf === undefined) return undefined;
  return { family, group, leaf };
}
