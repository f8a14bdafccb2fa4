import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NicFabric } from '../../lib/fabric.js';
import { createVethFabric, type Listener, listenInNamespace, openNamespace, type VethFabricOptions } from '../../netlink/index.js';
import {
  DEFAULT_ACCOUNT,
  type Emulator,
  type EmulatorOptions,
  type ListenPlace,
  startEmulator,
  type VxnetOptions,
} from '../../providers/qingcloud/emulator/index.js';
import { type CommandEnd, type CommandOptions, type Machine, startMachine } from './machine.js';
import { pluginExecutable } from './plugin-executable.js';

/** The instance that the only machine of a {@link PluginWorld} plays. */
export const worldInstanceId = 'i-world001';

/** What a {@link PluginWorld} may be told. */
export interface PluginWorldOptions {
  /** Settings of the emulated cloud. */
  readonly emulator?: Pick<EmulatorOptions, 'vxnets' | 'jobs' | 'limits' | 'choices' | 'latencyMs' | 'clock' | 'onCall'>;
  /** One more place for the cloud to listen at, in the namespace of the caller. */
  readonly listenHere?: ListenPlace;
  /** The plugin to run; {@link pluginExecutable} without it. */
  readonly executable?: string;
  /** Settings of the fabric. */
  readonly fabric?: VethFabricOptions;
  /** Stands between the cloud and the fabric that plugs its NICs. */
  readonly wrapFabric?: (fabric: NicFabric) => NicFabric;
  /** Shell commands run inside the machine when it starts; see {@link ownFolders}. */
  readonly setup?: (folder: string) => string;
  /** The vxnet of the machine's primary NIC, with its address configured as an image of the cloud does; no primary NIC without it. */
  readonly primaryVxnet?: string;
}

/**
 * Lets a machine have system folders of its own, so that a test can write to them and leaves the real ones alone.
 * What is written lands in the folder of the world.
 */
export function ownFolders(folder: string, paths: readonly string[]): string {
  return paths
    .map((path) => {
      const [upper, work] = [`${folder}/upper${path}`, `${folder}/work${path}`];
      return `mkdir -p ${upper} ${work}; mount -t overlay overlay -o lowerdir=${path},upperdir=${upper},workdir=${work} ${path}`;
    })
    .join('\n');
}

/** One CNI command. */
export interface CniCall {
  /** CNI_COMMAND. */
  readonly command: string;
  /** Standard input: a configuration, or any text, or none at all. */
  readonly stdin: object | string;
  /** Name of a pod's namespace; the container id is the same text. */
  readonly pod?: string;
  /** Variables beside those a runtime sets, or in their place. */
  readonly env?: Readonly<Record<string, string>>;
  /** How the process is run. */
  readonly options?: CommandOptions;
}

