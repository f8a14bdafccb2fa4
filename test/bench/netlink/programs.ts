import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundle, readBundles } from '../../../examples/hostnic/build/bundle.js';
import { runCommand } from '../../support/machine.js';
import { type Contender, type Program, startProgram } from './contender.js';
import { ipCommand } from './ip-command.js';

const root = resolve(import.meta.dirname, '../../..');
const peers = join(root, 'test/bench/peers');
/** Debian's Python, for which python3-pyroute2 is installed; another Python may come first on the path. */
const PYTHON = '/usr/bin/python3';
const GO_PATH = '/usr/share/gocode';
const RIVAL = 'netlink@0.3.0';

/** One that cannot take part. */
export interface Missing {
  /** As it would be printed. */
  readonly name: string;
  /** Why, and what to do. */
  readonly missing: string;
}

/** Who takes part. */
export interface Contenders {
  /** This library. */
  readonly ours: Contender;
  /** The others. */
  readonly peers: readonly (Contender | Missing)[];
  /** Removes what was built. */
  close(): void;
}

function program(name: string, how: Program): Contender {
  return { name, start: (task, namespacePath) => startProgram(how, task, namespacePath) };
}

async function why(command: string, args: readonly string[], options: Parameters<typeof runCommand>[2] = {}): Promise<string | undefined> {
  try {
    const { code, stdout, stderr } = await runCommand(command, args, { limitMs: 300_000, ...options });
    return code === 0 ? undefined : `${command} ${args[0]}: ${`${stdout}${stderr}`.trim().split('\n').at(-1)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function findGo(folder: string): Promise<Contender | Missing> {
  const name = 'vishvananda/netlink (Go)';
  if (!existsSync(`${GO_PATH}/src/github.com/vishvananda/netlink`)) {
    return { name, missing: 'not installed: apt-get install golang-go golang-github-vishvananda-netlink-dev' };
  }
  const executable = join(folder, 'vishvananda');
  const env = { ...process.env, GO111MODULE: 'off', GOPATH: GO_PATH, GOFLAGS: '', CGO_ENABLED: '0' };
  const missing = await why('go', ['build', '-o', executable, '.'], { cwd: join(peers, 'vishvananda'), env });
  if (missing !== undefined) return { name, missing };
  const noBatch = 'the library has no batches';
  return { ...program(name, { command: [executable] }), whyNot: ({ task }) => (task === 'batch' ? noBatch : undefined) };
}

async function findPyroute2(): Promise<Contender | Missing> {
  const name = 'pyroute2 (Python)';
  const missing = await why(PYTHON, ['-c', 'import pyroute2']);
  if (missing !== undefined) return { name, missing: `${missing}: apt-get install python3-pyroute2` };
  // Isolated, or it would import its own file, which has the library's name.
  return program(name, { command: [PYTHON, '-I', join(peers, 'pyroute2.py')] });
}

/** The npm package is installed apart, so that it never gets among the dependencies. It brings a native addon, or builds it with node-gyp. */
async function findRival(folder: string, file: string): Promise<Contender | Missing> {
  const name = `npm ${RIVAL}`;
  const home = join(folder, 'rival');
  mkdirSync(home);
  const missing = await why('npm', ['install', '--prefix', home, '--no-audit', '--no-fund', RIVAL], { cwd: home });
  if (missing !== undefined) return { name, missing };
  const unusable = await why(process.execPath, ['-e', "require('netlink')"], { cwd: home });
  if (unusable !== undefined) return { name, missing: unusable };
  return program(name, { command: [process.execPath, file], env: { HOSTNIC_BENCH_PEER: home } });
}

/** Bundles this library as the package has it and builds the others, each in a folder that is removed at the end. */
export async function buildContenders(): Promise<Contenders> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-netlink-'));
  // Inside of the package, since koffi is found in the node_modules above the file that wants it.
  const programs = join(root, '.cache', `bench-${process.pid}`);
  const close = (): void => {
    for (const made of [folder, programs]) rmSync(made, { recursive: true, force: true });
  };
  process.once('exit', close);
  const [options] = await readBundles();
  const entry = { hostnic: join(peers, 'hostnic.ts'), mildsunrise: join(peers, 'mildsunrise.ts') };
  const { dts: _dts, ...plain } = options ?? {};
  await bundle({ ...plain, entry }, programs);
  const file = (name: string): string => join(programs, `${name}.js`);
  return {
    ours: program('hostnic-cni/netlink', { command: [process.execPath, '--expose-gc', file('hostnic')] }),
    peers: [ipCommand, await findGo(folder), await findPyroute2(), await findRival(folder, file('mildsunrise'))],
    close,
  };
}
