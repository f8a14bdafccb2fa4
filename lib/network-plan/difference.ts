import { contains, parseCidr } from '../address.js';
import type { LinkAddress, LinkChange, Route, RouteRequest } from '../driver.js';
import { NicError } from '../errors.js';
import { isSameAddress } from './address-list.js';
import { LEAST_MTU_6, NetworkModel } from './model.js';
import type { NetworkOperation } from './operation.js';
import { inOrder, isIpv6, isKernelMade, routeKey, toRequest } from './route-key.js';
import { kernelName, linkOf, type NetworkState, sameValue } from './state.js';
import type { Target, TargetAddress, TargetRoute } from './target.js';

const KERNEL = 2;

/** What a link may be made to do on the way. */
export interface DifferenceOptions {
  /** The link is renamed while it is up, which kernels before 6.2 refuse. */
  readonly renameUp: boolean;
}

/** One way to reach a target. */
export interface Way {
  readonly operations: readonly NetworkOperation[];
  /** What would have to be made anew and cannot be, in words. */
  readonly problem: string | undefined;
  /** The state at its end. */
  readonly after: NetworkState;
  /** Addresses end in the order of the target. */
  readonly inOrder: boolean;
}

/** How IPv4 addresses are changed: new ones first; old ones first; or all anew but for as many as are said. */
type Manner = 'add' | 'remove' | number;

/** Walks one way to the target on a model. */
class Walk {
  readonly operations: NetworkOperation[] = [];
  problem: string | undefined;
  readonly model: NetworkModel;
  readonly #linkIndex: number;
  readonly #target: Target;
  readonly #options: DifferenceOptions;

  constructor(current: NetworkState, target: Target, options: DifferenceOptions) {
    this.model = new NetworkModel(current);
    this.#linkIndex = current.linkIndex;
    this.#target = target;
    this.#options = options;
  }

