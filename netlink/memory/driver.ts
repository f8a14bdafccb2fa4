import { formatCidr } from '../../lib/address.js';
import { toAbortError } from '../../lib/clock.js';
import type {
  AddAddressOptions,
  Link,
  LinkAddress,
  LinkChange,
  LinkWatch,
  NamespaceRef,
  NetworkDriver,
  NetworkNamespace,
  Route,
  RouteRequest,
} from '../../lib/driver.js';
import { NetlinkError, NicError } from '../../lib/errors.js';
import type { CallOptions } from '../../lib/provider.js';
import { requireCidr, requireIp, requireLinkName, requireRoute, requireSysctlName } from '../argument.js';
import { moveUnderName } from '../move.js';
import { formatLinkChange, formatRoute } from '../operation-text.js';
import type { MemoryKernel } from './kernel.js';
import type { MemoryNamespace } from './namespace.js';
import { formatNamespaceRef, type MemoryOperationKind } from './operation.js';
import { MemoryLinkWatch } from './watch.js';

/** Settings of a driver of a fake kernel. */
export interface MemoryDriverOptions {
  /** The namespace that the user of the driver lives in; default the initial one. */
  readonly own?: NamespaceRef;
}

/** Runs an effect whose refusal with one of `errnos` means that the wanted state is there already. */
function unlessAlready(errnos: readonly string[], effect: () => void): void {
  try {
    effect();
  } catch (error) {
    if (!(error instanceof NetlinkError) || !errnos.includes(error.errno)) throw error;
  }
}

class OpenMemoryNamespace implements NetworkNamespace {
  readonly label: string;
  readonly #kernel: MemoryKernel;
  readonly #namespace: MemoryNamespace;
  readonly #watches = new Set<MemoryLinkWatch>();
  #closed = false;

  constructor(kernel: MemoryKernel, namespace: MemoryNamespace, label: string) {
    this.#kernel = kernel;
    this.#namespace = namespace;
    this.label = label;
    namespace.holders++;
  }

  get cookie(): string {
    return this.#namespace.cookie;
  }

  async listLinks(options?: CallOptions): Promise<readonly Link[]> {
    return this.#run('link.list', 'link.list', options, () => this.#namespace.links().map((link) => link.toLink()));
  }

