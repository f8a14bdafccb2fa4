import { whyNotLive } from '../../support/live.js';
import { buildContenders, type Contenders } from './programs.js';
import { printFigure } from './report.js';
import { type Assignment, compare } from './round-robin.js';
import { linkName, onStages, STAGE } from './stage.js';
import { benchStart } from './start.js';
import type { BenchTask } from './task.js';

/*
 * The netlink library beside `ip -batch`, vishvananda/netlink, pyroute2 and the npm package `netlink`: every one does the same work in
 * the same namespace, in turns, as a program of its own that was warmed up.
 */

/** How much is done. */
interface Size {
  readonly rounds: number;
  readonly links: number;
  readonly routes: number;
  readonly moves: number;
  readonly changes: number;
  readonly memoryRounds: number;
}

const FULL: Size = { rounds: 10, links: 1000, routes: 10_000, moves: 1000, changes: 200, memoryRounds: 20 };
const QUICK: Size = { rounds: 1, links: 100, routes: 500, moves: 8, changes: 20, memoryRounds: 2 };

async function benchDump({ ours, peers }: Contenders, { links, rounds }: Size): Promise<void> {
  await onStages(1, links, async (stageOf) => {
    const assignment: Assignment = { task: { task: 'dump', count: links }, namespacePath: stageOf(0).here };
    const samples = await compare([ours, ...peers], () => assignment, 2 * rounds);
    printFigure({ bench: `netlink: list ${links} links, decoded`, of: 'dump' }, samples);
  });
}

/** Each on a stage of its own: what one that fails leaves behind, or makes others hear of, is not to count against them. */
async function benchRoutes({ ours, peers }: Contenders, { routes, rounds }: Size): Promise<void> {
  const contenders = [ours, ...peers];
  for (const [task, how] of [
    ['routes', 'one by one'],
    ['batch', 'batched'],
  ] as const) {
    await onStages(contenders.length, 0, async (stageOf) => {
      const assign = (place: number): Assignment => ({ task: { task, count: routes, ...STAGE }, namespacePath: stageOf(place).here });
      const samples = await compare(contenders, assign, rounds);
      printFigure({ bench: `netlink: add ${routes} routes ${how}`, of: 'add', operations: routes }, samples);
      printFigure({ bench: `netlink: remove ${routes} routes ${how}`, of: 'remove', operations: routes }, samples);
      for (const { name, residentMiB, missing } of samples) {
        if (missing !== undefined || residentMiB === undefined) continue;
        console.log(JSON.stringify({ bench: `netlink: memory after routes ${how}`, who: name, residentMiB: Math.round(residentMiB) }));
      }
    });
  }
}

async function benchMoves({ ours, peers }: Contenders, { moves, rounds }: Size): Promise<void> {
  const contenders = [ours, ...peers];
  // There and back in each round, so half as many links.
  const count = Math.max(1, Math.round(moves / rounds / 2));
  await onStages(contenders.length, 2 * count, async (stageOf) => {
    // One end of each veth, so that moving one does not change another.
    const numbers = Array.from({ length: count }, (_, i) => 2 * i);
    const linkNames = numbers.map(linkName);
    const assign = (place: number): Assignment => {
      const { here, there, firstLink } = stageOf(place);
      const move = (target: string): BenchTask => ({ task: 'move', links: numbers.map((n) => firstLink + n), linkNames, there: target });
      return { task: move(there), namespacePath: here, back: { task: move(here), namespacePath: there } };
    };
    const samples = await compare(contenders, assign, rounds);
    const bench = `netlink: move ${count} links to another namespace (${2 * count * rounds} moves in all)`;
    printFigure({ bench, of: 'move', operations: count }, samples);
  });
}

async function benchMonitor({ ours, peers }: Contenders, { changes, rounds }: Size): Promise<void> {
  const contenders = [ours, ...peers];
  await onStages(contenders.length, 0, async (stageOf) => {
    const assign = (place: number): Assignment => ({
      task: { task: 'monitor', count: changes, ...STAGE },
      namespacePath: stageOf(place).here,
    });
    const samples = await compare(contenders, assign, rounds);
    printFigure({ bench: 'netlink: from a change to its event, p50', of: 'latency' }, samples);
    printFigure({ bench: 'netlink: from a change to its event, p99', of: 'latency', quantile: 0.99 }, samples);
  });
}

/** Requests and listings by the hundred thousand: what is left after a collection must not grow. */
async function benchMemory({ ours }: Contenders, { memoryRounds, routes }: Size): Promise<void> {
  await onStages(1, 100, async (stageOf) => {
    const assignment: Assignment = { task: { task: 'memory', count: routes, ...STAGE }, namespacePath: stageOf(0).here };
    const [samples] = await compare([ours], () => assignment, memoryRounds);
    if (samples?.missing !== undefined) throw new Error(samples.missing);
    const mib = (bytes: number | undefined): number => Math.round(((bytes ?? Number.NaN) / 2 ** 20) * 100) / 100;
    const { heap = [], resident = [] } = samples?.times ?? {};
    // What is known first is how much there is after the first turn that counts.
    const work = `${(memoryRounds - 1) * 2 * routes} requests and ${(memoryRounds - 1) * 100} listings`;
    const heapMiB = { before: mib(heap[0]), after: mib(heap.at(-1)) };
    const residentMiB = { before: mib(resident[0]), after: mib(resident.at(-1)) };
    console.log(JSON.stringify({ bench: `netlink: memory before and after ${work}`, heapMiB, residentMiB }));
  });
}

const BENCHES = {
  dump: benchDump,
  routes: benchRoutes,
  moves: benchMoves,
  monitor: benchMonitor,
  memory: benchMemory,
  start: benchStart,
} as const;

/** What {@link benchNetlink} takes. */
export interface NetlinkBenchOptions {
  /** Only to see that everything works: little work, and figures that mean nothing. */
  readonly quick: boolean;
  /** Only these; default all. */
  readonly only: readonly string[];
}

/** Runs the benchmarks. @returns the exit code */
export async function benchNetlink({ quick, only }: NetlinkBenchOptions): Promise<number> {
  const unknown = only.filter((name) => !Object.hasOwn(BENCHES, name));
  if (unknown.length > 0) throw new RangeError(`no netlink benchmark ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`);
  const missing = whyNotLive(['ip', 'nsenter']);
  if (missing !== undefined) {
    console.error(`netlink cannot be timed: ${missing}`);
    return process.env['CI'] === 'true' ? 1 : 0;
  }
  const contenders = await buildContenders();
  try {
    const absent = contenders.peers.filter((peer) => 'missing' in peer);
    if (absent.length > 0 && process.env['CI'] === 'true') {
      console.error(`with CI=true none may be missing: ${absent.map(({ name, missing }) => `${name}: ${missing}`).join('; ')}`);
      return 1;
    }
    for (const [name, bench] of Object.entries(BENCHES)) {
      if (only.length === 0 || only.includes(name)) await bench(contenders, quick ? QUICK : FULL);
    }
  } finally {
    contenders.close();
  }
  return 0;
}
