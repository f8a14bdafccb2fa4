import type { CniVersion, PluginOutcome } from '../../lib/cni/index.js';
import { orThrow } from '../../lib/codec.js';
import type { RuntimeOptions } from '../../lib/runtime/index.js';
import { type CniRuntime, createRuntime, type NetworkAttachment, type NetworkList, parseNetworkList } from '../../lib/runtime/index.js';
import { MemoryFiles } from './memory-files.js';
import { RecordingExec } from './recording-exec.js';

/** A runtime without processes and files. */
export interface RuntimeBed {
  /** The runtime. */
  readonly runtime: CniRuntime;
  /** Its plugins. */
  readonly exec: RecordingExec;
  /** Its files; the cache is in `/cache`. */
  readonly files: MemoryFiles;
}

/** Makes one. */
export function makeRuntimeBed(options: Partial<RuntimeOptions> = {}): RuntimeBed {
  const files = new MemoryFiles();
  const exec = new RecordingExec();
  const runtime = createRuntime({ pluginDirs: ['/bin/cni'], cacheDir: '/cache', env: {}, files, exec, ...options });
  return { runtime, exec, files };
}

/** A network of plugins. */
export function networkOf(plugins: readonly object[], keys: object = {}, cniVersion: CniVersion | '' = '1.1.0'): NetworkList {
  return orThrow(parseNetworkList(new TextEncoder().encode(JSON.stringify({ cniVersion, name: 'n1', plugins, ...keys }))));
}

/** An attachment to it. */
export const attachment: NetworkAttachment = { containerId: 'ctr1', netns: '/run/netns/c7', ifname: 'eth0' };

/** How a plugin ends that does nothing. */
export const silentEnd: PluginOutcome = { exitCode: 0, ending: 'exit status 0', stdout: '', stderr: '' };
