import type { LinkAddress } from '../lib/driver.js';
import { type AddressMessage, FAMILY, IFA_F, ipToBytes, RT_SCOPE } from './wire/index.js';

const FOR_EVER = 0xffff_ffff;
/** IFAPROT_KERNEL_LO, _RA and _LL, include/uapi/linux/if_addr.h. */
const KERNEL_PROTOCOLS: ReadonlySet<number> = new Set([1, 2, 3]);

/** Kernels before 5.18 do not say who made an address: link-local ones of the modified EUI-64 or of RFC 7217 are the kernel's own. */
function isKernelMade({ family, protocol, flags = 0, address }: AddressMessage): boolean {
  if (protocol !== undefined) return KERNEL_PROTOCOLS.has(protocol);
  if (family !== FAMILY.INET6 || address === undefined) return false;
  const bytes = ipToBytes(address);
  const isLinkLocal = bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
  return isLinkLocal && ((flags & IFA_F.STABLE_PRIVACY) !== 0 || (bytes[11] === 0xff && bytes[12] === 0xfe));
}

/** What an address has that a request of the driver interface cannot say. */
function unsupportedOf(message: AddressMessage): readonly string[] {
  const { family, local, address, lifetime, protocol, flags = 0 } = message;
  const forEver = lifetime === undefined || (lifetime.validSeconds === FOR_EVER && lifetime.preferredSeconds === FOR_EVER);
  const said: readonly (readonly [boolean, string])[] = [
    [local !== undefined && address !== undefined && local !== address, 'a peer'],
    [!forEver, 'a lifetime'],
    [(protocol ?? 0) !== 0, 'a protocol'],
    [family === FAMILY.INET6 && (flags & IFA_F.SECONDARY) !== 0, 'the flag temporary'],
    [(flags & IFA_F.HOMEADDRESS) !== 0, 'the flag home'],
    [(flags & IFA_F.OPTIMISTIC) !== 0, 'the flag optimistic'],
    [(flags & IFA_F.MANAGETEMPADDR) !== 0, 'the flag mngtmpaddr'],
    [(flags & IFA_F.MCAUTOJOIN) !== 0, 'the flag autojoin'],
  ];
  return said.flatMap(([is, what]) => (is ? [what] : []));
}

/** The address of the driver interface that a message of the kernel stands for. */
export function toLinkAddress(message: AddressMessage): LinkAddress {
  const { family, local, address, prefix, linkIndex, broadcast, label, scope = 0, flags = 0, routeMetric } = message;
  // Of a point-to-point pair this end is the local one; IPv6 names only one unless they differ.
  const host = local ?? address ?? '';
  const kernelMade = isKernelMade(message);
  const unsupported = kernelMade ? [] : unsupportedOf(message);
  const usual = host.startsWith('127.') ? RT_SCOPE.HOST : RT_SCOPE.UNIVERSE;
  return {
    linkIndex,
    address: `${host}/${prefix}`,
    ...(broadcast === undefined ? {} : { broadcast }),
    // Without a suffix it is the link's name.
    ...(label?.includes(':') === true ? { label } : {}),
    ...(family === FAMILY.INET6 || scope === usual ? {} : { scope }),
    ...((flags & IFA_F.NOPREFIXROUTE) === 0 ? {} : { noPrefixRoute: true }),
    ...(routeMetric === undefined || routeMetric === 0 ? {} : { routeMetric }),
    ...(family === FAMILY.INET6 && !kernelMade && (flags & IFA_F.NODAD) === 0 ? { detectDuplicates: true } : {}),
    ...(kernelMade ? { kernelMade: true as const } : {}),
    ...(unsupported.length === 0 ? {} : { unsupported }),
  };
}
