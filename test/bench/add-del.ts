import { existsSync, readFileSync, rmSync } from 'node:fs';
import { arch } from 'node:os';
import { basename, join } from 'node:path';
import type { Place } from '../../examples/demo/place.js';
import { Runtime, toNetworkConfiguration } from '../../examples/demo/runtime.js';
import { openStage, type Stage } from '../../examples/demo/stage.js';
import { timeBareMove } from '../../examples/demo/timing.js';
import { whyNotLive } from '../support/live.js';
import { pluginExecutable } from '../support/plugin-executable.js';
import { type PluginRun, runPlugin } from './plugin-run.js';
import { summarize } from './statistics.js';

/*
 * Times VERSION, ADD and DEL of the plugin against an emulated cloud whose jobs take no time, and prints one JSON line for each.
 * `beyond` is what is left of the wall time without what the cloud took and without the bare move of a link, which the kernel takes
 * whoever asks for it. Variants take turns, so that what else happens on the machine meets them alike.
 */

/** The stock plugin that starts are compared with. */
const PEER = '/usr/lib/cni/loopback';

interface Variant {
  readonly name: string;
  readonly executable: string;
}

interface Samples {
  readonly addTotal: number[];
  readonly addBeyond: number[];
  readonly visible: number[];
  readonly delTotal: number[];
  readonly delBeyond: number[];
  readonly version: number[];
}

async function findVariants(given: readonly string[]): Promise<readonly Variant[]> {
  if (given.length > 0) {
    return given.map((text) => {
      const [name = '', executable = name] = text.split('=');
      return { name: executable === name ? basename(name) : name, executable };
    });
  }
  const standalone = join(import.meta.dirname, '../../dist', `hostnic-linux-${arch() === 'x64' ? 'amd64' : arch()}`);
  const node = { name: 'node', executable: await pluginExecutable() };
  if (existsSync(standalone)) return [{ name: 'standalone', executable: standalone }, node];
  console.error(`${standalone} does not exist; "npm run build:binary" makes it. Only the plugin for Node.js is timed.`);
  return [node];
}

/** What the cloud took of one command: for each call from its arrival to its answer, and the job that the calls had to wait for. */
function cloudMs(stage: Stage, since: number): number {
  const calls = stage.emulator.calls().filter((call) => call.number > since);
  const job = stage.emulator.jobs().at(-1);
  if (job === undefined) throw new Error('no job was made');
  const end = job.action === 'AttachNics' ? job.linksAt : job.statusAt;
  return calls.reduce((sum, call) => sum + (call.tookMs ?? 0), (end ?? job.statusAt) - job.createdAt);
}

/** When the plugin saw the link, by its own log. */
function linkSeenAt(logFile: string): number {
  const line = readFileSync(logFile, 'utf8')
    .split('\n')
    .findLast((text) => text.includes('"message":"link appeared"'));
  if (line === undefined) throw new Error('the plugin logged no appearance of a link');
  const { time }: { readonly time: string } = JSON.parse(line);
  return Date.parse(time);
}

async function timeOnce(stage: Stage, variant: Variant, pod: Place, bareMs: number, samples: Samples): Promise<void> {
  const { emulator, vm: machine } = stage;
  const { executable } = variant;
  const logFile = join(stage.folder, `${variant.name}.log`);
  const config = { ...toNetworkConfiguration(stage), logFile };
  const last = (): number => emulator.calls().at(-1)?.number ?? 0;

  const beforeAdd = last();
  const added: PluginRun = await runPlugin({ executable, machine, command: 'ADD', pod, config });
  samples.addTotal.push(added.totalMs);
  samples.addBeyond.push(added.totalMs - cloudMs(stage, beforeAdd) - bareMs);
  samples.visible.push(added.answeredAt - linkSeenAt(logFile) - bareMs);
  rmSync(logFile);

  const beforeDel = last();
  const prevResult: unknown = JSON.parse(added.stdout);
  const deleted = await runPlugin({ executable, machine, command: 'DEL', pod, config: { ...config, prevResult } });
  samples.delTotal.push(deleted.totalMs);
  samples.delBeyond.push(deleted.totalMs - cloudMs(stage, beforeDel) - bareMs);

  samples.version.push((await runPlugin({ executable, machine, command: 'VERSION', config: { cniVersion: '1.1.0' } })).totalMs);
}

function print(bench: string, variant: string, values: readonly number[]): void {
  console.log(JSON.stringify({ bench, variant, ...summarize(values) }));
}

async function bench(stage: Stage, variants: readonly Variant[], rounds: number): Promise<void> {
  const neighbour = await stage.addPod('neighbour');
  const pod = await stage.addPod('pod');
  const stays = new Runtime(stage, variants[0]?.executable ?? '', new AbortController().signal);
  // With a pod that stays, the gateway NIC stays too: what is timed is the pod's own NIC.
  const added = await stays.add(neighbour);
  const all = variants.map((variant) => {
    const samples: Samples = { addTotal: [], addBeyond: [], visible: [], delTotal: [], delBeyond: [], version: [] };
    return { variant, samples };
  });
  const moves: number[] = [];
  const peer: number[] = [];
  // The first round fills caches, as the second pod of a host finds them.
  for (let round = 0; round <= rounds; round++) {
    const [bareMs = Number.NaN] = await timeBareMove(stage.vm, neighbour, 1);
    if (round > 0) moves.push(bareMs);
    for (const { variant, samples } of all) {
      await timeOnce(stage, variant, pod, bareMs, samples);
      if (round === 0) for (const list of Object.values(samples)) list.pop();
    }
    if (!existsSync(PEER)) continue;
    const { totalMs } = await runPlugin({ executable: PEER, machine: stage.vm, command: 'VERSION', config: { cniVersion: '1.0.0' } });
    if (round > 0) peer.push(totalMs);
  }
  await stays.del(neighbour, added);
  print('bare move', 'kernel', moves);
  for (const { variant, samples } of all) {
    print('VERSION', variant.name, samples.version);
    print('ADD', variant.name, samples.addTotal);
    print('ADD beyond cloud and bare move', variant.name, samples.addBeyond);
    print('link visible to ADD answered, beyond bare move', variant.name, samples.visible);
    print('DEL', variant.name, samples.delTotal);
    print('DEL beyond cloud and bare move', variant.name, samples.delBeyond);
  }
  if (peer.length > 0) print('VERSION', 'stock Go loopback', peer);
}

/** What {@link benchAddDel} takes. */
export interface AddDelBenchOptions {
  /** How often each command is timed. */
  readonly rounds: number;
  /** Plugins to time, as `name=path` or a path; default those of this package. */
  readonly plugins: readonly string[];
}

/** Runs the benchmark. @returns the exit code */
export async function benchAddDel({ rounds, plugins }: AddDelBenchOptions): Promise<number> {
  const missing = whyNotLive();
  if (missing !== undefined) {
    console.error(`ADD and DEL cannot be timed: ${missing}`);
    return process.env['CI'] === 'true' ? 1 : 0;
  }
  const variants = await findVariants(plugins);
  const stage = await openStage();
  try {
    await bench(stage, variants, rounds);
  } finally {
    await stage.close();
  }
  return 0;
}