  go(manner: Manner): Way {
    this.#sysctls();
    const change = this.#linkChange();
    const { mtu } = this.model.link;
    const narrow = mtu < LEAST_MTU_6 || this.#target.mtu < LEAST_MTU_6;
    // It comes up with its addresses; but labels change with its name, and IPv6 needs it to be wide enough before.
    const last = change.up === true && change.name === undefined && !narrow;
    if (!last) this.#set(change);
    this.#addresses(4, manner);
    this.#addresses(6, manner);
    if (last) this.#set(change);
    this.#routes();
    const { operations, problem, model } = this;
    const found = model.addresses;
    const ordered =
      found.length === this.#target.addresses.length &&
      this.#target.addresses.every((one, i) => {
        const there = found[i];
        return there !== undefined && one.isMet(there);
      });
    return { operations, problem, after: model.state, inOrder: ordered };
  }

  #emit(operation: NetworkOperation): void {
    this.operations.push(operation);
    this.model.apply(operation);
  }

  #sysctls(): void {
    for (const [name, value] of Object.entries(this.#target.sysctls)) {
      if (value === undefined || sameValue(this.model.sysctl(name), value)) continue;
      this.#emit({ kind: 'sysctl.write', name: kernelName(name, this.model.link.name), value });
    }
  }

  /** What is left to change on the link in one request, once it is down where it must be down for its name. */
  #linkChange(): LinkChange {
    const { name, mtu, up } = this.#target;
    const renamed = name !== this.model.link.name;
    if (renamed && this.model.link.up && !this.#options.renameUp) this.#set({ up: false });
    const { link } = this.model;
    return {
      ...(mtu === link.mtu ? {} : { mtu }),
      ...(renamed ? { name } : {}),
      ...(up === link.up ? {} : { up }),
    };
  }

  #set(change: LinkChange): void {
    if (Object.keys(change).length > 0) this.#emit({ kind: 'link.set', linkIndex: this.#linkIndex, change });
  }

  #addresses(family: 4 | 6, manner: Manner): void {
    const wanted = this.#target.addresses.filter(({ cidr }) => cidr.family === family);
    if (manner === 'add' && family === 4) this.#addFirst(wanted);
    if (typeof manner === 'number') {
      // IPv4 adds at the end, IPv6 at the front.
      const kept = family === 4 ? wanted.slice(0, manner) : wanted.slice(Math.max(0, wanted.length - manner));
      this.#removeOthers(kept, family);
    }
    this.#removeOthers(wanted, family);
    this.#addMissing(wanted, family);
  }

  /**
   * Adds before it removes, so that the link is never without an IPv4 address, which would cost it its routes.
   * What would become second to an address that goes waits for that, or it would go with it.
   */
  #addFirst(wanted: readonly TargetAddress[]): void {
    const isLeaving = (entry: LinkAddress): boolean => !wanted.some((one) => one.isMet(entry));
    const blocks = (entry: LinkAddress, { cidr }: TargetAddress): boolean => {
      const other = parseCidr(entry.address);
      return other !== undefined && other.prefix === cidr.prefix && contains(other, cidr);
    };
    const leaving = this.model.promotes ? [] : this.model.addresses.filter(isLeaving);
    const missing = wanted.filter((one) => !this.model.addresses.some((entry) => one.isMet(entry)));
    this.#addMissing(
      wanted.filter((one) => !leaving.some((entry) => blocks(entry, one))),
      4,
    );
    const free = leaving.filter((entry) => !missing.some((one) => blocks(entry, one)));
    this.#removeOthers(wanted, 4, free);
    this.#addMissing(wanted, 4);
  }

  /** @param spared what may stay for now */
  #removeOthers(wanted: readonly TargetAddress[], family: 4 | 6, spared: readonly LinkAddress[] = []): void {
    for (;;) {
      // One at a time: the first of a range takes the others along.
      const other = this.model.addresses.find(
        (entry) => parseCidr(entry.address)?.family === family && !spared.includes(entry) && !wanted.some((one) => one.isMet(entry)),
      );
      if (other === undefined) return;
      this.#emit({ kind: 'address.remove', linkIndex: this.#linkIndex, address: other.address });
    }
  }

  #addMissing(wanted: readonly TargetAddress[], family: 4 | 6): void {
    const isThere = (one: TargetAddress): boolean =>
      this.model.addresses.some((entry) => {
        const cidr = parseCidr(entry.address);
        return cidr !== undefined && isSameAddress(cidr, one.cidr);
      });
    const missing = wanted.filter((one) => !isThere(one));
    // The kernel lists the last IPv6 address first.
    for (const one of family === 4 || !this.#target.exact ? missing : missing.toReversed()) {
      const { address, settings, unsupported } = one;
      this.#need(`the address ${address}`, unsupported);
      this.#emit({ kind: 'address.add', linkIndex: this.#linkIndex, address, settings });
    }
  }

  #routes(): void {
    const byKey = this.#targetRoutes();
    this.#removeRoutes(byKey, false);
    const add: TargetRoute[] = [];
    for (const [key, wanted] of byKey) {
      const found = this.model.routesAt(key);
      for (const route of wanted) if (!this.#isMet(route, found)) add.push(route);
    }
    const kept = new Map<RouteRequest, string>();
    for (const { text, unsupported, request, kept: isKept } of add) {
      this.#need(`the route ${text}`, unsupported);
      if (isKept && request !== undefined) kept.set(request, text);
    }
    const isReached = this.#reach();
    const requests = inOrder(add.flatMap(({ request }) => request ?? []));
    // What takes the place of a range on the link comes last: others may need that range for their next hop.
    const hides = (route: RouteRequest): boolean =>
      route.gateway !== undefined && this.model.routesAt(routeKey(route)).some(({ gateway }) => gateway === undefined);
    const last = new Set(requests.filter(hides));
    for (const route of [...requests.filter((one) => !last.has(one)), ...last]) {
      const text = kept.get(route);
      const reached = text === undefined || (last.has(route) ? this.#reach()(route) : isReached(route));
      if (!reached) this.problem ??= `the route ${text} could not be put back: its next hop is out of reach`;
      const replaced = this.model.apply({ kind: 'route.add', route }) === false;
      if (replaced) this.model.apply({ kind: 'route.replace', route });
      this.operations.push({ kind: replaced ? 'route.replace' : 'route.add', route });
    }
    this.#removeRoutes(byKey, true);
  }

  /** What shall be there by key, now that the kernel's own routes are known that come with the addresses. */
  #targetRoutes(): ReadonlyMap<string, readonly TargetRoute[]> {
    const { routes } = this.#target;
    const open = routes.filter(({ kept, request }) => !kept && request?.gateway === undefined && request?.metric === undefined);
    const present = open.length === 0 ? [] : this.model.state.routes;
    const stoodIn = new Map(open.flatMap((wanted) => present.filter((found) => wanted.standsIn(found)).map((found) => [wanted, found])));
    const byKey = new Map<string, TargetRoute[]>();
    for (const route of routes) {
      const instead = route.yieldsTo === undefined ? undefined : stoodIn.get(route.yieldsTo);
      if (route.yieldsTo !== undefined && (instead === undefined || routeKey(instead) === route.key)) continue;
      const standIn = stoodIn.get(route);
      const key = standIn === undefined ? route.key : routeKey(standIn);
      const others = byKey.get(key);
      if (others === undefined) byKey.set(key, [route]);
      else others.push(route);
    }
    return byKey;
  }

  /** Tells whether a next hop is in a range on its link, asking once for each. */
  #reach(): (route: RouteRequest) => boolean {
    const known = new Map<string, boolean>();
    return (route) => {
      const { gateway, linkIndex, table, onlink } = route;
      if (gateway === undefined || onlink === true) return true;
      const key = `${gateway} ${linkIndex} ${table}`;
      const reached = known.get(key) ?? this.model.reaches(route, gateway);
      known.set(key, reached);
      return reached;
    };
  }

  /** Whether a route is there, or comes by itself. */
  #isMet(wanted: TargetRoute, found: readonly Route[]): boolean {
    if (found.some((route) => wanted.isMet(route))) return true;
    return wanted.kernelMade && found.every((route) => !this.#isOurs(route)) && !this.#isKernelsOfAddress(wanted.request);
  }

  /** Whether a route is to be removed where it is not wanted: the kernel's own are left to it but for what the way back leaves behind. */
  #isOurs(route: Route): boolean {
    return !isKernelMade(route) || this.#isKernelsOfAddress(route);
  }

  /** The kernel keeps the range of an IPv6 address whose neighbour has no route of its own (check_cleanup_prefix_route, net/ipv6/addrconf.c). */
  #isKernelsOfAddress(route: Route | RouteRequest | undefined): boolean {
    if (!this.#target.exact || route?.protocol !== KERNEL || route.linkIndex !== this.#linkIndex) return false;
    return !route.dst.startsWith('fe80:');
  }

  /** @param kernels the kernel's own too: they stay until all is added, for what needs them on the way */
  #removeRoutes(byKey: ReadonlyMap<string, readonly TargetRoute[]>, kernels: boolean): void {
    const isSurplus = (route: Route): boolean => {
      if (route.linkIndex === undefined || !(kernels ? this.#isOurs(route) : !isKernelMade(route))) return false;
      const wanted = byKey.get(routeKey(route));
      if (wanted === undefined) return true;
      // What is not there yet takes the place of what is.
      const present = this.model.routesAt(routeKey(route));
      return (
        present.length > 1 && wanted.every((one) => present.some((other) => one.isMet(other))) && !wanted.some((one) => one.isMet(route))
      );
    };
    const surplus = this.model.state.routes.filter(isSurplus);
    for (const route of inOrder(surplus.flatMap((one) => toRequest(one) ?? [])).toReversed()) this.#emit({ kind: 'route.remove', route });
  }

  #need(what: string, unsupported: readonly string[]): void {
    if (unsupported.length > 0) this.problem ??= `${what} could not be put back as it is: it has ${unsupported.join(', ')}`;
  }
}

