import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type NamespaceHandle, openNamespace } from '../../../netlink/index.js';
import type { EmulatorOptions } from '../../../providers/qingcloud/emulator/index.js';
import { type CommandEnd, type CommandOptions, childOf } from '../../support/machine.js';
import { ping } from '../../support/ping.js';
import { type PluginWorld, startPluginWorld } from '../../support/plugin-world.js';
import { differingLines, listFiles, type RunThere, readNetwork, readStep } from './host-state.js';
import { findFakeTime, inShiftedTime, ShiftedClock } from './shifted-clock.js';

/** The container whose command dies. */
export const SUBJECT = 'subject';

/** What a command is about. */
export interface HostCall {
  readonly command: 'ADD' | 'DEL' | 'GC';
  /** The container; none for GC. */
  readonly pod?: string;
  /** Keys of the configuration. */
  readonly keys?: Readonly<Record<string, unknown>>;
  /** Arguments of strace to run it under. */
  readonly strace?: readonly string[];
  readonly options?: CommandOptions;
}

/** A route through this host, which needs a gateway. */
export const THROUGH_HOST = { ipam: { routes: [{ dst: '10.96.0.0/12', gw: '0.0.0.0' }] } } as const;

/** An address of the host that is reached by such a route. */
const SERVICE = '10.96.0.1';

type OnCall = NonNullable<EmulatorOptions['onCall']>;

const CACHES = /^host\/cache\/(subnets|set-aside|status)\.json$/;

const setup = `
mount -t tmpfs tmpfs /dev/shm
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
ip addr add ${SERVICE}/32 dev lo
`;

interface Baseline {
  readonly nics: ReadonlyMap<string, string>;
  readonly files: readonly string[];
  readonly network: string;
  readonly pod: string;
}

/** What a {@link CrashHost} may be told. */
export interface CrashHostOptions {
  /** False: no living pods, and no traffic at all. */
  readonly live?: boolean;
}

/**
 * A host with two pods that live: one in the subject's network, one in another network, which reaches the host through a gateway NIC of its
 * own. Commands are real processes; time is shifted for them and for the cloud alike.
 */
export class CrashHost {
  readonly clock: ShiftedClock;
  readonly world: PluginWorld;
  /** What the cloud does around the effect of each call, when set. */
  onCall: OnCall | undefined;
  readonly #fakeTime: string;
  readonly #traffic: boolean;
  readonly #live: { readonly pod: string; readonly namespace: NamespaceHandle; readonly target: string }[] = [];
  #baseline: Baseline | undefined;
  #budget: ReadonlyMap<string, string> = new Map();
  #pods = 0;

  private constructor(world: PluginWorld, clock: ShiftedClock, fakeTime: string, traffic: boolean) {
    this.#traffic = traffic;
    this.world = world;
    this.clock = clock;
    this.#fakeTime = fakeTime;
  }

  /** Starts one. @param executable the plugin */
  static async open(executable: string, { live = true }: CrashHostOptions = {}): Promise<CrashHost> {
    const fakeTime = findFakeTime();
    if (fakeTime === undefined) throw new Error('libfaketime is not installed: apt-get install faketime');
    const clock = new ShiftedClock();
    let host: CrashHost | undefined;
    const world = await startPluginWorld({
      executable,
      setup: () => setup,
      primaryVxnet: 'vxnet-host',
      fabric: { returnDelayMs: 5 },
      emulator: {
        vxnets: ['host', 'a', 'b'].map((name, i) => ({ id: `vxnet-${name}`, routerId: 'rtr-1', cidr: `192.168.${99 + i}.0/24` })),
        jobs: { attachMs: 5, detachMs: 5, pendingMs: 1 },
        clock,
        onCall: (...call) => host?.onCall?.(...call),
      },
    });
    host = new CrashHost(world, clock, fakeTime, live);
    try {
      if (live) await host.#addLivePods();
      await host.addPod(SUBJECT);
      await host.rememberBaseline();
      return host;
    } catch (error) {
      await host.close();
      throw error;
    }
  }

  /** The configuration of the subject's network, or of the other one. */
  conf(keys: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    // Every call is counted, as on a host of users, and never refused.
    return this.world.conf({ gatewayIdleSeconds: 0, apiCallsPerHour: 1_000_000, ...keys });
  }

