import type { Emulator } from '../../providers/qingcloud/emulator/index.js';
import type { Place } from './place.js';
import { ask, reach } from './probe.js';
import { formatTable, type Report } from './report.js';
import { type Added, Runtime, toNetworkConfiguration } from './runtime.js';
import { type Closable, serveIn, translate } from './service.js';
import { INSTANCE, openStage, POD_VXNET, type Stage } from './stage.js';
import { median, timeAdds, timeBareMove, timeVersions } from './timing.js';

/** What the story needs. */
export interface StoryOptions {
  /** The plugin's executable. */
  readonly plugin: string;
  /** How often each ADD is timed. */
  readonly rounds: number;
  /** How long attach jobs of the second timing take, in milliseconds; in the first they take no time. */
  readonly jobMs: number;
  /** Ends the story early. */
  readonly signal: AbortSignal;
  /** Whom it is told to. */
  readonly report: Report;
}

const SERVICE_ADDRESS = '10.96.0.10';
const BACKEND_PORT = 8080;

/** Tells which calls of the API a step made. */
class Calls {
  readonly #emulator: Emulator;
  readonly #report: Report;
  #seen: number;

  constructor(emulator: Emulator, report: Report) {
    this.#emulator = emulator;
    this.#report = report;
    this.#seen = 0;
  }

  tell(): void {
    const fresh = this.#emulator.calls().filter((call) => call.number > this.#seen);
    this.#seen = fresh.at(-1)?.number ?? this.#seen;
    const counted: [string, number][] = [];
    for (const { action } of fresh) {
      const last = counted.at(-1);
      if (last?.[0] === action) last[1] += 1;
      else counted.push([action, 1]);
    }
    const words = counted.map(([action, count]) => (count === 1 ? action : `${action} x${count}`));
    if (words.length > 0) this.#report.detail(`calls: ${words.join(', ')}`);
  }
}

function addressOf(added: Added): string {
  return added.result.ips?.[0]?.address.split('/')[0] ?? 'no address';
}

function gatewayOf(added: Added): string {
  return added.result.ips?.[0]?.gateway ?? 'no gateway';
}

function describeAdded(added: Added): string {
  const [link] = added.result.interfaces ?? [];
  return `${link?.name} ${link?.mac} ${added.result.ips?.[0]?.address} via ${gatewayOf(added)}`;
}

function describeRoutes(added: Added): string {
  return `routes: ${(added.result.routes ?? []).map(({ dst, gw }) => `${dst} via ${gw ?? 'the link itself'}`).join(', ')}`;
}

function cloudNics({ emulator }: Stage): string {
  const nics = emulator.nics();
  return nics.map((nic) => `${nic.address} ${nic.role === 1 ? 'primary' : nic.status}`).join(', ');
}

async function timeChapter(options: StoryOptions, stage: Stage, runtime: Runtime, pods: readonly [Place, Place]): Promise<void> {
  const { report, rounds } = options;
  const [pod, neighbour] = pods;
  // With a pod that stays, the gateway NIC stays too: what is timed is the pod's own NIC.
  const stays = await runtime.add(neighbour);
  const versionMs = median(await timeVersions(runtime, rounds));
  const moveMs = median(await timeBareMove(stage.vm, neighbour, rounds));
  const rows: string[][] = [];
  for (const [jobMs, count] of [
    [0, rounds],
    [options.jobMs, Math.min(2, rounds)],
  ] as const) {
    report.say(`ADD and DEL ${count} times, attach jobs of ${jobMs} ms`);
    const timings = await timeAdds(stage, runtime, pod, jobMs, count);
    const totalMs = median(timings.map((timing) => timing.totalMs));
    const plugMs = median(timings.map((timing) => timing.plugMs));
    const numbers = [totalMs, jobMs, plugMs, moveMs, totalMs - jobMs - plugMs - moveMs];
    rows.push([`job of ${jobMs} ms`, `median of ${count}`, ...numbers.map((ms) => ms.toFixed(0))]);
  }
  await runtime.del(neighbour, stays);
  report.block(formatTable(['ADD, exec to exit', '', 'total ms', 'job', 'plugging', 'bare move', 'the rest'], rows));
  report.block([`To start the plugin and have it answer VERSION takes ${versionMs.toFixed(0)} ms of the rest.`]);
}

