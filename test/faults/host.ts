import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { attachmentId, nicName } from '../../lib/attachment/names.js';
import type { AttachmentRecord } from '../../lib/attachment/record.js';
import type { JsonObject } from '../../lib/cni/index.js';
import type { NetworkNamespace } from '../../lib/driver.js';
import { createNetlinkDriver } from '../../netlink/index.js';
import type { EmulatedNic } from '../../providers/qingcloud/emulator/index.js';
import type { CommandEnd } from '../support/machine.js';
import type { PluginWorld } from '../support/plugin-world.js';

/** The 4 s that the plugin grants itself after its deadline before it is ended, and what starting and ending a process takes on a busy machine. */
const GRACE_MS = 20_000;

/** How a command of the plugin ended. */
export interface Answer {
  /** 0 for success, else the CNI code of its error; undefined when a signal ended it. */
  readonly code: number | undefined;
  /** ADD's result. */
  readonly result?: JsonObject;
  /** The error's message; empty after success. */
  readonly message: string;
  /** How long the process took, in milliseconds. */
  readonly tookMs: number;
}

/** One command about a container. */
export interface HostCommand {
  /** CNI_COMMAND. */
  readonly command: 'ADD' | 'DEL' | 'CHECK' | 'GC';
  /** CNI_CONTAINERID. */
  readonly containerId?: string;
  /** Name of the container's namespace; the container's by default. */
  readonly pod?: string;
  /** Keys of the configuration that differ. */
  readonly conf?: Readonly<Record<string, unknown>>;
  /** Called with the process that runs the plugin. */
  readonly onSpawn?: (child: ChildProcess) => void;
}

/** The network that a host's containers are in unless told otherwise. */
export const NETWORK = 'hostnic';

/** A machine on which many processes of the plugin run at once. */
export class Host {
  /** Cloud, machine and plugin. */
  readonly world: PluginWorld;
  /** Keys of its configuration that differ from the world's. */
  readonly #conf: Readonly<Record<string, unknown>>;
  readonly #deadlineMs: number;
  readonly #driver = createNetlinkDriver();
  /** The longest a command has taken so far, in milliseconds. */
  slowestMs = 0;
  /** How many commands were run. */
  commands = 0;
  #crowds = 0;

  constructor(world: PluginWorld, conf: Readonly<Record<string, unknown>> = {}) {
    this.world = world;
    this.#conf = { nicsPerInstance: 1000, deadlineSeconds: 55, ...conf };
    this.#deadlineMs = Number(this.#conf['deadlineSeconds']) * 1000;
  }

