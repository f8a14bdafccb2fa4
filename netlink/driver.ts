import { formatCidr, formatIp } from '../lib/address.js';
import { toAbortError } from '../lib/clock.js';
import type {
  AddAddressOptions,
  Link,
  LinkAddress,
  LinkChange,
  LinkWatch,
  NetworkDriver,
  NetworkNamespace,
  Route,
  RouteRequest,
} from '../lib/driver.js';
import { isNicError, NetlinkError, NicError } from '../lib/errors.js';
import type { CallOptions } from '../lib/provider.js';
import { announce } from './announce.js';
import { requireCidr, requireIp, requireLinkName, requireRoute } from './argument.js';
import type { ConnectionOptions } from './connection.js';
import { mapListing } from './interrupted.js';
import { openLinkMonitor } from './link-monitor.js';
import { moveUnderName } from './move.js';
import { type NamespaceHandle, openNamespace } from './namespace.js';
import { openRtnetlink, type Rtnetlink } from './rtnetlink.js';
import { isErrno, type NewRoute } from './services/index.js';
import { readSysctl, sysctlHint, writeSysctl } from './sysctl.js';
import { toLinkAddress } from './to-address.js';
import { toLink } from './to-link.js';
import { toRoutes } from './to-route.js';
import { IFA_F, RTN } from './wire/index.js';

/** Settings of a driver on the kernel's netlink. */
export type NetlinkDriverOptions = ConnectionOptions;

