import type { MemoryLink } from './link.js';
import { refusal } from './refusal.js';
import { globalDefaults, ipv4AllDefaults, ipv4LinkDefaults, ipv6AllDefaults, ipv6LinkDefaults, parseSysctlName } from './sysctl.js';

/** The settings below `/proc/sys/net` of one namespace of a fake kernel. Those of a link live with the link and follow its name. */
export class MemorySysctls {
  readonly #links: () => Iterable<MemoryLink>;
  readonly #global = new Map(Object.entries(globalDefaults));
  readonly #all = new Map<string, string>();
  readonly #default = new Map<string, string>();

  /** @param links gives the links that are in the namespace now */
  constructor(links: () => Iterable<MemoryLink>) {
    this.#links = links;
    for (const [leaf, value] of Object.entries(ipv4AllDefaults)) this.#all.set(`ipv4/${leaf}`, value);
    for (const [leaf, value] of Object.entries(ipv6AllDefaults)) this.#all.set(`ipv6/${leaf}`, value);
    for (const [leaf, value] of Object.entries(ipv4LinkDefaults)) this.#default.set(`ipv4/${leaf}`, value);
    for (const [leaf, value] of Object.entries(ipv6LinkDefaults)) this.#default.set(`ipv6/${leaf}`, value);
  }

  /** Gives a link that comes in the namespace's defaults: its settings do not travel with it. */
  inherit(link: MemoryLink): void {
    link.sysctls = new Map(this.#default);
  }

  /** A link's own setting, by `ipv4/name`. */
  linkValue(link: MemoryLink, key: string): string | undefined {
    return link.sysctls.get(key);
  }

  /** Reads a setting; undefined when there is none of that name. */
  read(name: string): string | undefined {
    const found = this.#find(name);
    return found?.values.get(found.key);
  }

  /** Writes a setting. @throws NetlinkError `ENOENT`, or `EINVAL` for what is no whole number */
  write(name: string, value: string, op: string): void {
    const found = this.#find(name);
    if (found === undefined) throw refusal(op, 'ENOENT');
    const text = value.trim();
    if (!/^-?[0-9]+$/.test(text)) throw refusal(op, 'EINVAL');
    const changed = found.values.get(found.key) !== text;
    found.values.set(found.key, text);
    if (name === 'ipv4/ip_forward' || name === 'ipv4/conf/all/forwarding') {
      if (changed) this.#forward(text);
    } else if (name === 'ipv6/conf/all/forwarding' || name === 'ipv6/conf/all/disable_ipv6') this.#spread(found.key, text);
  }

  #find(name: string): { readonly values: Map<string, string>; readonly key: string } | undefined {
    const parsed = parseSysctlName(name);
    if (parsed === undefined) return this.#global.has(name) ? { values: this.#global, key: name } : undefined;
    const key = `${parsed.family}/${parsed.leaf}`;
    const values = this.#group(parsed.group);
    return values?.has(key) === true ? { values, key } : undefined;
  }

  #group(group: string): Map<string, string> | undefined {
    if (group === 'all') return this.#all;
    if (group === 'default') return this.#default;
    for (const link of this.#links()) if (link.name === group) return link.sysctls;
    return undefined;
  }

  /** `inet_forward_change` in net/ipv4/devinet.c: one switch for all links, and redirects are accepted only by who does not forward. */
  #forward(value: string): void {
    this.#global.set('ipv4/ip_forward', value);
    this.#all.set('ipv4/forwarding', value);
    this.#all.set('ipv4/accept_redirects', value === '0' ? '1' : '0');
    this.#spread('ipv4/forwarding', value);
  }

  #spread(key: string, value: string): void {
    this.#default.set(key, value);
    for (const link of this.#links()) link.sysctls.set(key, value);
  }
}
