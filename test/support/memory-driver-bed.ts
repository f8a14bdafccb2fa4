import type { NamespaceRef, NetworkDriver } from '../../lib/driver.js';
import type { DriverBed } from '../../lib/testing/index.js';
import { createMemoryDriver, createMemoryKernel, type MemoryKernel } from '../../netlink/memory/index.js';

/** What a bed on a fake kernel offers besides. */
export interface MemoryDriverBed extends DriverBed {
  /** The fake kernel. */
  readonly kernel: MemoryKernel;
}

/** A driver on a fake kernel for the conformance suite. @param wrap puts something between suite and driver */
export function createMemoryDriverBed(wrap: (driver: NetworkDriver) => NetworkDriver = (driver) => driver): MemoryDriverBed {
  const kernel = createMemoryKernel();
  let made = 0;
  return {
    kernel,
    driver: wrap(createMemoryDriver(kernel)),
    noNamespaces: [
      { kind: 'path', path: '/run/netns/nothing' },
      { kind: 'pid', pid: 4_000_000 },
    ],
    createNamespace: async () => {
      made++;
      const ref: NamespaceRef = { kind: 'path', path: `/run/netns/n${made}` };
      kernel.addNamespace(ref);
      return ref;
    },
    removeNamespace: async (ref) => kernel.removeNamespace(ref),
    plug: async (ref, link) => {
      kernel.addLink(kernel.namespace(ref), link);
    },
    unplug: async (ref, name) => {
      const links = kernel.namespace(ref).links();
      const link = links.find((candidate) => candidate.name === name);
      if (link !== undefined) kernel.removeLink(link);
    },
    teardown: async () => {},
  };
}
