#!/usr/bin/env node
/** A complete CNI plugin: brings the loopback interface of a container up. */
import { isNicError, type Link, type NetworkNamespace } from 'hostnic-cni';
import { CniError, cniCodes, type PluginRequest, runPlugin, versionsFrom } from 'hostnic-cni/cni';
import { createNetlinkDriver } from 'hostnic-cni/netlink';

/** Opens the container's namespace for as long as the work takes. Rejects with ERR_NAMESPACE when there is none. */
async function inContainer<T>({ netns }: PluginRequest, work: (namespace: NetworkNamespace, lo: Link) => Promise<T>): Promise<T> {
  const namespace = await createNetlinkDriver().open({ kind: 'path', path: netns });
  try {
    const lo = (await namespace.listLinks()).find((link) => link.loopback);
    if (lo === undefined) throw new CniError(cniCodes.invalidNamespace, `${netns} has no loopback interface`);
    return await work(namespace, lo);
  } finally {
    namespace.close();
  }
}

await runPlugin({
  about: 'CNI loopback plugin: an example of hostnic-cni',
  versions: versionsFrom('0.1.0'),
  add: (request) =>
    inContainer(request, async (namespace, { index, name, mac }) => {
      await namespace.changeLink(index, { up: true });
      // Later in a chain, a plugin hands on what the others made.
      if (request.config.prevResult !== undefined) return request.config.prevResult;
      const ips = (await namespace.listAddresses(index)).map(({ address }) => ({ address, interface: 0 }));
      return { cniVersion: '1.1.0', interfaces: [{ name, mac, sandbox: request.netns }], ips, routes: [] };
    }),
  check: (request) =>
    inContainer(request, async (_namespace, { up }) => {
      if (!up) throw new CniError(cniCodes.checkFailed, 'the loopback interface is down');
    }),
  del: (request) =>
    inContainer(request, (namespace, { index }) => namespace.changeLink(index, { up: false })).catch((error: unknown) => {
      // DEL succeeds when the namespace has gone before, and the interface with it.
      if (!isNicError(error, 'ERR_NAMESPACE')) throw error;
    }),
});
