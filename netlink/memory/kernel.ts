import type { Link, NamespaceRef } from '../../lib/driver.js';
import { NicError } from '../../lib/errors.js';
import { MemoryLink, type MemoryLinkOptions } from './link.js';
import { MemoryNamespace } from './namespace.js';
import { formatNamespaceRef, type MemoryHook, type MemoryOperation, type MemoryOperationKind } from './operation.js';
import { refusal } from './refusal.js';

/** Where a link of a fake kernel is. */
export interface MemoryPlace {
  /** The namespace it is in. */
  readonly namespace: MemoryNamespace;
  /** The link as a driver shows it there. */
  readonly link: Link;
}

/** One end of a veth of a fake kernel: where it is made and what it is like. */
export interface MemoryVethEnd extends Omit<MemoryLinkOptions, 'kind' | 'lower' | 'lowerIndex' | 'permanentMac' | 'survives'> {
  /** The namespace it is made in. */
  readonly namespace: MemoryNamespace;
}

const ownName = formatNamespaceRef({ kind: 'own' });

/**
 * A kernel that exists in memory only: namespaces, links, addresses, routes and settings that behave as Linux's do,
 * without rights and on any system. Tests change it directly with the methods here, the code under test through a driver or a fabric.
 */
export class MemoryKernel {
  /** Called before each operation of a driver or fabric takes effect. See {@link MemoryHook}. */
  onOperation: MemoryHook | undefined;
  /** Called after each operation took effect and before it is answered. */
  afterOperation: MemoryHook | undefined;
  #namespaces = new Map<string, MemoryNamespace>();
  readonly #living = new Set<MemoryNamespace>();
  #lastCookie = 0;
  #initial: MemoryNamespace;

  /** Boots with one namespace, the initial one, which is everybody's own. */
  constructor() {
    this.#initial = this.#boot();
  }

  /** The initial namespace. */
  get initial(): MemoryNamespace {
    return this.#initial;
  }