  /** Runs one command. */
  run({ command, pod, keys, strace, options }: HostCall): Promise<CommandEnd> {
    const { executable, machine } = this.world;
    const variables = {
      CNI_COMMAND: command,
      CNI_CONTAINERID: pod ?? '',
      CNI_NETNS: pod === undefined ? '' : `/run/netns/${pod}`,
      CNI_IFNAME: 'eth0',
      CNI_PATH: '/opt/cni/bin',
      ...inShiftedTime(this.#fakeTime, this.clock),
    };
    const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    const [tool, args] =
      strace === undefined
        ? ['env', [...settings, executable]]
        : ['strace', [...strace, ...settings.flatMap((setting) => ['-E', setting]), executable]];
    const stdin = JSON.stringify(this.conf(keys));
    return machine.run(tool, args, { stdin, env: { PATH: process.env['PATH'] ?? '' }, ...options });
  }

  /** Runs a command that must succeed. */
  async must(call: HostCall): Promise<void> {
    const end = await this.run(call);
    if (end.code !== 0) throw new Error(`${call.command} ${call.pod ?? ''}: exit ${end.code}: ${end.stdout}${end.stderr}`);
  }

  /** GC of the subject's network, in which the first living pod is valid. */
  collect(keys: Readonly<Record<string, unknown>> = {}): HostCall {
    const valid = [{ containerID: 'keeper-a', ifname: 'eth0' }];
    return { command: 'GC', keys: { 'cni.dev/valid-attachments': valid, ...keys } };
  }

  /** Runs a command that is killed at a point of the cloud. Resolves when it is dead, or has ended unharmed. */
  async runKilled(call: HostCall, arm: (kill: () => Promise<void>) => OnCall): Promise<CommandEnd> {
    let entered = Promise.resolve(0);
    this.onCall = arm(async () => {
      process.kill(await entered, 'SIGKILL');
    });
    try {
      return await this.run({
        ...call,
        options: {
          onSpawn: (child) => {
            entered = childOf(child.pid ?? 0);
          },
        },
      });
    } finally {
      this.onCall = undefined;
    }
  }

  /** Adds a pod without a NIC of the cloud. */
  async addPod(name: string): Promise<void> {
    await this.world.addPod(name);
  }

  /** A name that no pod had. */
  newPodName(): string {
    this.#pods++;
    return `other${this.#pods}`;
  }

  /** Removes a pod's namespace, as a runtime does whatever became of its network. */
  async removePod(name: string): Promise<void> {
    await this.world.removePod(name);
  }

  /** The subject's namespace as it is when nothing has come to it, whether it is there or not. */
  async renewSubject(): Promise<void> {
    await this.world.removePod(SUBJECT).catch(() => {});
    await this.world.addPod(SUBJECT);
  }

  /** Steps that records of the host name which are not those of living pods. */
  async steps(): Promise<readonly string[]> {
    const { folder } = this.world;
    const known = new Set(this.#baseline?.files);
    const steps: string[] = [];
    for (const group of ['data/attachments', 'host/gateways']) {
      const names = await readdir(join(folder, group)).catch(() => []);
      for (const name of names) {
        if (!/^[a-z2-7]{20}\.json$/.test(name) || known.has(`${group}/${name}`)) continue;
        const step = await readStep(join(folder, group, name));
        if (step !== undefined) steps.push(group === 'host/gateways' ? `gateway ${step}` : step);
      }
    }
    return steps;
  }

  /** Which living pods have lost their traffic. */
  async cutOff(): Promise<readonly string[]> {
    const answers = await Promise.all(this.#live.map(async ({ namespace, target }) => (await ping(namespace, target, 2000)).answered));
    return this.#live.filter((_, i) => answers[i] !== true).map(({ pod, target }) => `pod ${pod} does not reach ${target}`);
  }

  /** Whether the subject's NIC carries traffic. */
  async subjectCutOff(): Promise<readonly string[]> {
    const namespace = await openNamespace({ kind: 'path', path: this.#pathOf(SUBJECT) });
    try {
      return (await ping(namespace, '192.168.100.1', 2000)).answered ? [] : ['the subject does not reach its router'];
    } finally {
      namespace.close();
    }
  }

  /** All that is not as it was before the subject came: NICs in the cloud, files, links, addresses, rules, routes, settings, traffic. */
  async leftOver(): Promise<readonly string[]> {
    const before = this.#baseline;
    if (before === undefined) throw new Error('there is nothing to compare with yet');
    const nics = this.#nics();
    const files = await this.#files();
    const problems = [
      ...[...nics].filter(([id, state]) => before.nics.get(id) !== state).map(([id, state]) => `NIC ${id} in the cloud: ${state}`),
      ...[...before.nics.keys()].filter((id) => !nics.has(id)).map((id) => `NIC ${id} is missing in the cloud`),
      ...files.filter((file) => !before.files.includes(file)).map((file) => `file ${file}`),
      ...before.files.filter((file) => !files.includes(file)).map((file) => `file ${file} is missing`),
    ];
    const network = await this.#network();
    return [...problems, ...differingLines(before.network, network).map((line) => `network ${line}`), ...(await this.cutOff())];
  }

  /** What of the subject's namespace is not as it was when it was new. */
  async leftInPod(): Promise<readonly string[]> {
    const network = await this.#network(SUBJECT);
    return differingLines(this.#baseline?.pod ?? '', network).map((line) => `pod ${line}`);
  }

  /** Gives the API's budget back what refusals for too many calls have taken from it since the baseline. */
  async refillBudget(): Promise<void> {
    for (const [path, text] of this.#budget) await writeFile(path, text);
  }

  /** NICs that the subject's attachments have in the cloud. */
  subjectNics(): number {
    return this.#newNics().filter((nic) => nic.name.startsWith('hostnic-p')).length;
  }

  async close(): Promise<void> {
    for (const { namespace } of this.#live) namespace.close();
    await this.world.close();
  }

  #newNics() {
    return this.world.emulator.nics().filter((nic) => this.#baseline?.nics.has(nic.id) !== true);
  }

  #nics(): ReadonlyMap<string, string> {
    const described = this.world.emulator
      .nics()
      .map(({ id, name, status, instanceId, plugged }) => [id, `${name} ${status} ${instanceId ?? 'nowhere'} ${plugged ? 'plugged' : ''}`]);
    return new Map(described.map(([id = '', text = '']) => [id, text]));
  }

  /** Without what a host that has a past may have or not: its caches, and the unsynced half of a record that stands. */
  async #files(): Promise<readonly string[]> {
    const { folder } = this.world;
    const found = await Promise.all(
      ['data', 'host'].map(async (name) => (await listFiles(join(folder, name))).map((file) => `${name}/${file}`)),
    );
    const files = found.flat();
    return files.filter((file) => !CACHES.test(file) && !(file.endsWith('.quick.json') && files.includes(file.replace('.quick', ''))));
  }

  async #addLivePods(): Promise<void> {
    const live = [
      { pod: 'keeper-a', keys: {}, target: '192.168.100.1' },
      { pod: 'keeper-b', keys: { name: 'other', args: this.#otherArgs(), ...THROUGH_HOST }, target: SERVICE },
    ];
    for (const { pod, keys, target } of live) {
      await this.addPod(pod);
      await this.must({ command: 'ADD', pod, keys });
      this.#live.push({ pod, target, namespace: await openNamespace({ kind: 'path', path: this.#pathOf(pod) }) });
    }
  }

  #network(namespace?: string): Promise<string> {
    const { machine } = this.world;
    const inside: RunThere = (command, args) => machine.run('ip', ['netns', 'exec', namespace ?? '', command, ...args]);
    return readNetwork(namespace === undefined ? machine.run : inside, { traffic: this.#traffic });
  }

  /** Takes all that is there now, but no NIC of the subject's, for what shall be there at the end. */
  async rememberBaseline(): Promise<void> {
    const pod = await this.#network(SUBJECT);
    const cut = await this.cutOff();
    if (cut.length > 0) throw new Error(cut.join('; '));
    this.#baseline = { nics: this.#nics(), files: await this.#files(), network: await this.#network(), pod };
    this.#budget = await this.#readBudget();
  }

  async #readBudget(): Promise<ReadonlyMap<string, string>> {
    const directory = join(this.world.folder, 'host', 'calls');
    const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.json'));
    return new Map(
      await Promise.all(names.map(async (name) => [join(directory, name), await readFile(join(directory, name), 'utf8')] as const)),
    );
  }

  /** A namespace's path as seen from here. */
  #pathOf(pod: string): string {
    return `/proc/${this.world.machine.pid}/root/run/netns/${pod}`;
  }

  #otherArgs(): unknown {
    return { providerConfigFile: this.world.providerFile, vxNets: ['vxnet-b'] };
  }
}
