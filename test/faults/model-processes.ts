import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { attachmentId, gatewayName, nicName } from '../../lib/attachment/names.js';
import type { JsonObject } from '../../lib/cni/index.js';
import type { Link } from '../../lib/driver.js';
import type { FaultRule } from '../../providers/qingcloud/emulator/index.js';
import { childOf } from '../support/machine.js';
import { startPluginWorld } from '../support/plugin-world.js';
import { seededRandom } from '../support/random.js';
import { type Answer, Host, type HostCommand, NETWORK, ROOMY } from './host.js';
import { JournalWatch } from './journal-watch.js';
import type { ModelSubject, Outcome, RecordView } from './model.js';
import type { Mishap } from './model-plan.js';

const VXNETS = ['vxnet-a', 'vxnet-b'];
const BOOT_ID = '/proc/sys/kernel/random/boot_id';
/** What a record says when its process may be killed. */
const KILL_STEPS: Readonly<Record<string, readonly string[]>> = {
  ADD: ['create', 'attach', 'move', 'redirects', 'configure', 'announce', 'complete'],
  DEL: ['removing'],
};
/** How often a process is killed by what its record says; otherwise after a time alone. */
const BY_STEP = 0.7;
const SOUND: Mishap = { faultSeed: undefined, killAt: undefined };

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What goes wrong in the cloud during one command, which follows from the seed alone. */
function planFaults(seed: number): readonly FaultRule[] {
  const { next } = seededRandom(seed);
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(next() * choices.length)] as T;
  const rule = (): FaultRule => {
    const when = pick(['before', 'after'] as const);
    const aim = { skip: Math.floor(next() * 2), times: 1 + Math.floor(next() * 2) };
    const ofAnyCall = { action: pick(['CreateNics', 'AttachNics', 'DetachNics', 'DeleteNics', 'DescribeNics', 'DescribeJobs']), ...aim };
    switch (pick(['refusal', 'cut', 'status', 'garbage', 'late', 'failed job', 'early link'] as const)) {
      case 'refusal':
        return { ...ofAnyCall, fault: { kind: 'error', error: pick(['busy', 'internal', 'quota', 'rate-limit'] as const), when } };
      case 'cut':
        return { ...ofAnyCall, fault: { kind: 'cut', when } };
      case 'status':
        return { ...ofAnyCall, fault: { kind: 'status', status: 502, when } };
      case 'garbage':
        return { ...ofAnyCall, fault: { kind: 'garbage', when } };
      case 'late':
        return { ...aim, action: 'CreateNics', fault: { kind: 'late-effect', delayMs: 50 + Math.floor(next() * 500) } };
      case 'failed job':
        return { ...aim, action: pick(['AttachNics', 'DetachNics']), fault: { kind: 'job', outcome: 'failed', linksAfterMs: 'never' } };
      case 'early link':
        return { ...aim, action: 'AttachNics', fault: { kind: 'job', durationMs: 300, linksAfterMs: 10 } };
    }
  };
  return Array.from({ length: 1 + Math.floor(next() * 3) }, rule);
}

/** Processes of the plugin on the emulated cloud and this kernel, on a machine that can be rebooted. */
export class ProcessSubject implements ModelSubject {
  readonly host: Host;
  readonly gatewayNames: readonly string[];
  readonly #watch: JournalWatch;
  readonly #results = new Map<string, JsonObject>();

  private constructor(host: Host) {
    this.host = host;
    this.gatewayNames = VXNETS.map((vxnet) => gatewayName(host.world.instanceId, vxnet));
    this.#watch = new JournalWatch(join(host.world.folder, 'data'));
  }

  /** Starts a machine whose boot id is a file of ours. */
  static async start(executable: string): Promise<ProcessSubject> {
    const world = await startPluginWorld({
      executable,
      emulator: { ...ROOMY, jobs: { attachMs: 30, detachMs: 20, pendingMs: 0 } },
      setup: (folder) => `echo ${randomUUID()} >${folder}/boot-id; mount --bind ${folder}/boot-id ${BOOT_ID}`,
    });
    const args = { providerConfigFile: world.providerFile, vxNets: VXNETS };
    // With faults some commands wait for what does not come; none shall wait for long.
    return new ProcessSubject(new Host(world, { args, deadlineSeconds: 15 }));
  }

  async close(): Promise<void> {
    this.#watch.close();
    await this.host.world.close();
  }

  createSandbox(container: string): Promise<void> {
    return this.host.world.addPod(container).then(() => undefined);
  }

