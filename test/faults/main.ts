import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/*
 * Runs the proofs of this folder in full, each file in a process of its own, as many at a time as there are processors.
 *
 *   npm run test:faults -- [crash-matrix] [model]… [--jobs 2]
 *
 * Each line they print comes with the name of its proof before it. The table at the end has a line for each.
 */

/** Those that take longest come first, so that none of them is left alone at the end. */
const LONGEST: readonly string[] = ['crash-matrix', 'syscall-faults', 'races', 'model', 'driver-faults', 'cloud-faults'];

const folder = fileURLToPath(new URL('.', import.meta.url));
const mocha = fileURLToPath(new URL('../../node_modules/mocha/bin/mocha.js', import.meta.url));

interface Ended {
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: number;
}

async function runProof(name: string, running: Set<() => void>): Promise<Ended> {
  const start = performance.now();
  const options = ['--no-package', '--no-color', '--node-option', 'import=tsx/esm', '--timeout', '3600000'];
  const child = spawn(process.execPath, [mocha, ...options, join(folder, `${name}.faults.ts`)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOSTNIC_FAULTS: 'full' },
  });
  const kill = (): void => void child.kill('SIGTERM');
  running.add(kill);
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => console.log(`${name} | ${line}`));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  running.delete(kill);
  return { name, passed: code === 0, seconds: Math.round((performance.now() - start) / 1000) };
}

async function listProofs(wanted: readonly string[]): Promise<readonly string[]> {
  const files = await readdir(folder);
  const names = files.filter((file) => file.endsWith('.faults.ts')).map((file) => basename(file, '.faults.ts'));
  const unknown = wanted.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new RangeError(`no proof ${unknown.join(', ')}; there are ${names.join(', ')}`);
  const rank = (name: string): number => (LONGEST.includes(name) ? LONGEST.indexOf(name) : LONGEST.length);
  return names.filter((name) => wanted.length === 0 || wanted.includes(name)).sort((a, b) => rank(a) - rank(b));
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { jobs: { type: 'string', default: String(availableParallelism()) } },
  });
  const jobs = Number(values.jobs);
  if (!Number.isSafeInteger(jobs) || jobs < 1) throw new RangeError('--jobs must be a whole number from 1');
  const left = [...(await listProofs(positionals))];
  const running = new Set<() => void>();
  const ended: Ended[] = [];
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      left.length = 0;
      for (const kill of running) kill();
    });
  }
  const lane = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) ended.push(await runProof(name, running));
  };
  await Promise.all(Array.from({ length: jobs }, lane));
  console.table(ended.map(({ name, passed, seconds }) => ({ proof: name, result: passed ? 'passed' : 'FAILED', seconds })));
  return ended.every(({ passed }) => passed) ? 0 : 1;
}

process.exitCode = await main();
