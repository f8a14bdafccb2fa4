import type { NamespaceRef } from '../../../lib/driver.js';
import { type DriverBed, describeDriver } from '../../../lib/testing/index.js';
import { createMemoryDriver, createMemoryKernel } from '../../../netlink/memory/index.js';

async function setup(): Promise<DriverBed> {
  const kernel = createMemoryKernel();
  let made = 0;
  return {
    driver: createMemoryDriver(kernel),
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
      const link = kernel
        .namespace(ref)
        .links()
        .find((candidate) => candidate.name === name);
      if (link !== undefined) kernel.removeLink(link);
    },
    teardown: async () => {},
  };
}

describeDriver({ name: 'fake kernel', describe, it, setup });
