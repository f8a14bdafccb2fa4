import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { runCommand } from '../../support/machine.js';

const root = resolve(import.meta.dirname, '../../..');
const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');

/** Time that one test may take, in milliseconds: more than usual, since runs go on side by side. */
export const testTimeoutMs = 60_000;

/** Time that all tests may take together, in milliseconds. Nothing that a test leaves open may keep the process from ending either. */
const runTimeoutMs = 600_000;

interface ReportedTest {
  readonly fullTitle: string;
  readonly err: { readonly message?: string; readonly stack?: string };
}

/** As much as is used here of what mocha's JSON reporter writes. */
interface MochaReport {
  readonly tests: readonly ReportedTest[];
  readonly pending: readonly ReportedTest[];
  readonly failures: readonly ReportedTest[];
}

/** How the netlink tests ended under a runtime. Titles are in alphabetical order. */
export interface NetlinkTestRun {
  /** Titles of all tests there are. */
  readonly titles: readonly string[];
  /** Titles of those that were skipped. */
  readonly skipped: readonly string[];
  /** What failed, with the reason: tests and hooks. */
  readonly failures: readonly string[];
  /** Wall time in seconds. */
  readonly seconds: number;
}

const titlesOf = (tests: readonly ReportedTest[]): readonly string[] => tests.map(({ fullTitle }) => fullTitle).sort();

/**
 * Runs a command that runs the netlink tests and writes a report in mocha's JSON.
 * @param report file that it writes
 * @throws Error when it writes none, or ends in another way than its report says
 */
export async function runNetlinkTests(command: string, args: readonly string[], report: string): Promise<NetlinkTestRun> {
  const started = performance.now();
  const env = { ...process.env, CI: 'true' };
  const end = await runCommand(command, args, { cwd: root, env, limitMs: runTimeoutMs });
  const seconds = (performance.now() - started) / 1000;
  const said = `it said: ${end.stdout}${end.stderr}`;
  const text = await readFile(report, 'utf8').catch((cause: unknown) => {
    throw new Error(`${command} wrote no report and ended with ${end.signal ?? end.code}; ${said}`, { cause });
  });
  const { tests, pending, failures } = JSON.parse(text) as MochaReport;
  if ((end.code === 0) !== (failures.length === 0)) {
    throw new Error(`${command} reported ${failures.length} failures and ended with ${end.signal ?? end.code}; ${said}`);
  }
  return {
    titles: titlesOf(tests),
    skipped: titlesOf(pending),
    failures: failures.map(({ fullTitle, err }) => `${fullTitle}: ${err.stack ?? err.message ?? 'no reason'}`),
    seconds,
  };
}

/** Runs the netlink tests as `npm test` does, with a given executable of Node.js. @param more further arguments for mocha */
export function runNetlinkTestsByNode(node: string, report: string, ...more: readonly string[]): Promise<NetlinkTestRun> {
  const reporter = ['--reporter', 'json', '--reporter-option', `output=${report}`];
  const settings = ['--no-package', '--forbid-only', '--node-option', 'import=tsx/esm', '--timeout', String(testTimeoutMs)];
  return runNetlinkTests(node, [mocha, ...settings, ...reporter, ...more, 'test/netlink/**/*.test.ts'], report);
}