  async watchLinks(options?: CallOptions): Promise<LinkWatch> {
    return this.#run('link.watch', 'link.watch', options, () => {
      this.#namespace.holders++;
      const watch = new MemoryLinkWatch(this.#namespace, this.label, () => {
        this.#watches.delete(watch);
        this.#release();
      });
      this.#watches.add(watch);
      return watch;
    });
  }

  async changeLink(index: number, change: LinkChange, options?: CallOptions): Promise<void> {
    const { name, mtu, up } = change;
    if (name !== undefined) requireLinkName(name);
    const op = formatLinkChange(index, change);
    // The order of do_setlink: what was done before a refusal stays done.
    return this.#run('link.change', op, options, () => {
      const link = this.#namespace.link(index, op);
      if (mtu !== undefined) this.#namespace.setMtu(link, mtu, op);
      if (name !== undefined) this.#namespace.rename(link, name, op);
      if (up !== undefined) this.#namespace.setUp(link, up, op);
    });
  }

  async moveLink(index: number, target: NetworkNamespace, name: string, options?: CallOptions): Promise<Link> {
    requireLinkName(name);
    const there = this.#peer(target);
    const op = `link.move ${index} to ${target.label} name ${name}`;
    return this.#run('link.move', op, options, async () => {
      const here = this.#namespace;
      const link = here.link(index, op);
      return moveUnderName(
        { link: link.toLink(), name, op },
        {
          move: async () => this.#kernel.moveLink(link, there, name, op),
          read: async () => (link.namespace === here ? link.toLink() : undefined),
          target: async () => there.links().map((candidate) => candidate.toLink()),
          arrived: async () =>
            there
              .links()
              .find((candidate) => candidate.name === name)
              ?.toLink(),
          removeAltName: async (altName) =>
            here.setAltNames(
              link,
              link.altNames.filter((other) => other !== altName),
              op,
            ),
        },
      );
    });
  }

  async listAddresses(linkIndex: number, options?: CallOptions): Promise<readonly LinkAddress[]> {
    const op = `address.list dev ${linkIndex}`;
    return this.#run('address.list', op, options, () => this.#namespace.addresses(linkIndex, op));
  }

  async addAddress(linkIndex: number, address: string, options: AddAddressOptions = {}): Promise<void> {
    const op = `address.add ${formatCidr(requireCidr(address))} dev ${linkIndex}`;
    if (options.broadcast !== undefined) requireIp(options.broadcast);
    const { signal: _signal, ...settings } = options;
    return this.#run('address.add', op, options, () =>
      unlessAlready(['EEXIST'], () => this.#namespace.addAddress(linkIndex, address, op, settings)),
    );
  }

  async removeAddress(linkIndex: number, address: string, options?: CallOptions): Promise<void> {
    const op = `address.remove ${formatCidr(requireCidr(address))} dev ${linkIndex}`;
    return this.#run('address.remove', op, options, () =>
      unlessAlready(['EADDRNOTAVAIL', 'ENODEV'], () => this.#namespace.removeAddress(linkIndex, address, op)),
    );
  }

  async listRoutes(options?: CallOptions): Promise<readonly Route[]> {
    return this.#run('route.list', 'route.list', options, () => this.#namespace.routes());
  }

  async addRoute(route: RouteRequest, options?: CallOptions): Promise<void> {
    requireRoute(route);
    const op = `route.add ${formatRoute(route)}`;
    return this.#run('route.add', op, options, () => this.#namespace.addRoute(route, op));
  }

  async replaceRoute(route: RouteRequest, options?: CallOptions): Promise<void> {
    requireRoute(route);
    const op = `route.replace ${formatRoute(route)}`;
    return this.#run('route.replace', op, options, () => this.#namespace.replaceRoute(route, op));
  }

  async removeRoute(route: RouteRequest, options?: CallOptions): Promise<void> {
    requireRoute(route);
    const op = `route.remove ${formatRoute(route)}`;
    return this.#run('route.remove', op, options, () => unlessAlready(['ESRCH'], () => this.#namespace.removeRoute(route, op)));
  }

  async readSysctl(name: string): Promise<string | undefined> {
    requireSysctlName(name);
    return this.#run('sysctl.read', `sysctl.read ${name}`, undefined, () => this.#namespace.readSysctl(name));
  }

  async writeSysctl(name: string, value: string): Promise<void> {
    requireSysctlName(name);
    const op = `sysctl.write ${name} ${value}`;
    return this.#run('sysctl.write', op, undefined, () => this.#namespace.writeSysctl(name, value, op));
  }

  async announce(linkIndex: number, address: string): Promise<void> {
    requireIp(address);
    const op = `announce ${address} dev ${linkIndex}`;
    return this.#run('announce', op, undefined, () => {
      const link = this.#namespace.link(linkIndex, op);
      if (link.mac === '') throw new NicError('ERR_LINK', `${op}: the link has no Ethernet address`);
      if (!link.up) throw new NicError('ERR_LINK', `${op}: the link is down; bring it up first`);
      this.#namespace.announcements.push({ linkName: link.name, address });
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const watch of [...this.#watches]) watch.close();
    this.#release();
  }

  #release(): void {
    this.#namespace.holders--;
    this.#kernel.reap(this.#namespace);
  }

  /** The fake namespace behind a handle of this kernel. */
  #peer(target: NetworkNamespace): MemoryNamespace {
    if (!(target instanceof OpenMemoryNamespace) || target.#kernel !== this.#kernel) {
      throw new TypeError(`${target.label} was not opened by a driver of this fake kernel`);
    }
    target.#requireOpen();
    return target.#namespace;
  }

  #requireOpen(): void {
    if (this.#closed) throw new NicError('ERR_NAMESPACE', `${this.label}: the handle of this namespace is closed`);
    if (!this.#namespace.alive) throw new NicError('ERR_NAMESPACE', `${this.label}: the namespace is gone: the machine was rebooted`);
  }

  async #run<T>(kind: MemoryOperationKind, op: string, options: CallOptions | undefined, effect: () => T | Promise<T>): Promise<T> {
    this.#requireOpen();
    if (options?.signal?.aborted === true) throw toAbortError(options.signal, op);
    return this.#kernel.run(kind, this.label, op, () => {
      // The hook may have waited.
      this.#requireOpen();
      if (options?.signal?.aborted === true) throw toAbortError(options.signal, op);
      return effect();
    });
  }
}

/** A driver that works on a fake kernel. Several drivers of one kernel see the same namespaces. */
export function createMemoryDriver(kernel: MemoryKernel, options: MemoryDriverOptions = {}): NetworkDriver {
  return {
    open: async (ref, callOptions) => {
      const label = formatNamespaceRef(ref);
      const op = `namespace.open ${label}`;
      if (callOptions?.signal?.aborted === true) throw toAbortError(callOptions.signal, op);
      const resolved = ref.kind === 'own' ? (options.own ?? ref) : ref;
      return kernel.run('namespace.open', label, op, () => new OpenMemoryNamespace(kernel, kernel.namespace(resolved), label));
    },
  };
}
