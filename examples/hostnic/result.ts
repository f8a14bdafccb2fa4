import { contains, parseCidr, parseIp } from '../../lib/address.js';
import type { Attachment, KnownAttachment } from '../../lib/attachment/request.js';
import { CniError, cniCodes, type Dns, type Interface, type Result, type ResultIp, type ResultRoute } from '../../lib/cni/index.js';

/** What {@link toResult} needs beside the attachment. */
export interface ResultOptions {
  /** CNI_NETNS, as the runtime wrote it. */
  readonly sandbox: string;
  /** The result of the plugins before this one, when it is chained. */
  readonly previous: Result | undefined;
  /** Name resolution settings to hand on. */
  readonly dns: Dns | undefined;
}

/**
 * Maps an attachment to the result of ADD: its interface, its addresses on that interface, its routes.
 * With a previous result everything that one holds stays, and ours is added behind it (SPEC.md, "ADD").
 */
export function toResult(attachment: Attachment, options: ResultOptions): Result {
  const { previous } = options;
  const earlier: readonly Interface[] = previous?.interfaces ?? [];
  const own: Interface = { name: attachment.key.ifname, mac: attachment.mac, mtu: attachment.mtu, sandbox: options.sandbox };
  const ips: ResultIp[] = attachment.addresses.map(({ address, gateway }) => ({
    interface: earlier.length,
    address,
    ...(gateway === undefined ? {} : { gateway }),
  }));
  const routes: ResultRoute[] = attachment.routes.map(({ dst, gateway }) => ({ dst, ...(gateway === undefined ? {} : { gw: gateway }) }));
  const dns = options.dns ?? previous?.dns;
  return {
    cniVersion: '1.1.0',
    interfaces: [...earlier, own],
    ips: [...(previous?.ips ?? []), ...ips],
    routes: [...(previous?.routes ?? []), ...routes],
    ...(dns === undefined ? {} : { dns }),
  };
}

/** True when `address` belongs to the interface at `index`: by its index, or without one when there is no other interface it could mean. */
function belongsTo(address: ResultIp, index: number, interfaces: readonly Interface[]): boolean {
  if (address.interface !== undefined) return address.interface === index;
  return interfaces.length <= 1;
}

/** CNI does not tie routes to interfaces: one belongs to those addresses whose range holds its next hop. */
function isReachedFrom(route: ResultRoute, addresses: readonly ResultIp[]): boolean {
  const hop = route.gw === undefined ? undefined : parseIp(route.gw);
  return addresses.some(({ address }) => {
    const range = parseCidr(address);
    return range !== undefined && hop !== undefined && contains(range, hop);
  });
}

/**
 * Takes from an earlier result what concerns one interface of the container.
 * Results of 0.2.0 and older name no interfaces: then all addresses are taken to be this interface's, and the hardware address is not known.
 * @returns undefined when the result does not speak of that interface
 */
export function toKnownAttachment(result: Result | undefined, ifname: string): KnownAttachment | undefined {
  if (result === undefined) return undefined;
  const { interfaces } = result;
  const index = interfaces.findIndex((candidate) => candidate.name === ifname && (candidate.sandbox ?? '') !== '');
  if (index < 0 && interfaces.length > 0) return undefined;
  const mac = interfaces[index]?.mac?.toLowerCase();
  const ips = result.ips.filter((address) => belongsTo(address, Math.max(index, 0), interfaces));
  return {
    ...(mac === undefined || mac === '' ? {} : { mac }),
    addresses: ips.map(({ address }) => address),
    routes: result.routes
      .filter((route) => isReachedFrom(route, ips))
      .map(({ dst, gw }) => ({ dst, ...(gw === undefined ? {} : { gateway: gw }) })),
  };
}

/**
 * The same for CHECK, where the earlier result must be there and must name the interface.
 * @throws CniError 7 when it is not, since nothing could be compared then
 */
export function requireKnownAttachment(result: Result | undefined, ifname: string): KnownAttachment {
  if (result === undefined) throw new CniError(cniCodes.invalidNetworkConfig, 'CHECK needs prevResult: the configuration has none');
  const known = toKnownAttachment(result, ifname);
  if (known === undefined)
    throw new CniError(cniCodes.invalidNetworkConfig, `prevResult names no interface ${ifname} inside the container`);
  return known;
}
