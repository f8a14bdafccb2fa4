import { isMainThread } from 'node:worker_threads';
import Mocha from 'mocha';

type Load = () => Promise<unknown>;

/** What was compiled into an executable of tests. */
export interface CompiledTests {
  /** Where the sources lie, for what tests read besides. */
  readonly root: string;
  /** Each file of tests. */
  readonly tests: readonly Load[];
  /** By the path of its source, each program that tests start as a process of its own. */
  readonly programs: Readonly<Record<string, Load>>;
  /** Time that one test may take, in milliseconds. */
  readonly timeoutMs: number;
}

async function runTests({ root, tests, timeoutMs }: CompiledTests, report: string): Promise<void> {
  // The executable starts in /, as the plugin does.
  process.chdir(root);
  const mocha = new Mocha({ forbidOnly: true, timeout: timeoutMs, reporter: 'json', reporterOptions: { output: report } });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  for (const load of tests) await load();
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  process.exitCode = failures === 0 ? 0 : 1;
}

/**
 * What an executable of tests does: `--report <file>` runs all tests and writes what mocha's JSON reporter says; `--import tsx <program>`
 * runs a program instead, so that tests start one with `process.execPath` in the same way as under Node.js.
 */
export async function runInExecutable(compiled: CompiledTests): Promise<void> {
  const [option, value = '', program = ''] = process.argv.slice(2);
  if (option === '--report' && isMainThread) return runTests(compiled, value);
  if (option !== '--import') throw new Error(`unknown arguments: ${process.argv.slice(2).join(' ')}`);
  const load = compiled.programs[program];
  if (load === undefined) throw new Error(`${program} was not compiled in: tests name their programs in quotes, with the extension .ts`);
  process.argv.splice(1, 4, program);
  await load();
}