/**
 * The ways to reach a target from a state, the shortest first; of several as long, the one that adds before it removes.
 * @throws NicError `ERR_LINK` when the link is not there
 */
export function waysTo(current: NetworkState, target: Target, options: DifferenceOptions): readonly Way[] {
  linkOf(current);
  const walk = (manner: Manner): Way => new Walk(current, target, options).go(manner);
  const first = walk('add');
  const removes = first.operations.some((operation) => operation.kind === 'address.remove' && !isIpv6(operation.address));
  let ways = removes ? [first, walk('remove')] : [first];
  if (target.exact && !ways.some((way) => way.inOrder)) {
    for (let kept = target.addresses.length; kept >= 0; kept--) ways.push(walk(kept));
  }
  if (target.exact && ways.some((way) => way.inOrder)) ways = ways.filter((way) => way.inOrder);
  return ways.sort((a, b) => a.operations.length - b.operations.length);
}

/** The best way there is. @throws NicError `ERR_NOT_SUPPORTED` when all need what cannot be made anew */
export function bestWay(ways: readonly Way[]): Way {
  const [first] = ways;
  const whole = ways.find(({ problem }) => problem === undefined);
  if (whole !== undefined) return whole;
  throw new NicError('ERR_NOT_SUPPORTED', first?.problem ?? 'there is no way there');
}
