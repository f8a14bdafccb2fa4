import type { Contender, Runner } from './contender.js';
import type { Missing } from './programs.js';
import type { BenchTask } from './task.js';

/** Times of one contender, by what was timed, in milliseconds, all turns together. */
export interface Samples {
  /** The contender's name. */
  readonly name: string;
  /** The times. */
  readonly times: Readonly<Record<string, readonly number[]>>;
  /** Memory it held at the end, in MiB; undefined for one that is a new process every time, or that failed. */
  readonly residentMiB: number | undefined;
  /** Why there are no times: it is not installed, cannot do this, or failed. */
  readonly missing: string | undefined;
}

/** One task for all. */
export interface Assignment {
  /** The task in one namespace. */
  readonly task: BenchTask;
  /** Path of that namespace. */
  readonly namespacePath: string;
  /** The same in the other direction, to put everything back; its times count too. */
  readonly back?: { readonly task: BenchTask; readonly namespacePath: string };
}

const WARM_UP = 2;
/** No turn takes nearly as long: one that lasts longer waits for something that never comes. */
const TURN_LIMIT_MS = 120_000;

interface Seat {
  readonly name: string;
  readonly times: Record<string, number[]>;
  runners: readonly Runner[];
  missing: string | undefined;
}

async function takeSeat(contender: Contender | Missing, { task, namespacePath, back }: Assignment): Promise<Seat> {
  const seat: Seat = { name: contender.name, times: {}, runners: [], missing: undefined };
  if ('missing' in contender) seat.missing = contender.missing;
  else seat.missing = contender.whyNot?.(task);
  if ('missing' in contender || seat.missing !== undefined) return seat;
  const there = await contender.start(task, namespacePath);
  seat.runners = back === undefined ? [there] : [there, await contender.start(back.task, back.namespacePath)];
  return seat;
}

async function limited<T>(name: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} has not ended its turn within ${TURN_LIMIT_MS} ms`)), TURN_LIMIT_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function takeTurn(seat: Seat, counts: boolean): Promise<void> {
  for (const runner of seat.runners) {
    for (const [what, times] of Object.entries(await limited(seat.name, runner.turn()))) {
      seat.times[what] ??= [];
      if (counts) seat.times[what].push(...times);
    }
  }
}

/**
 * Lets all do a task, taking turns, so that whatever else happens on the machine meets them alike. The first turns of each warm it up
 * and do not count. Who begins changes with every round. One that fails is out, and its error is told in place of its times;
 * but the first, which is this library, must not, and with `CI=true` none.
 * @param assign what the contender at that place of the list has to do
 */
export async function compare(
  contenders: readonly (Contender | Missing)[],
  assign: (place: number) => Assignment,
  rounds: number,
): Promise<readonly Samples[]> {
  const seats: Seat[] = [];
  try {
    for (const [place, contender] of contenders.entries()) seats.push(await takeSeat(contender, assign(place)));
    for (let round = 0; round < WARM_UP + rounds; round++) {
      for (let i = 0; i < seats.length; i++) {
        const seat = seats[(round + i) % seats.length];
        if (seat === undefined || seat.missing !== undefined) continue;
        try {
          await takeTurn(seat, round >= WARM_UP);
        } catch (error) {
          if (seat === seats[0] || process.env['CI'] === 'true') throw error;
          seat.missing = error instanceof Error ? error.message : String(error);
        }
      }
    }
    return seats.map(({ name, times, runners, missing }) => ({
      name,
      times,
      residentMiB: missing === undefined ? runners[0]?.residentMiB() : undefined,
      missing,
    }));
  } finally {
    for (const { runners } of seats) for (const runner of runners) await runner.stop();
  }
}