/** The route with its addresses in canonical form, as the service takes it. */
function toNewRoute(route: RouteRequest): NewRoute {
  const { dst, gateway } = requireRoute(route);
  const { linkIndex, table, metric, onlink, protocol, scope, preferredSource, mtu, metrics } = route;
  return {
    dst: formatCidr(dst),
    linkIndex,
    ...(gateway === undefined ? {} : { gateway: formatIp(gateway) }),
    ...(table === undefined ? {} : { table }),
    ...(metric === undefined ? {} : { metric }),
    ...(onlink === undefined ? {} : { onlink }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(scope === undefined ? {} : { scope }),
    ...(preferredSource === undefined ? {} : { preferredSource: formatIp(requireIp(preferredSource)) }),
    ...(mtu === undefined && metrics === undefined ? {} : { metrics: { ...metrics, ...(mtu === undefined ? {} : { mtu }) } }),
  };
}

/** A refused file access to a setting is the kernel refusing the setting. */
function toSysctlError(error: unknown, op: string): unknown {
  if (!isNicError(error, 'ERR_IO') || !(error.cause instanceof Error) || !('code' in error.cause)) return error;
  const errno = String(error.cause.code);
  const hint = sysctlHint(errno);
  return new NetlinkError({ op, errno, cause: error, ...(hint === undefined ? {} : { hint }) });
}

class NetlinkNamespace implements NetworkNamespace {
  readonly label: string;
  readonly cookie: string;
  readonly #handle: NamespaceHandle;
  readonly #options: NetlinkDriverOptions;
  readonly #watches = new Set<LinkWatch>();
  #opened: Rtnetlink | undefined;
  #closed = false;

  constructor(handle: NamespaceHandle, options: NetlinkDriverOptions) {
    this.label = handle.label;
    this.cookie = handle.cookie;
    this.#handle = handle;
    this.#options = options;
  }

  async listLinks(options?: CallOptions): Promise<readonly Link[]> {
    return mapListing(this.#rtnetlink().link.list(options), (links) => links.map(toLink));
  }

  async watchLinks(options?: CallOptions): Promise<LinkWatch> {
    const monitor = await openLinkMonitor(this.#rtnetlink(), options);
    const watch: LinkWatch = {
      waitFor: (match, waitOptions) => monitor.waitFor(match, waitOptions),
      close: () => {
        this.#watches.delete(watch);
        monitor.close();
      },
    };
    this.#watches.add(watch);
    // It may have been closed while the links were listed.
    if (this.#closed) watch.close();
    return watch;
  }

  async changeLink(index: number, change: LinkChange, options?: CallOptions): Promise<void> {
    if (change.name !== undefined) requireLinkName(change.name);
    await this.#rtnetlink().link.set(index, change, options);
  }

  async moveLink(index: number, target: NetworkNamespace, name: string, options?: CallOptions): Promise<Link> {
    requireLinkName(name);
    if (!(target instanceof NetlinkNamespace)) throw new TypeError(`${target.label} was not opened by this kind of driver`);
    const here = this.#rtnetlink();
    const there = target.#rtnetlink();
    const read = async (): Promise<Link | undefined> => {
      const message = await here.link.find({ index }, options);
      return message === undefined ? undefined : toLink(message);
    };
    const op = `link.move ${index} to ${target.label} as ${name}`;
    return moveUnderName(
      { link: toLink(await here.link.get({ index }, options)), name, op },
      {
        move: () => here.link.move(index, target.#handle, { ...options, name }),
        removeAltName: (altName) => here.link.deleteAltName(index, altName, options),
        // Without the signal: the link may be there already, and the caller is owed the answer where it is.
        read,
        target: async () => (await there.link.list()).map(toLink),
        arrived: async () => {
          const message = await there.link.find({ name });
          return message === undefined ? undefined : toLink(message);
        },
      },
    );
  }

  async listAddresses(linkIndex: number, options?: CallOptions): Promise<readonly LinkAddress[]> {
    const { address: service, link } = this.#rtnetlink();
    const found = await mapListing(service.list({ ...options, linkIndex }), (addresses) => addresses.map(toLinkAddress));
    // Some kernels answer with nothing where there is no such link.
    if (found.length === 0) await link.get({ index: linkIndex }, options);
    return found;
  }

  async addAddress(linkIndex: number, address: string, options: AddAddressOptions = {}): Promise<void> {
    const cidr = requireCidr(address);
    const { noPrefixRoute, detectDuplicates, broadcast, label, scope, routeMetric } = options;
    // The cloud gave this address to nobody else, and until detection ends, after a second or more, nothing could be sent from it.
    const hasty = cidr.family === 6 && detectDuplicates !== true ? IFA_F.NODAD : 0;
    const flags = hasty | (noPrefixRoute === true ? IFA_F.NOPREFIXROUTE : 0);
    const request = {
      linkIndex,
      address: formatCidr(cidr),
      ...(flags === 0 ? {} : { flags }),
      ...(broadcast === undefined ? {} : { broadcast: formatIp(requireIp(broadcast)) }),
      ...(label === undefined ? {} : { label }),
      ...(scope === undefined ? {} : { scope }),
      ...(routeMetric === undefined ? {} : { routeMetric }),
    };
    await this.#rtnetlink().address.ensure(request, options);
  }

  async removeAddress(linkIndex: number, address: string, options?: CallOptions): Promise<void> {
    try {
      await this.#rtnetlink().address.remove(linkIndex, formatCidr(requireCidr(address)), options);
    } catch (error) {
      if (!isErrno(error, 'ENODEV')) throw error;
    }
  }

  async listRoutes(options?: CallOptions): Promise<readonly Route[]> {
    return mapListing(this.#rtnetlink().route.list({ ...options, type: RTN.UNICAST }), (routes) => routes.flatMap(toRoutes));
  }

  async addRoute(route: RouteRequest, options?: CallOptions): Promise<void> {
    await this.#rtnetlink().route.add(toNewRoute(route), options);
  }

  async replaceRoute(route: RouteRequest, options?: CallOptions): Promise<void> {
    await this.#rtnetlink().route.replace(toNewRoute(route), options);
  }

  async removeRoute(route: RouteRequest, options?: CallOptions): Promise<void> {
    await this.#rtnetlink().route.remove(toNewRoute(route), options);
  }

  async readSysctl(name: string): Promise<string | undefined> {
    this.#requireOpen();
    try {
      return await readSysctl(this.#handle, name);
    } catch (error) {
      throw toSysctlError(error, `sysctl.read ${name}`);
    }
  }

  async writeSysctl(name: string, value: string): Promise<void> {
    this.#requireOpen();
    try {
      await writeSysctl(this.#handle, name, value);
    } catch (error) {
      throw toSysctlError(error, `sysctl.write ${name} ${value}`);
    }
  }

  async announce(linkIndex: number, address: string): Promise<void> {
    await announce(this.#rtnetlink(), linkIndex, formatIp(requireIp(address)));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const watch of [...this.#watches]) watch.close();
    this.#opened?.close();
    this.#handle.close();
  }

  /** The connection, opened when first needed and kept. */
  #rtnetlink(): Rtnetlink {
    this.#requireOpen();
    this.#opened ??= openRtnetlink(this.#handle, this.#options);
    return this.#opened;
  }

  #requireOpen(): void {
    if (this.#closed) throw new NicError('ERR_NAMESPACE', `${this.label}: the handle of this namespace is closed`);
  }
}

/** A driver on the kernel's netlink. Sockets are opened in each namespace when first needed, and closed with it. */
export function createNetlinkDriver(options: NetlinkDriverOptions = {}): NetworkDriver {
  return {
    open: async (ref, callOptions) => {
      if (process.platform !== 'linux') {
        throw new NicError('ERR_NOT_SUPPORTED', `network namespaces are a thing of Linux, and this is ${process.platform}`);
      }
      if (callOptions?.signal?.aborted === true) throw toAbortError(callOptions.signal, 'open a network namespace');
      return new NetlinkNamespace(await openNamespace(ref), options);
    },
  };
}
