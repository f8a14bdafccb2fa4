import type { NamespaceRef } from '../../lib/driver.js';
import type { DriverBed } from '../../lib/testing/index.js';
import { createNetlinkDriver } from '../../netlink/driver.js';
import { createNamespace, type NamespaceHandle } from '../../netlink/namespace.js';
import { openRtnetlink } from '../../netlink/rtnetlink.js';

/** What a bed on the real kernel offers besides. */
export interface NetlinkDriverBed extends DriverBed {
  /** The namespace that the far ends of all plugged links are in: `far1`, `far2`, … in the order of plugging. */
  readonly far: NamespaceHandle;
  /** The handle behind a reference. */
  handleOf(ref: NamespaceRef): NamespaceHandle;
}

/**
 * A driver on the real kernel for the conformance suite. Its namespaces have no names and are held by this process,
 * so that nothing is left whatever happens to it.
 */
export async function createNetlinkDriverBed(): Promise<NetlinkDriverBed> {
  const far = await createNamespace('far ends');
  const farSide = openRtnetlink(far);
  const handles = new Map<string, NamespaceHandle>();
  let plugged = 0;

  const pathOf = (ref: NamespaceRef): string => {
    if (ref.kind !== 'path') throw new TypeError('this bed makes references by path only');
    return ref.path;
  };
  const handleOf = (ref: NamespaceRef): NamespaceHandle => {
    const handle = handles.get(pathOf(ref));
    if (handle === undefined) throw new TypeError(`${pathOf(ref)} was not made by this bed`);
    return handle;
  };
  return {
    driver: createNetlinkDriver(),
    far,
    handleOf,
    noNamespaces: [
      { kind: 'path', path: '/run/netns/hn-there-is-nothing-here' },
      { kind: 'path', path: '/dev/null' },
      { kind: 'path', path: '/proc/self/ns/mnt' },
      { kind: 'fd', fd: 1_000_000 },
    ],
    createNamespace: async () => {
      const handle = await createNamespace();
      const path = `/proc/${process.pid}/fd/${handle.fd}`;
      handles.set(path, handle);
      return { kind: 'path', path };
    },
    removeNamespace: async (ref) => {
      handleOf(ref).close();
      handles.delete(pathOf(ref));
    },
    plug: async (ref, { name, mac, altNames = [] }) => {
      plugged++;
      await farSide.link.add({
        kind: 'veth',
        name: `far${plugged}`,
        up: true,
        peer: { name, mac, namespace: handleOf(ref) },
      });
      const near = openRtnetlink(handleOf(ref));
      try {
        const { index } = await near.link.get({ name });
        for (const altName of altNames) await near.link.addAltName(index, altName);
      } finally {
        near.close();
      }
    },
    unplug: async (ref, name) => {
      const near = openRtnetlink(handleOf(ref));
      try {
        await near.link.remove({ name });
      } finally {
        near.close();
      }
    },
    teardown: async () => {
      farSide.close();
      for (const handle of handles.values()) handle.close();
      far.close();
    },
  };
}
