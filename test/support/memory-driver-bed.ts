import type { NamespaceRef, NetworkDriver } from '../../lib/driver.js';
import type { DriverBed } from '../../lib/testing/index.js';
import { createMemoryDriver, createMemoryKernel } from '../../netlink/memory/index.js';

/** A driver on a fake kernel for the conformance suite. @param wrap puts something between suite and driver */
export function createMemoryDriverBed(wrap: (driver: NetworkDriver) => NetworkDriver = (driver) => driver): DriverBed {
  const kernel = createMemoryKernel();
  let made = 0;
  return {
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