  /** The configuration with some keys put in. */
  conf(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    return this.world.conf({ ...this.#conf, ...changes });
  }

  /** Runs the plugin. What it prints must be one answer of CNI, and come before its deadline. */
  async run(command: HostCommand): Promise<Answer> {
    const { containerId, pod, onSpawn } = command;
    const startedAt = performance.now();
    const named = pod ?? containerId;
    const end = await this.world.call({
      command: command.command,
      stdin: this.conf(command.conf),
      ...(named === undefined ? {} : { pod: named }),
      ...(containerId === undefined ? {} : { env: { CNI_CONTAINERID: containerId } }),
      options: { limitMs: this.#limitMs(), ...(onSpawn === undefined ? {} : { onSpawn }) },
    });
    return this.#read(command, end, performance.now() - startedAt);
  }

  /**
   * Runs commands all at once. A shell on the machine starts them, since starting hundreds would
   * keep this process from being the cloud meanwhile. Each has the time from its own start to its own end.
   */
  async runAtOnce(commands: readonly HostCommand[]): Promise<readonly Answer[]> {
    this.#crowds += 1;
    const folder = join(this.world.folder, `crowd-${this.#crowds}`);
    mkdirSync(folder);
    const lines = commands.map(({ command, containerId = 'none', pod = containerId, conf }, i) => {
      const file = join(folder, `${i}`);
      writeFileSync(`${file}.in`, JSON.stringify(this.conf(conf)));
      const env = `CNI_COMMAND=${command} CNI_CONTAINERID=${containerId} CNI_NETNS=/run/netns/${pod} CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin`;
      return `(: >${file}.start; ${env} ${this.world.executable} <${file}.in >${file}.out 2>${file}.err; echo $? >${file}.code) &`;
    });
    writeFileSync(join(folder, 'start'), [...lines, 'wait'].join('\n'));
    const { code, stderr } = await this.world.machine.run('sh', [join(folder, 'start')], { limitMs: this.#limitMs() });
    expect(code, stderr).to.equal(0);
    const answers = commands.map((command, i) => {
      const text = (suffix: string): string => readFileSync(join(folder, `${i}.${suffix}`), 'utf8');
      const timeOf = (suffix: string): number => statSync(join(folder, `${i}.${suffix}`)).mtimeMs;
      const end = { code: Number(text('code')), signal: undefined, stdout: text('out'), stderr: text('err') };
      return this.#read(command, end, timeOf('code') - timeOf('start'));
    });
    rmSync(folder, { recursive: true });
    return answers;
  }

  #limitMs(): number {
    return 2 * this.#deadlineMs + 60_000;
  }

  #read({ command, containerId }: HostCommand, end: CommandEnd, tookMs: number): Answer {
    this.commands += 1;
    this.slowestMs = Math.max(this.slowestMs, tookMs);
    const what = `${command} ${containerId ?? ''}: exit ${end.code} ${end.signal ?? ''}, ${end.stdout}${end.stderr}`;
    expect(tookMs, what).to.be.below(this.#deadlineMs + GRACE_MS);
    if (end.code === undefined) return { code: undefined, message: `ended by ${end.signal}`, tookMs };
    if (end.code === 0) {
      if (command !== 'ADD') {
        expect(end.stdout, what).to.equal('');
        return { code: 0, message: '', tookMs };
      }
      const result = JSON.parse(end.stdout) as JsonObject;
      expect(result, what).to.have.property('interfaces');
      return { code: 0, result, message: '', tookMs };
    }
    const {
      code,
      msg,
      details = '',
    } = JSON.parse(end.stdout) as { readonly code: number; readonly msg: string; readonly details?: string };
    expect(code, what).to.be.above(0);
    return { code, message: `${msg} ${details}`.trim(), tookMs };
  }

  /** Runs a command that has to succeed. */
  async succeed(command: HostCommand): Promise<Answer> {
    const answer = await this.run(command);
    expect(answer.code, `${command.command} ${command.containerId ?? ''}: ${answer.message}`).to.equal(0);
    return answer;
  }

  /** NICs of this instance and those made for it, the primary one left out. */
  nics(): readonly EmulatedNic[] {
    const { emulator, instanceId } = this.world;
    return emulator.nics().filter((nic) => nic.role !== 1 && (nic.instanceId === instanceId || nic.instanceId === undefined));
  }

  /** Those that were made for one container. */
  nicsOf(containerId: string, network = NETWORK): readonly EmulatedNic[] {
    const name = nicName(this.world.instanceId, { network, containerId, ifname: 'eth0' });
    return this.world.emulator.nics().filter((nic) => nic.name === name);
  }

  /** All files in its folders that stand for something: locks, caches and the list of journals left out. */
  files(dataDirs: readonly string[] = ['data']): readonly string[] {
    const { folder } = this.world;
    return [...dataDirs, 'host'].flatMap((name) =>
      readdirSync(join(folder, name), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !/\/(locks|cache|journals)$/.test(entry.parentPath))
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)),
    );
  }

  /** Files of one container's record. */
  filesOf(containerId: string, network = NETWORK, dataDir = 'data'): readonly string[] {
    const id = attachmentId({ network, containerId, ifname: 'eth0' });
    return this.files([dataDir]).filter((file) => file.includes(id));
  }

  /** One container's record; undefined when there is none. */
  recordOf(containerId: string): AttachmentRecord | undefined {
    const { folder } = this.world;
    const records = this.filesOf(containerId)
      .filter((file) => file.endsWith('.json'))
      .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as AttachmentRecord);
    return records.sort((a, b) => b.revision - a.revision)[0];
  }

  /** Opens the namespace of the machine itself. The caller closes it. */
  openHost(): Promise<NetworkNamespace> {
    return this.#driver.open(this.world.machine.network);
  }

  /** Opens the namespace of a pod, as this process sees it. The caller closes it. */
  openPod(pod: string): Promise<NetworkNamespace> {
    return this.#driver.open({ kind: 'path', path: `/proc/${this.world.machine.pid}/root/run/netns/${pod}` });
  }

  /** Links, addresses, routes and rules of the host itself, as text to compare. */
  async networkState(): Promise<string> {
    const script = 'ip -d -o link; ip -o addr; ip -4 route show table all; ip -6 route show table all; ip rule; ip -6 rule';
    const { code, stdout, stderr } = await this.world.machine.run('sh', ['-c', script]);
    expect(code, stderr).to.equal(0);
    // Timers of the kernel change by themselves.
    return stdout.replace(/ (valid_lft|preferred_lft|gc_timer|hello_timer|tcn_timer|topology_change_timer) +\S+/g, '');
  }

  /** That nothing is left of any container: no NIC, no file, and links, addresses, routes and rules of the host as they were. */
  async expectAsBefore(networkState: string, dataDirs?: readonly string[]): Promise<void> {
    await this.world.emulator.idle();
    expect(
      this.nics().map(({ id, name }) => `${id} ${name}`),
      'NICs in the cloud',
    ).to.deep.equal([]);
    expect(this.files(dataDirs), 'files of the journal').to.deep.equal([]);
    expect(await this.networkState(), 'links of the host').to.equal(networkState);
  }
}

/** A world whose cloud takes more NICs than the real one, which stops at 64 of an instance and 252 of a vxnet. */
export const ROOMY = {
  vxnets: [
    { id: 'vxnet-a', routerId: 'rtr-1', cidr: '172.16.0.0/20' },
    { id: 'vxnet-b', routerId: 'rtr-1', cidr: '172.16.16.0/20' },
  ],
  limits: { nicsPerInstance: 1000, nicsPerVxnet: 4000 },
} as const;

/** Works on a list, a bounded number at a time. The first error ends it once all under way has ended. */
export async function atOnce<T>(items: readonly T[], most: number, work: (item: T, index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const errors: unknown[] = [];
  const worker = async (): Promise<void> => {
    while (next < items.length && errors.length === 0) {
      const index = next++;
      const item = items[index];
      if (item === undefined) return;
      await work(item, index).catch((error: unknown) => errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: most }, worker));
  if (errors.length > 0) throw errors[0];
}