async function act(options: StoryOptions, stage: Stage, open: Closable[]): Promise<void> {
  const { report, signal } = options;
  const { emulator, vm } = stage;
  const calls = new Calls(emulator, report);
  const runtime = new Runtime(stage, options.plugin, signal);
  report.say(`the machine ${INSTANCE} has ${stage.vmAddress}; its vxnet and ${POD_VXNET} hang on one VPC router`);
  report.say('the network configuration:');
  report.block(JSON.stringify(toNetworkConfiguration(stage), undefined, 2).split('\n'));

  report.chapter('Two pods get NICs of their own');
  const [pod1, pod2] = [await stage.addPod('pod-1'), await stage.addPod('pod-2')];
  const added1 = await report.step('ADD pod-1', () => runtime.add(pod1), describeAdded);
  report.detail(describeRoutes(added1));
  calls.tell();
  const gateway = emulator.nics().find((nic) => nic.vxnetId === POD_VXNET && nic.address !== addressOf(added1));
  if (gateway !== undefined) report.detail(`the machine had no NIC in ${POD_VXNET}: ${gateway.address} was allocated as its gateway there`);
  const added2 = await report.step('ADD pod-2', () => runtime.add(pod2), describeAdded);
  calls.tell();

  report.chapter('They reach what they should');
  open.push(await serveIn(pod2, BACKEND_PORT));
  const address2 = addressOf(added2);
  const service = { address: SERVICE_ADDRESS, port: 80, backendAddress: address2, backendPort: BACKEND_PORT };
  const translation = await translate(vm, service);
  open.push(translation);
  report.say(`the machine translates the service ${SERVICE_ADDRESS}:80 to pod-2 (${translation.how})`);
  const reached = ({ how, answer }: { readonly how: string; readonly answer: string }): string => `${how}: ${answer}`;
  await report.step('pod-1 to the router', () => reach(pod1, gatewayOf(added1), 9), reached);
  await report.step('pod-1 to pod-2', () => reach(pod1, address2, BACKEND_PORT), reached);
  await report.step('pod-2 to pod-1', () => reach(pod2, addressOf(added1), 9), reached);
  await report.step('pod-1 to the machine', () => reach(pod1, stage.vmAddress, 9), reached);
  await report.step('pod-1 to the service', () => ask(pod1, `http://${SERVICE_ADDRESS}/`), reached);
  signal.throwIfAborted();

  report.chapter('All is as it was left');
  await report.step(
    'CHECK pod-1',
    () => runtime.check(pod1, added1),
    () => 'ok',
  );
  await report.step(
    'CHECK pod-2',
    () => runtime.check(pod2, added2),
    () => 'ok',
  );
  calls.tell();

  report.chapter('The pods go, one of them without a word');
  await report.step(
    'DEL pod-1',
    () => runtime.del(pod1, added1),
    () => 'gone',
  );
  calls.tell();
  await report.step(
    'DEL pod-2',
    () => runtime.del(pod2, added2),
    () => 'gone',
  );
  calls.tell();
  const pod3 = await stage.addPod('pod-3');
  await report.step('ADD pod-3', () => runtime.add(pod3), describeAdded);
  calls.tell();
  pod3.close();
  report.say('the namespace of pod-3 dies, and nobody sends a DEL');
  report.detail(`the cloud still has: ${cloudNics(stage)}`);
  await report.step(
    'GC, no pod is valid',
    () => runtime.gc([]),
    () => 'done',
  );
  calls.tell();
  report.detail(`the cloud has: ${cloudNics(stage)}`);
  const left = emulator.nics().filter((nic) => nic.role === 0);
  if (left.length > 0) throw new Error(`GC left NICs behind: ${left.map((nic) => `${nic.id} ${nic.status}`).join(', ')}`);

  report.chapter('What an ADD costs beside the cloud');
  await timeChapter(options, stage, runtime, [pod1, pod2]);
}

/** Plays the whole life of a network: ADD, traffic, CHECK, DEL, GC. Rejects at the first thing that is not as it should be. */
export async function tell(options: StoryOptions): Promise<void> {
  const { report, signal } = options;
  report.chapter('A cloud, a VPC and a machine, on this machine');
  const stage = await report.step(
    'cloud, VPC and machine',
    openStage,
    (built) => `API on ${built.emulator.host}:${built.emulator.port} of the machine`,
  );
  const open: Closable[] = [];
  try {
    signal.throwIfAborted();
    await act(options, stage, open);
  } finally {
    for (const one of open.reverse()) await one.close();
    await stage.close();
  }
}
