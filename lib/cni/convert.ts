import * as E from 'fp-ts/lib/Either.js';
import { type IpAddress, parseCidr } from '../address.js';
import { CniError, cniCodes } from './error.js';
import type { AnyResult, Dns, Interface, IpHalf, Result, Result020, Result040, ResultFor, ResultIp, ResultRoute } from './result.js';
import type { CniVersion } from './version.js';

/** Left out when undefined, since exact optional properties are. */
function withDns(dns: Dns | undefined): { readonly dns?: Dns } {
  return dns === undefined ? {} : { dns };
}

/** Only a hand-made result can hold a text that is no range; printing refuses it. */
function familyOf(cidr: string): IpAddress['family'] | undefined {
  return parseCidr(cidr)?.family;
}

function from020(result: Result020, cniVersion: Result040['cniVersion']): Result040 {
  const halves = [
    ['4', result.ip4],
    ['6', result.ip6],
  ] as const;
  const ips: Result040['ips'][number][] = [];
  const routes: ResultRoute[] = [];
  for (const [version, half] of halves) {
    if (half === undefined) continue;
    ips.push({ version, address: half.ip, ...(half.gateway === undefined ? {} : { gateway: half.gateway }) });
    routes.push(...half.routes);
  }
  return { cniVersion, interfaces: [], ips, routes, ...withDns(result.dns) };
}

function from100(result: Result, cniVersion: Result040['cniVersion']): Result040 {
  return {
    cniVersion,
    interfaces: result.interfaces.map(({ name, mac, sandbox }) => ({
      name,
      ...(mac === undefined ? {} : { mac }),
      ...(sandbox === undefined ? {} : { sandbox }),
    })),
    ips: result.ips.map((ip) => ({ version: familyOf(ip.address) === 6 ? '6' : '4', ...ip })),
    routes: result.routes,
    ...withDns(result.dns),
  };
}

function to020(original: AnyResult, cniVersion: Result020['cniVersion']): E.Either<CniError, Result020> {
  const result = to040(original, '0.4.0');
  const half = (label: '4' | '6'): IpHalf | undefined => {
    // The reference goes by the label alone, even where the address is of the other family.
    const ip = result.ips.find((candidate) => candidate.version === label);
    if (ip === undefined) return undefined;
    const routes = result.routes.filter((route) => String(familyOf(route.dst)) === label);
    return {
      ip: ip.address,
      ...(ip.gateway === undefined ? {} : { gateway: ip.gateway }),
      routes: routes.map(({ dst, gw }) => ({ dst, ...(gw === undefined ? {} : { gw }) })),
    };
  };
  const ip4 = half('4');
  const ip6 = half('6');
  if (ip4 === undefined && ip6 === undefined) {
    return E.left(
      new CniError(cniCodes.internal, 'cannot convert: no valid IP addresses', {
        details: `a result of CNI ${cniVersion} needs an address; this one of ${original.cniVersion} has none`,
      }),
    );
  }
  return E.right({ cniVersion, ...(ip4 === undefined ? {} : { ip4 }), ...(ip6 === undefined ? {} : { ip6 }), ...withDns(result.dns) });
}

function to100(original: AnyResult, cniVersion: Result['cniVersion']): Result {
  if (is100(original)) return { ...original, cniVersion };
  const result = to040(original, '0.4.0');
  const interfaces: readonly Interface[] = result.interfaces;
  const ips: readonly ResultIp[] = result.ips.map(({ version: _label, ...ip }) => ip);
  return { cniVersion, interfaces, ips, routes: result.routes, ...withDns(result.dns) };
}

function is020(result: AnyResult): result is Result020 {
  return result.cniVersion === '0.1.0' || result.cniVersion === '0.2.0';
}

function is100(result: AnyResult): result is Result {
  return result.cniVersion === '1.0.0' || result.cniVersion === '1.1.0';
}

function to040(result: AnyResult, cniVersion: Result040['cniVersion']): Result040 {
  if (is020(result)) return from020(result, cniVersion);
  return is100(result) ? from100(result, cniVersion) : { ...result, cniVersion };
}

/**
 * Converts a result to another version, by the rules of the reference: 0.4.0 lies between the others, and what the target shape has
 * no place for is lost without an error.
 * @returns a {@link CniError} when the target is 0.1.0 or 0.2.0 and there is no address at all
 */
export function convertResult<V extends CniVersion>(result: AnyResult, version: V): E.Either<CniError, ResultFor<V>>;
export function convertResult(result: AnyResult, version: CniVersion): E.Either<CniError, AnyResult> {
  switch (version) {
    case '0.1.0':
    case '0.2.0':
      return is020(result) ? E.right({ ...result, cniVersion: version }) : to020(result, version);
    case '0.3.0':
    case '0.3.1':
    case '0.4.0':
      return E.right(to040(result, version));
    case '1.0.0':
    case '1.1.0':
      return E.right(to100(result, version));
  }
}