  /** Makes a namespace and gives it a name. @throws NicError `ERR_NAMESPACE` when the name is taken */
  addNamespace(ref: NamespaceRef | string): MemoryNamespace {
    const name = toName(ref);
    if (this.#namespaces.has(name)) throw new NicError('ERR_NAMESPACE', `${name}: there is a namespace of that name already`);
    const namespace = this.#create();
    this.#namespaces.set(name, namespace);
    return namespace;
  }

  /** Gives a namespace one more name: another path, a process in it, a descriptor. */
  nameNamespace(ref: NamespaceRef | string, namespace: MemoryNamespace): void {
    this.#namespaces.set(toName(ref), namespace);
  }

  /**
   * Takes a name away. The namespace dies with its last name and open handle: links with a kind are destroyed, veths
   * with their other ends, and real cards return to the initial namespace, down, under their name or, where that is taken, `dev` and their index.
   * A name that is not there is no error.
   */
  removeNamespace(ref: NamespaceRef | string): void {
    const name = toName(ref);
    const namespace = this.#namespaces.get(name);
    this.#namespaces.delete(name);
    if (namespace !== undefined) this.reap(namespace);
  }

  /** The namespace a reference names. @throws NicError `ERR_NAMESPACE` when there is none */
  namespace(ref: NamespaceRef | string): MemoryNamespace {
    const name = toName(ref);
    const namespace = this.#namespaces.get(name);
    if (namespace === undefined)
      throw new NicError('ERR_NAMESPACE', `${name}: there is no network namespace of that name; it was removed or never made`);
    return namespace;
  }

  /**
   * Makes a link in a namespace, as a plugged card or `ip link add` does.
   * @throws NetlinkError `EEXIST` when the name is taken, `ENODEV` when the link below is destroyed
   */
  addLink(namespace: MemoryNamespace, options: MemoryLinkOptions): MemoryLink {
    const op = `link.add ${options.name}`;
    const link = new MemoryLink(options);
    if (options.lower !== undefined && options.lower.namespace === undefined) throw refusal(op, 'ENODEV');
    namespace.adopt(link, op);
    options.lower?.uppers.add(link);
    if (options.up === true) namespace.setUp(link, true, op);
    return link;
  }

  /**
   * Makes the two ends of a veth, each in a namespace, as `ip link add … type veth peer …` does. Each has carrier while both are up, and
   * neither outlives the other.
   * @throws NetlinkError `EEXIST` when a name is taken; then neither is made
   */
  addVethPair(near: MemoryVethEnd, far: MemoryVethEnd): readonly [MemoryLink, MemoryLink] {
    const first = this.addLink(near.namespace, { ...near, kind: 'veth', up: false });
    let second: MemoryLink;
    try {
      second = this.addLink(far.namespace, { ...far, kind: 'veth', up: false });
    } catch (error) {
      this.removeLink(first);
      throw error;
    }
    first.peer = second;
    second.peer = first;
    near.namespace.setUp(first, near.up === true, `link.add ${near.name}`);
    far.namespace.setUp(second, far.up === true, `link.add ${far.name}`);
    return [first, second];
  }

  /** Destroys a link wherever it lives, and with it the other end of a veth and all links stacked on it. One that is destroyed already is no error. */
  removeLink(link: MemoryLink): void {
    const { peer, namespace } = link;
    if (namespace === undefined) return;
    for (const upper of [...link.uppers]) this.removeLink(upper);
    namespace.release(link);
    link.lower?.uppers.delete(link);
    link.peer = undefined;
    if (peer !== undefined) this.removeLink(peer);
  }

  /**
   * Moves a link and renames it, exactly as one RTM_NEWLINK with IFLA_NET_NS_FD and IFLA_IFNAME does
   * (`__dev_change_net_namespace` and `do_setlink`): the move comes first, so that a rename refused afterwards leaves the link moved under its old name.
   * @throws NetlinkError `EEXIST`
   */
  moveLink(link: MemoryLink, target: MemoryNamespace, name: string, op: string): void {
    const source = link.namespace;
    if (source === undefined) throw refusal(op, 'ENODEV');
    if (link.immovable) throw refusal(op, 'EINVAL', 'The interface netns is immutable');
    if (source !== target) {
      const arrival = target.isNameTaken(link.name) ? name : link.name;
      if (target.isNameTaken(arrival)) {
        throw refusal(op, 'EEXIST', `Unable to use '${arrival}' for the new interface name in the target netns`);
      }
      const clash = link.altNames.find((altName) => target.isNameTaken(altName));
      if (clash !== undefined) throw refusal(op, 'EEXIST', `An interface with the altname ${clash} exists in the target netns`);
      source.release(link);
      link.name = arrival;
      target.adopt(link, op);
    }
    target.rename(link, name, op);
  }

  /** Destroys a namespace that has neither name nor holder. */
  reap(namespace: MemoryNamespace): void {
    if (!namespace.alive || namespace.holders > 0 || [...this.#namespaces.values()].includes(namespace)) return;
    this.#kill(namespace);
    for (const link of namespace.links().filter(({ survives }) => survives)) {
      namespace.release(link);
      this.#returnHome(link);
    }
    for (const link of namespace.links()) this.removeLink(link);
  }

  /**
   * Reboots the machine: all namespaces and virtual links are gone and open handles are dead. Real cards are in the new initial namespace, down,
   * unconfigured; their alternative names are forgotten.
   */
  reboot(): void {
    const old = [...this.#living];
    const cards = old.flatMap((namespace) => namespace.links()).filter((link) => link.survives);
    this.#namespaces = new Map();
    for (const namespace of old) {
      this.#kill(namespace);
      for (const link of namespace.links()) {
        if (link.survives) namespace.release(link);
        else this.removeLink(link);
      }
    }
    this.#initial = this.#boot();
    for (const card of cards) {
      card.altNames = [];
      card.index = 0;
      this.#returnHome(card);
    }
  }

  /** Runs one operation between the hooks. @internal for drivers and fabrics of this kernel */
  async run<T>(kind: MemoryOperationKind, namespace: string, op: string, effect: () => T | Promise<T>): Promise<T> {
    const operation: MemoryOperation = { kind, namespace, op };
    await this.onOperation?.(operation);
    const result = await effect();
    await this.afterOperation?.(operation);
    return result;
  }

  /** The link with a hardware address, wherever it is; undefined when there is none. For assertions. */
  findByMac(mac: string): MemoryPlace | undefined {
    for (const namespace of this.#living) {
      const link = namespace.links().find((candidate) => candidate.mac === mac);
      if (link !== undefined) return { namespace, link: link.toLink() };
    }
    return undefined;
  }

  #boot(): MemoryNamespace {
    const initial = this.#create();
    this.#namespaces.set(ownName, initial);
    return initial;
  }

  #create(): MemoryNamespace {
    this.#lastCookie++;
    const namespace = new MemoryNamespace(String(this.#lastCookie));
    this.#living.add(namespace);
    namespace.adopt(new MemoryLink({ name: 'lo' }, true), 'namespace.add');
    return namespace;
  }

  #kill(namespace: MemoryNamespace): void {
    namespace.alive = false;
    this.#living.delete(namespace);
  }

  /** `default_device_exit_net` in net/core/dev.c. */
  #returnHome(link: MemoryLink): void {
    const home = this.#initial;
    link.altNames = link.altNames.filter((name) => !home.isNameTaken(name));
    if (home.isNameTaken(link.name)) {
      link.name = `dev${link.index}`;
      for (let n = 0; home.isNameTaken(link.name); n++) link.name = `dev${n}`;
    }
    home.adopt(link, 'namespace.remove');
  }
}

function toName(ref: NamespaceRef | string): string {
  return formatNamespaceRef(typeof ref === 'string' ? { kind: 'path', path: ref } : ref);
}

/** Boots a fake kernel. */
export function createMemoryKernel(): MemoryKernel {
  return new MemoryKernel();
}
