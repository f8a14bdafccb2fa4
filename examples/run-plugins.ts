#!/usr/bin/env node
/** Attaches a namespace to a network, shows what every plugin did, and detaches it again. */
import { createRuntime, loadNetwork } from 'hostnic-cni/runtime';

const [confDir, name, netns] = process.argv.slice(2);
if (confDir === undefined || name === undefined || netns === undefined) {
  console.error('usage: run-plugins CONFDIR NETWORK NETNS, such as: run-plugins /etc/cni/net.d mynet /run/netns/blue');
  process.exit(2);
}

const runtime = createRuntime({
  pluginDirs: (process.env['CNI_PATH'] ?? '/opt/cni/bin:/usr/lib/cni').split(':'),
  cacheDir: process.env['CACHE_DIR'] ?? '/var/lib/cni',
  // One hook for logs, metrics and spans. After a failure the error has the same fields.
  onCall: (call, error) => console.error(`${call.command} ${call.plugin}: ${error?.message ?? 'ok'} after ${call.durationMs} ms`),
});
const network = await loadNetwork(confDir, name);
const attachment = {
  containerId: 'run-plugins',
  netns,
  ifname: 'eth0',
  // Each plugin gets those values whose capability it lists.
  capabilityArgs: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }] },
};

console.log(JSON.stringify(await runtime.addOrRollBack(network, attachment, { timeoutMs: 60_000 }), undefined, 2));
try {
  await runtime.check(network, attachment, { timeoutMs: 60_000 });
} finally {
  await runtime.del(network, attachment, { timeoutMs: 60_000 });
}
