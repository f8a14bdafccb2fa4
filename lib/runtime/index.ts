/**
 * The CNI protocol, runtime side: finds and loads network configurations, calls chains of plugins, keeps results between ADD and DEL.
 * Files and processes are touched only by {@link nodeFiles} and {@link createPluginExec}, and both can be replaced.
 *
 * ```ts
 * import { createRuntime, loadNetwork } from 'hostnic-cni/runtime';
 *
 * const runtime = createRuntime({ pluginDirs: ['/opt/cni/bin'] });
 * const network = await loadNetwork('/etc/cni/net.d', 'mynet');
 * const attachment = { containerId: 'web', netns: '/run/netns/web', ifname: 'eth0' };
 * const result = await runtime.addOrRollBack(network, attachment, { timeoutMs: 60_000 });
 * ```
 * @packageDocumentation
 */
export type { CachedAttachment, NetworkAttachment } from './attachment.js';
export type { CallHook } from './call.js';
export { createRuntime } from './create-runtime.js';
export { createPluginExec, type PluginExecOptions } from './exec.js';
export { type FolderEntry, nodeFiles, type RuntimeFiles } from './files.js';
export { findPlugin } from './find-plugin.js';
export type { CallLimit } from './limit.js';
export { loadNetwork, loadNetworks, type NetworkFile } from './load-network.js';
export type { NetworkList, PluginConfig } from './network-list.js';
export { parseNetworkList, parsePluginConfig, parseSingleNetwork } from './parse-network.js';
export { type PluginCall, PluginCallError, type PluginCallErrorOptions, PluginChainError } from './plugin-error.js';
export { highestCommonVersion } from './probe.js';
export type { AddOrRollBackOptions, CniRuntime, GcOptions, OperationOptions, RuntimeOptions } from './runtime.js';
export { PluginStoppedError } from './stopped-error.js';
export { formatArgs, type TraceContext } from './variables.js';