/** A cloud, a machine in it that runs pods, and the plugin on that machine. */
export interface PluginWorld {
  /** The cloud. */
  readonly emulator: Emulator;
  /** The instance that the machine plays. */
  readonly instanceId: string;
  /** The machine. */
  readonly machine: Machine;
  /** Folder of this world, seen under the same path from inside and outside the machine. */
  readonly folder: string;
  /** The plugin. */
  readonly executable: string;
  /** Path of the working provider file. */
  readonly providerFile: string;
  /** Makes the network namespace of a pod; gives its path inside the machine. */
  addPod(name: string): Promise<string>;
  /** Removes it, as a runtime does at a container's end. */
  removePod(name: string): Promise<void>;
  /** A configuration of this world's cloud with other keys put in. */
  conf(changes?: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** Writes a provider file of other keys; gives its path. */
  writeProviderFile(name: string, changes: Readonly<Record<string, unknown>>): Promise<string>;
  /** Runs the plugin as a runtime does. */
  call(call: CniCall): Promise<CommandEnd>;
  /** All links, addresses, routes and rules of the machine and its pods, as text to compare. */
  networkState(): Promise<string>;
  /** Takes everything down. */
  close(): Promise<void>;
}

const defaultVxnets: readonly VxnetOptions[] = [
  { id: 'vxnet-a', routerId: 'rtr-1', cidr: '192.168.100.0/24' },
  { id: 'vxnet-b', routerId: 'rtr-1', cidr: '192.168.101.0/24' },
  { id: 'vxnet-other-vpc', routerId: 'rtr-2', cidr: '192.168.100.0/24' },
  { id: 'vxnet-without-vpc', cidr: '192.168.103.0/24' },
];

function formatYaml(keys: Readonly<Record<string, unknown>>): string {
  return Object.entries(keys)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
    .join('');
}

/** A machine that is to be an instance of a cloud that does not run yet. */
interface Site {
  readonly instanceId: string;
  readonly folder: string;
  readonly machine: Machine;
  readonly listener: Listener;
}

async function startSite(instanceId: string, options: PluginWorldOptions, onClose: (closer: () => Promise<void>) => void): Promise<Site> {
  // Sockets of runtimes live below it, whose paths are limited to 107 bytes.
  const folder = await mkdtemp(join(tmpdir(), 'hn-'));
  onClose(() => rm(folder, { recursive: true, force: true }));
  const machine = await startMachine(options.setup?.(folder));
  onClose(() => machine.close());
  const inside = await openNamespace(machine.network);
  const listener = listenInNamespace(inside, { host: '127.0.0.1', port: 0 });
  inside.close();
  await writeFile(join(folder, 'instance-id'), `${instanceId}\n`);
  return { instanceId, folder, machine, listener };
}

async function mustRun(machine: Machine, command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await machine.run(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${code}: ${stderr}`);
  return stdout;
}

/** Gives the primary NIC its address, as an image of the cloud does. */
async function configurePrimary({ instanceId, machine }: Site, emulator: Emulator): Promise<void> {
  const primary = emulator.nics().find((nic) => nic.role === 1 && nic.instanceId === instanceId);
  if (primary === undefined) return;
  const router = emulator.vxnets().find(({ id }) => id === primary.vxnetId)?.managerIp ?? '';
  const links = await mustRun(machine, 'ip', ['-o', 'link']);
  const line = links.split('\n').find((text) => text.includes(primary.id));
  const name = line?.split(/[:@] ?/)[1] ?? '';
  await mustRun(machine, 'ip', ['addr', 'add', `${primary.address}/24`, 'dev', name]);
  await mustRun(machine, 'ip', ['link', 'set', name, 'up']);
  await mustRun(machine, 'ip', ['route', 'add', 'default', 'via', router]);
}

async function openWorld(site: Site, emulator: Emulator, executable: string, close: () => Promise<void>): Promise<PluginWorld> {
  const { instanceId, machine, folder, listener } = site;
  const keys = {
    qy_access_key_id: DEFAULT_ACCOUNT.accessKeyId,
    qy_secret_access_key: DEFAULT_ACCOUNT.secretAccessKey,
    zone: 'pek3a',
    host: '127.0.0.1',
    port: listener.port,
    protocol: 'http',
    uri: '/iaas',
  };
  const writeProviderFile = async (name: string, changes: Readonly<Record<string, unknown>>): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, formatYaml({ ...keys, ...changes }), { mode: 0o600 });
    return path;
  };
  const providerFile = await writeProviderFile('client.yaml', {});
  return {
    emulator,
    instanceId,
    machine,
    folder,
    executable,
    providerFile,
    writeProviderFile,
    close,
    async addPod(name) {
      await mustRun(machine, 'ip', ['netns', 'add', name]);
      return `/run/netns/${name}`;
    },
    async removePod(name) {
      await mustRun(machine, 'ip', ['netns', 'del', name]);
    },
    conf(changes = {}) {
      return {
        cniVersion: '1.1.0',
        name: 'hostnic',
        type: 'hostnic',
        provider: 'qingcloud',
        args: { providerConfigFile: providerFile, vxNets: ['vxnet-a'] },
        instanceIdFile: join(folder, 'instance-id'),
        dataDir: join(folder, 'data'),
        hostDir: join(folder, 'host'),
        // Tests make more calls than a host does; the budget has tests of its own.
        apiCallsPerHour: 0,
        ...changes,
      };
    },
    call({ command, stdin, pod, env, options: run = {} }) {
      const attachment = {
        CNI_CONTAINERID: pod ?? 'no-pod',
        CNI_NETNS: pod === undefined ? '' : `/run/netns/${pod}`,
        CNI_IFNAME: 'eth0',
      };
      const variables = { PATH: process.env['PATH'] ?? '', CNI_COMMAND: command, CNI_PATH: '/opt/cni/bin', ...attachment, ...env };
      const text = typeof stdin === 'string' ? stdin : JSON.stringify(stdin);
      return machine.run(executable, [], { stdin: text, env: variables, ...run });
    },
    networkState() {
      // Counters and timers change by themselves; flags, names, addresses and routes do not.
      const show = 'ip -o link; ip -o addr; ip -4 route show table all; ip -6 route show table all; ip rule';
      return mustRun(machine, 'sh', [
        '-c',
        `for n in $(ip netns list | cut -d' ' -f1 | sort); do ip netns exec $n sh -c '${show}'; done; ${show}`,
      ]);
    },
  };
}

/**
 * Starts one cloud with several machines in it, all of one account. The cloud listens on each machine's loopback; its NICs are veth pairs.
 * Closing one of the worlds closes all.
 * @param instanceIds an instance for each machine
 */
export async function startPluginAccount(
  instanceIds: readonly string[],
  options: PluginWorldOptions = {},
): Promise<readonly PluginWorld[]> {
  const { primaryVxnet } = options;
  const executable = options.executable ?? (await pluginExecutable());
  const closers: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const sites: Site[] = [];
    for (const id of instanceIds) sites.push(await startSite(id, options, (closer) => closers.push(closer)));
    const fabric = await createVethFabric(options.fabric);
    closers.push(() => fabric.close());
    const emulator = await startEmulator({
      vxnets: defaultVxnets,
      instances: sites.map(({ instanceId, machine }) => ({
        id: instanceId,
        namespace: machine.network,
        ...(primaryVxnet === undefined ? {} : { primaryNic: { vxnetId: primaryVxnet } }),
      })),
      jobs: { attachMs: 0, detachMs: 0 },
      ...options.emulator,
      fabric: options.wrapFabric?.(fabric) ?? fabric,
      listen: [...sites.map(({ listener }) => ({ fd: listener.fd })), ...(options.listenHere === undefined ? [] : [options.listenHere])],
    });
    closers.push(() => emulator.close());
    const worlds: PluginWorld[] = [];
    for (const site of sites) {
      await configurePrimary(site, emulator);
      worlds.push(await openWorld(site, emulator, executable, close));
    }
    return worlds;
  } catch (error) {
    await close();
    throw error;
  }
}

/** Starts a world: a cloud with one machine in it. */
export async function startPluginWorld(options: PluginWorldOptions = {}): Promise<PluginWorld> {
  const [world] = await startPluginAccount([worldInstanceId], options);
  if (world === undefined) throw new Error('there is one world for each instance');
  return world;
}
