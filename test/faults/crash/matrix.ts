import type { DoomedCommand } from './commands.js';
import type { CrashHost } from './crash-host.js';
import type { HostPool } from './host-pool.js';
import { describePoint, findPoints, type KillPoint, kill, kindOf } from './points.js';
import { lookAfterGateways, type Recovery, recoveries } from './recoveries.js';

/** What a matrix came to. */
export interface MatrixFigures {
  /** Points by what the command died in. */
  readonly points: ReadonlyMap<string, number>;
  /** Recoveries that were run. */
  recoveries: number;
  /** Runs that ended before their point was reached, since wake-ups between threads are calls too. */
  missed: number;
  /** Kills during which records showed a step. */
  readonly steps: ReadonlyMap<string, number>;
  /** The most commands of other containers that a recovery took. */
  mostOthers: number;
  /** What went wrong, in words. */
  readonly failures: readonly string[];
}

/** What is run. */
export interface MatrixOptions {
  /** Where hosts come from. */
  readonly hosts: HostPool;
  readonly command: DoomedCommand;
  /** Hosts that work at the same time. */
  readonly lanes: number;
  /** Which of all pairs of points and recoveries. */
  readonly choose: (pairs: readonly Pair[]) => readonly Pair[];
}

/** A point and what follows it. */
export interface Pair {
  readonly point: KillPoint;
  readonly recovery: Recovery;
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

/** What one point and one recovery came to. */
interface Outcome {
  readonly killed: boolean;
  readonly steps: readonly string[];
  readonly commands: number;
  readonly problems: readonly string[];
}

async function runPair(host: CrashHost, command: DoomedCommand, { point, recovery }: Pair): Promise<Outcome> {
  await command.prepare(host);
  const { killed, steps, release } = await kill(host, command, point);
  const problems = (await host.cutOff()).map((problem) => `after the kill: ${problem}`);
  try {
    const end = await recovery.run(host, command.keys, release);
    problems.push(...end.problems);
    await lookAfterGateways(host);
    problems.push(...(await host.leftOver()));
    return { killed, steps, commands: end.commands, problems };
  } finally {
    release();
  }
}

/** Kills a command at every point of an untouched run of it, once for each recovery, and compares what is left with what was there before. */
export async function runMatrix({ hosts, command, lanes, choose }: MatrixOptions): Promise<MatrixFigures> {
  const points = new Map<string, number>();
  const steps = new Map<string, number>();
  const failures: string[] = [];
  const figures: MatrixFigures = { points, steps, failures, recoveries: 0, missed: 0, mostOthers: 0 };

  const queue: Pair[] = [];
  const explorer = await hosts.take();
  try {
    const all = await findPoints(explorer, command);
    queue.push(...choose(all.flatMap((point) => recoveries.map((recovery) => ({ point, recovery })))));
    for (const point of new Set(queue.map((pair) => pair.point))) count(points, kindOf(point));
  } catch (error) {
    await explorer.close();
    throw error;
  }
  hosts.give(explorer);

  const lane = async (): Promise<void> => {
    let host = await hosts.take();
    try {
      for (let pair = queue.shift(); pair !== undefined; pair = queue.shift()) {
        const outcome = await runPair(host, command, pair).catch((error: unknown): Outcome => {
          const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
          return { killed: true, steps: [], commands: 0, problems: [reason] };
        });
        figures.recoveries++;
        if (!outcome.killed) figures.missed++;
        for (const step of new Set(outcome.steps)) count(steps, step);
        if (pair.recovery.name.includes('other')) figures.mostOthers = Math.max(figures.mostOthers, outcome.commands);
        if (outcome.problems.length === 0) {
          await host.renewSubject();
          continue;
        }
        failures.push(`${command.name} killed ${describePoint(pair.point)}, then ${pair.recovery.name}: ${outcome.problems.join('; ')}`);
        await host.close();
        host = await hosts.take();
      }
      hosts.give(host);
    } catch (error) {
      await host.close();
      throw error;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return figures;
}
