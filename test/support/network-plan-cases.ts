import type { AddAddressOptions, NetworkNamespace, RouteRequest } from '../../lib/driver.js';
import { NetlinkError } from '../../lib/errors.js';
import type { WantedLinkAddress, WantedLinkRoute, WantedNetwork } from '../../lib/index.js';
import type { SeededRandom } from './random.js';

const addresses = [
  '10.0.0.2/24',
  '10.0.0.3/24',
  '10.0.0.4/24',
  '10.0.0.5/25',
  '10.0.1.2/32',
  '10.7.0.2/16',
  'fd00::2/64',
  'fd00::3/64',
  'fd00:1::2/128',
];
const destinations = [
  '0.0.0.0/0',
  '10.5.0.0/16',
  '10.6.0.0/16',
  '10.0.0.0/24',
  '192.0.2.9/32',
  '::/0',
  'fd05::/32',
  'fd06::/32',
  'fd00:9::/48',
];
const gateways4 = ['10.0.0.1', '10.0.0.9', '10.7.0.1', '192.0.2.9'];
const gateways6 = ['fd00::1', 'fd00::9', 'fe80::1'];
const ways = [
  { initcwnd: 10 },
  { initcwnd: 20, advmss: 1200 },
  { lock: 1 << 2, hoplimit: 9 },
  { rtoMin: 40, lock: 1 << 13 },
  { congestionControl: 'reno', quickack: 1, features: 1 },
  { window: 9000, rtt: 80, rttvar: 40, ssthresh: 7, cwnd: 8, reordering: 5, initrwnd: 12, fastopenNoCookie: 1, lock: (1 << 3) | (1 << 14) },
];
const tables = [undefined, undefined, undefined, 100];
const metrics = [undefined, undefined, undefined, 5, 300];

/** The sysctls that random wishes name. */
export const planSysctls = [
  'ipv4/conf/%/rp_filter',
  'ipv4/conf/all/accept_redirects',
  'ipv6/conf/%/accept_ra',
  'ipv6/conf/%/disable_ipv6',
  'ipv4/conf/%/promote_secondaries',
];

/** Makes random states and wishes. */
export class PlanCases {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random.next() * values.length)] as T;
  }

  #chance(share: number): boolean {
    return this.#random.next() < share;
  }

  #some<T>(values: readonly T[], share: number): readonly T[] {
    return values.filter(() => this.#chance(share)).sort(() => this.#random.next() - 0.5);
  }

  #address(address: string): WantedLinkAddress {
    const broadcast = address.endsWith('/24') ? '10.0.0.255' : address.endsWith('/16') ? '10.7.255.255' : undefined;
    const wide = address.includes(':');
    return {
      address,
      ...(broadcast !== undefined && this.#chance(0.3) ? { broadcast } : {}),
      ...(!wide && this.#chance(0.1) ? { label: 'eth0:x' } : {}),
      ...(this.#chance(0.1) ? { noPrefixRoute: true } : {}),
      ...(this.#chance(0.1) ? { routeMetric: 77 } : {}),
    };
  }

  #route(dst: string): WantedLinkRoute {
    const wide = dst.includes(':');
    const gateway = this.#chance(0.7) ? this.#pick(wide ? gateways6 : gateways4) : undefined;
    const table = this.#pick(tables);
    const metric = this.#pick(metrics);
    return {
      dst,
      ...(gateway === undefined ? {} : { gateway }),
      ...(table === undefined ? {} : { table }),
      ...(metric === undefined ? {} : { metric }),
      ...(gateway !== undefined && this.#chance(0.3) ? { onlink: true } : {}),
      ...(this.#chance(0.2) ? { protocol: 4 } : {}),
      ...(this.#chance(0.15) ? { mtu: 1300 } : {}),
      ...(this.#chance(0.2) ? { metrics: this.#pick(ways) } : {}),
      ...(!wide && gateway === undefined && this.#chance(0.2) ? { scope: 200 } : {}),
      ...(this.#chance(0.15) ? { preferredSource: wide ? 'fd00::2' : '10.0.0.2' } : {}),
    };
  }

  /** Brings a link into a random state; what the kernel refuses is left out. */
  async furnish(namespace: NetworkNamespace, linkIndex: number, other: number): Promise<void> {
    const attempt = async (work: Promise<void>): Promise<void> => {
      try {
        await work;
      } catch (error) {
        if (!(error instanceof NetlinkError)) throw error;
      }
    };
    if (this.#chance(0.3)) await namespace.changeLink(linkIndex, { mtu: this.#pick([1400, 1280, 1300]) });
    if (this.#chance(0.7)) await namespace.changeLink(linkIndex, { up: true });
    for (const address of this.#some(addresses, 0.4)) {
      const { address: text, ...settings } = this.#address(address);
      await attempt(namespace.addAddress(linkIndex, text, settings as AddAddressOptions));
    }
    for (const dst of this.#some(destinations, 0.5)) {
      const route: RouteRequest = { ...this.#route(dst), linkIndex: this.#chance(0.85) ? linkIndex : other };
      await attempt(namespace.replaceRoute(route));
    }
    if (this.#chance(0.2)) await namespace.changeLink(linkIndex, { up: this.#chance(0.5) });
  }

  /** A random wish. */
  wish(name: string): WantedNetwork {
    const up = this.#chance(0.8) ? true : this.#chance(0.5) ? false : undefined;
    return {
      ...(this.#chance(0.15) ? { name } : {}),
      ...(this.#chance(0.3) ? { mtu: this.#pick([1400, 1300, 1500, 1280]) } : {}),
      ...(up === undefined ? {} : { up }),
      ...(this.#chance(0.8) ? { addresses: this.#some(addresses, 0.4).map((one) => this.#address(one)) } : {}),
      ...(up === true && this.#chance(0.8) ? { routes: this.#some(destinations, 0.35).map((dst) => this.#route(dst)) } : {}),
      ...(this.#chance(0.3)
        ? { sysctls: Object.fromEntries(this.#some(planSysctls, 0.4).map((one) => [one, this.#pick(['0', '1'])])) }
        : {}),
      ...(this.#chance(0.5) ? { exclusive: true } : {}),
    };
  }
}
