import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Samples } from '../netlink/round-robin.js';
import type { QingCloudTask } from './task.js';

/** A program that does a task in turns, or why there is none. */
export type Program =
  | { readonly name: string; readonly command: readonly string[]; readonly env?: NodeJS.ProcessEnv }
  | { readonly name: string; readonly missing: string };

/** Turns that do not count: compilers have seen the work by then. */
const WARM_UP = 3;

type Turn = Readonly<Record<string, readonly number[]>>;

class Runner {
  readonly name: string;
  readonly times: number[] = [];
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #said = '';

  constructor(name: string, [executable = '', ...args]: readonly string[], env: NodeJS.ProcessEnv, task: QingCloudTask) {
    this.name = name;
    this.#child = spawn(executable, [...args, JSON.stringify(task)], { env: { ...process.env, ...env } });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
    });
    this.#child.stdin.on('error', () => {});
    this.#child.on('error', (error) => {
      this.#said += error.message;
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async turn(): Promise<Turn> {
    this.#child.stdin.write('turn\n');
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`${this.name} ended: ${this.#said.trim()}`);
    return JSON.parse(value);
  }

  stop(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }
}

/**
 * Lets all programs do a task in turns; who begins changes with every round.
 * @throws Error when one of them comes to another result than the first, which is this library, or fails
 */
export async function compareTurns(programs: readonly Program[], task: QingCloudTask, rounds: number): Promise<readonly Samples[]> {
  const runners = new Map<string, Runner>();
  try {
    for (const program of programs) {
      if ('command' in program) runners.set(program.name, new Runner(program.name, program.command, program.env ?? {}, task));
      else if (process.env['CI'] === 'true') throw new Error(`with CI=true none may be missing: ${program.name}: ${program.missing}`);
    }
    const seats = [...runners.values()];
    let agreed: string | undefined;
    for (let round = 0; round < WARM_UP + rounds; round++) {
      for (let i = 0; i < seats.length; i++) {
        const seat = seats[(round + i) % seats.length];
        const turn = await seat?.turn();
        const result = JSON.stringify(turn?.['check']);
        agreed ??= result;
        if (result !== agreed) throw new Error(`${seat?.name} comes to another result`);
        if (round >= WARM_UP) seat?.times.push(...(turn?.[task.task] ?? []));
      }
    }
  } finally {
    for (const runner of runners.values()) runner.stop();
  }
  return programs.map((program) => ({
    name: program.name,
    times: { [task.task]: runners.get(program.name)?.times ?? [] },
    residentMiB: undefined,
    missing: 'missing' in program ? program.missing : undefined,
  }));
}