  async removeSandbox(container: string): Promise<void> {
    this.#results.delete(container);
    await this.host.world.removePod(container);
    await this.#returned();
  }

  async add(container: string, gateway: boolean, mishap: Mishap): Promise<Outcome> {
    const conf = gateway ? { ipam: { routes: [{ dst: '10.96.0.0/12', gw: '0.0.0.0' }] } } : {};
    const answer = await this.#run({ command: 'ADD', containerId: container, conf }, mishap);
    if (answer.result === undefined) return toOutcome(answer);
    this.#results.set(container, answer.result);
    const { interfaces } = answer.result as unknown as { readonly interfaces: readonly { readonly mac: string }[] };
    const mac = interfaces[0]?.mac ?? '';
    return { kind: 'attached', nicId: this.nics().find((nic) => nic.id === mac)?.id ?? `no NIC of ${mac}`, mac };
  }

  async del(container: string, hasSandbox: boolean, mishap: Mishap): Promise<Outcome> {
    // Without a sandbox the runtime names one that is no more.
    const pod = hasSandbox ? container : `${container}-gone`;
    const prevResult = this.#results.get(container);
    const conf = prevResult === undefined ? {} : { prevResult };
    return toOutcome(await this.#run({ command: 'DEL', containerId: container, pod, conf }, mishap));
  }

  async check(container: string): Promise<Outcome> {
    const prevResult = this.#results.get(container);
    if (prevResult === undefined) return { kind: 'failed', why: 'other', message: 'there was no ADD' };
    return toOutcome(await this.#run({ command: 'CHECK', containerId: container, conf: { prevResult } }, SOUND));
  }

  async collect(valid: readonly string[], mishap: Mishap): Promise<Outcome> {
    const list = valid.map((containerID) => ({ containerID, ifname: 'eth0' }));
    return toOutcome(await this.#run({ command: 'GC', conf: { 'cni.dev/valid-attachments': list, gatewayIdleSeconds: 0 } }, mishap));
  }

  /** Namespaces end, and every link of the host; what the cloud has attached comes back as it does when a machine starts: down, without address. */
  async reboot(cut: boolean): Promise<void> {
    const { world } = this.host;
    this.#results.clear();
    if (cut) for (const file of this.#unsynced()) rmSync(file);
    const script = [
      'for name in $(ls /run/netns); do ip netns del $name; done',
      "for link in $(ip -o link | cut -d' ' -f2 | cut -d@ -f1 | tr -d : | grep -v '^lo$'); do ip link del $link 2>/dev/null; done; true",
    ].join('\n');
    const { code, stderr } = await world.machine.run('sh', ['-c', script]);
    expect(code, stderr).to.equal(0);
    writeFileSync(join(world.folder, 'boot-id'), `${randomUUID()}\n`);
    await this.#returned();
  }

  /** The clock is the kernel's, so only what a long time makes stale is forgotten. */
  async pass(ms: number): Promise<void> {
    if (ms >= 60_000) rmSync(join(this.host.world.folder, 'host/cache'), { recursive: true, force: true });
    await this.host.world.emulator.idle();
  }

  nics(): readonly { readonly id: string; readonly name: string }[] {
    return this.host.nics();
  }

  nicName(container: string): string {
    return nicName(this.host.world.instanceId, { network: NETWORK, containerId: container, ifname: 'eth0' });
  }

  attachmentRecords(): readonly RecordView[] {
    return this.#records('data/attachments');
  }

  gatewayRecords(): readonly RecordView[] {
    return this.#records('host/gateways');
  }

  recordOf(container: string): string | undefined {
    const id = attachmentId({ network: NETWORK, containerId: container, ifname: 'eth0' });
    const file = join(this.host.world.folder, 'data/attachments', `${id}.json`);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  async linkOf(container: string): Promise<{ readonly mac: string; readonly up: boolean } | undefined> {
    const namespace = await this.host.openPod(container);
    try {
      const link = (await namespace.listLinks()).find((one) => one.name === 'eth0');
      return link === undefined ? undefined : { mac: link.mac, up: link.up };
    } finally {
      namespace.close();
    }
  }

  /**
   * Collects until nothing is left. A NIC of a lost answer may come for 90 s, so records that wait for one may stay.
   * @param waitMs how long to wait for their end too
   */
  async expectNothingLeft(waitMs: number): Promise<void> {
    const until = performance.now() + waitMs;
    let files: readonly string[] = [];
    do {
      await this.collect([], SOUND);
      await this.host.world.emulator.idle();
      files = this.host.files();
      if (files.length > 0 && waitMs > 0) await sleep(1000);
    } while (files.length > 0 && performance.now() < until);
    expect(this.nics(), 'NICs in the end').to.deep.equal([]);
    if (waitMs > 0) expect(files, 'files in the end').to.deep.equal([]);
    const waiting = [...this.attachmentRecords(), ...this.gatewayRecords()];
    for (const record of waiting) expect(record, 'records in the end').to.have.property('uncertainAt');
    expect((await this.#hostLinks()).map((link) => link.name)).to.deep.equal(['lo']);
  }

  /** Runs a command with a cloud that fails, or in a process that is killed. */
  async #run(command: HostCommand, { faultSeed, killAt }: Mishap): Promise<Answer> {
    const { emulator } = this.host.world;
    if (killAt !== undefined) return this.#kill(command, killAt);
    for (const rule of faultSeed === undefined ? [] : planFaults(faultSeed)) emulator.addFault(rule);
    try {
      return await this.host.run(command);
    } finally {
      emulator.clearFaults();
      // The invariant is about what is, and a request that takes effect late is not yet.
      await emulator.idle();
    }
  }

  /** Kills it some time after its record says a certain step, or after a time alone. */
  async #kill(command: HostCommand, killAt: number): Promise<Answer> {
    const id = attachmentId({ network: NETWORK, containerId: command.containerId ?? '', ifname: 'eth0' });
    const steps = KILL_STEPS[command.command] ?? [];
    const part = (killAt / BY_STEP) * steps.length;
    const step = steps[Math.floor(part)];
    const later = (part % 1) ** 2 * 60;
    let plugin: Promise<number> | undefined;
    let ended = false;
    const kill = async (): Promise<void> => {
      const pid = await plugin?.catch(() => undefined);
      if (pid !== undefined && !ended) process.kill(pid, 'SIGKILL');
    };
    let timer = step === undefined ? setTimeout(kill, ((killAt - BY_STEP) / (1 - BY_STEP)) * 200) : undefined;
    const onStep = (now: string): void => {
      if (now === step && timer === undefined) timer = setTimeout(kill, later);
    };
    this.#watch.listen(id, { onStep });
    const onSpawn: HostCommand['onSpawn'] = (child) => {
      plugin = childOf(child.pid ?? 0);
      plugin.catch(() => {});
      child.once('exit', () => {
        ended = true;
      });
    };
    try {
      return await this.host.run({ ...command, onSpawn });
    } finally {
      clearTimeout(timer);
      this.#watch.forget(id);
      await this.host.world.emulator.idle();
    }
  }

  /** Files that a power cut may lose: all that is written without being synced. */
  #unsynced(): readonly string[] {
    return ['data/attachments', 'host/gateways'].flatMap((group) => {
      const folder = join(this.host.world.folder, group);
      if (!existsSync(folder)) return [];
      return readdirSync(folder)
        .filter((file) => !/^[a-z2-7]+\.json$/.test(file))
        .map((file) => join(folder, file));
    });
  }

  #records(group: string): readonly RecordView[] {
    const folder = join(this.host.world.folder, group);
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((file) => /^[a-z2-7]{20}(\.quick)?\.json$/.test(file))
      .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as RecordView);
  }

  async #hostLinks(): Promise<readonly Link[]> {
    const namespace = await this.host.openHost();
    try {
      return await namespace.listLinks();
    } finally {
      namespace.close();
    }
  }

  /** Waits until every NIC that the cloud has plugged is somewhere on the machine: the fabric brings it back a moment after its namespace died. */
  async #returned(): Promise<void> {
    const inPods = async (): Promise<readonly string[]> => {
      const macs: string[] = [];
      for (const container of readdirSync(`/proc/${this.host.world.machine.pid}/root/run/netns`)) {
        const link = await this.linkOf(container);
        if (link !== undefined) macs.push(link.mac);
      }
      return macs;
    };
    for (let tries = 0; ; tries++) {
      const there = new Set([...(await this.#hostLinks()).map((link) => link.mac), ...(await inPods())]);
      const missing = this.host.nics().filter((nic) => nic.plugged && !there.has(nic.id));
      if (missing.length === 0) return;
      if (tries >= 1000) throw new Error(`${missing.map((nic) => nic.id).join(', ')} did not come back`);
      await sleep(10);
    }
  }
}

function toOutcome({ code, message }: Answer): Outcome {
  if (code === undefined) return { kind: 'killed', where: message };
  if (code === 0) return { kind: 'done' };
  return { kind: 'failed', why: code === 104 ? 'attached' : code === 11 ? 'pending' : 'other', message: `code ${code}: ${message}` };
}
