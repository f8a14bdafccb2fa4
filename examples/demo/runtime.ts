import { join } from 'node:path';
import { convertResult, parseResult, type Result } from '../../lib/cni/index.js';
import { orThrow } from '../../lib/codec.js';
import { type Place, type ProcessEnd, run } from './place.js';
import { POD_VXNET, type Stage } from './stage.js';

/** The range of service addresses. */
export const SERVICE_RANGE = '10.96.0.0/16';

/** What ADD gave, and how long it took. */
export interface Added {
  /** The result, as it will be handed back as `prevResult`. */
  readonly prevResult: unknown;
  /** The result, read. */
  readonly result: Result;
  /** The plugin's life from exec to exit, in milliseconds. */
  readonly ms: number;
}

/** Thrown when the plugin does not do what it was asked to. */
export class PluginFailure extends Error {
  override readonly name = 'PluginFailure';
}

/** The network configuration of the README with ids and paths of this run, and with the version that has CHECK and GC. */
export function toNetworkConfiguration(stage: Stage): Record<string, unknown> {
  return {
    cniVersion: '1.1.0',
    name: 'hostnic',
    type: 'hostnic',
    provider: 'qingcloud',
    args: { providerConfigFile: stage.providerFile, vxNets: [POD_VXNET] },
    ipam: { routes: [{ dst: SERVICE_RANGE, gw: '0.0.0.0' }] },
    isGateway: true,
    // A gateway NIC without users stays for ten minutes, for the next pod. Nobody waits that long for the end of a demo.
    gatewayIdleSeconds: 0,
    instanceIdFile: join(stage.folder, 'instance-id'),
    dataDir: join(stage.folder, 'data'),
    hostDir: join(stage.folder, 'host'),
  };
}

/** Plays the container runtime: runs the plugin on the machine, as containerd or CRI-O would. */
export class Runtime {
  readonly #stage: Stage;
  readonly #plugin: string;
  readonly #signal: AbortSignal;
  readonly #config: Record<string, unknown>;

  /** @param plugin the executable @param signal asks a plugin that runs to end */
  constructor(stage: Stage, plugin: string, signal: AbortSignal) {
    this.#stage = stage;
    this.#plugin = plugin;
    this.#signal = signal;
    this.#config = toNetworkConfiguration(stage);
  }

  /** Gives a pod its interface. @throws PluginFailure with the plugin's own words */
  async add(pod: Place): Promise<Added> {
    const end = await this.#run('ADD', pod, this.#config);
    const result = orThrow(convertResult(orThrow(parseResult(end.stdout)), '1.1.0'));
    return { prevResult: JSON.parse(end.stdout), result, ms: end.ms };
  }

  /** Asks whether a pod's interface is as it was. @throws PluginFailure */
  async check(pod: Place, added: Added): Promise<ProcessEnd> {
    return this.#run('CHECK', pod, { ...this.#config, prevResult: added.prevResult });
  }

  /** Takes a pod's interface away. @throws PluginFailure */
  async del(pod: Place, added: Added): Promise<ProcessEnd> {
    return this.#run('DEL', pod, { ...this.#config, prevResult: added.prevResult });
  }

  /** Says which pods there are; what others left behind goes. @throws PluginFailure */
  async gc(valid: readonly Place[]): Promise<ProcessEnd> {
    const attachments = valid.map((pod) => ({ containerID: pod.name, ifname: 'eth0' }));
    return this.#run('GC', undefined, { ...this.#config, 'cni.dev/valid-attachments': attachments });
  }

  /** Asks which versions the plugin speaks. @throws PluginFailure */
  async version(): Promise<ProcessEnd> {
    return this.#run('VERSION', undefined, { cniVersion: '1.1.0' });
  }

  async #run(command: string, pod: Place | undefined, config: object): Promise<ProcessEnd> {
    this.#signal.throwIfAborted();
    const env = {
      PATH: process.env['PATH'],
      CNI_COMMAND: command,
      CNI_PATH: '/opt/cni/bin',
      ...(pod === undefined ? {} : { CNI_CONTAINERID: pod.name, CNI_NETNS: pod.path, CNI_IFNAME: 'eth0' }),
    };
    const end = await run(this.#stage.vm, this.#plugin, [], { stdin: JSON.stringify(config), env, signal: this.#signal });
    this.#signal.throwIfAborted();
    if (end.code !== 0) throw new PluginFailure(`${command} ${pod?.name ?? ''}: exit ${end.code}\n${end.stdout}${end.stderr}`);
    return end;
  }
}
