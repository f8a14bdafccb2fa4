import { createInterface } from 'node:readline';
import type { BenchTask, BenchTurn } from '../netlink/task.js';

/**
 * The part that the benchmark's programs in TypeScript have in common: the task stands in the first argument,
 * each line of standard input asks for one turn, and each turn is answered with one line of JSON.
 */
export async function serveTurns<T = BenchTask>(start: (task: T) => Promise<() => Promise<BenchTurn>>): Promise<void> {
  const task: T = JSON.parse(process.argv[2] ?? '{}');
  const turn = await start(task);
  for await (const _line of createInterface({ input: process.stdin })) process.stdout.write(`${JSON.stringify(await turn())}\n`);
  process.exit(0);
}

/** How long something takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
