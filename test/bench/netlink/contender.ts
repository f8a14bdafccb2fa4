import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { BenchTask, BenchTurn } from './task.js';

/** Something that does a task in turns, warmed up between them as a long-lived program is. */
export interface Runner {
  /** Does the task once. @throws Error with what it said when it fails */
  turn(): Promise<BenchTurn>;
  /** Memory it holds now, in MiB; undefined for one that is a new process every time. */
  residentMiB(): number | undefined;
  /** Ends it. Two stops are fine. */
  stop(): Promise<void>;
}

/** One of those that are compared. */
export interface Contender {
  /** As it is printed. */
  readonly name: string;
  /** Gets ready for a task. @param namespacePath where it works */
  start(task: BenchTask, namespacePath: string): Promise<Runner>;
  /** Why it cannot do a task; undefined when it can. */
  whyNot?(task: BenchTask): string | undefined;
}

/** How a program is started. */
export interface Program {
  /** The command with its arguments; the task comes behind. */
  readonly command: readonly string[];
  /** Environment besides the own one. */
  readonly env?: NodeJS.ProcessEnv;
}

function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

/** A program that stays, asked for each turn by a line of text; see {@link BenchTask}. `nsenter` becomes the program, so its pid is the program's. */
export async function startProgram({ command, env }: Program, task: BenchTask, namespacePath: string): Promise<Runner> {
  const child = spawn('nsenter', [`--net=${namespacePath}`, '--', ...command, JSON.stringify(task)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  // What it has to say of its end is told by the turn that gets no answer.
  child.stdin.on('error', () => {});
  child.on('error', (error) => {
    said += error.message;
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async turn() {
      child.stdin.write('turn\n');
      const { value, done } = await answers.next();
      if (done === true) throw new Error(`${command.join(' ')} ended: ${said.trim()}`);
      return JSON.parse(value);
    },
    residentMiB: () => residentMiB(child.pid ?? 0),
    async stop() {
      child.stdin.end();
      child.kill();
      await ended;
    },
  };
}
