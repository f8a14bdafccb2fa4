import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openNamespace, openRtnetlink } from '../../../netlink/index.js';
import type { Contender, Runner } from './contender.js';
import { type BenchTask, type BenchTurn, hostAddress, MTUS } from './task.js';

/*
 * `ip` is a new process each time. So that its work is compared, and not its start, the time of an `ip -batch` without commands,
 * run just before, is taken off.
 */

type Task<K extends BenchTask['task']> = Extract<BenchTask, { readonly task: K }>;

const MOST_OUTPUT = 1 << 28;

/** Runs `ip` inside a namespace. @throws Error with what it said when it fails */
export function runIp(namespacePath: string, args: readonly string[]): { readonly ms: number; readonly stdout: string } {
  const begun = performance.now();
  const { status, stdout, stderr, error } = spawnSync('nsenter', [`--net=${namespacePath}`, '--', 'ip', ...args], {
    encoding: 'utf8',
    maxBuffer: MOST_OUTPUT,
  });
  const ms = performance.now() - begun;
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: exit ${status}: ${stderr}${error?.message ?? ''}`);
  return { ms, stdout };
}

function beyondStart(namespacePath: string, args: readonly string[]): { readonly ms: number; readonly stdout: string } {
  const empty = runIp(namespacePath, ['-batch', '/dev/null']).ms;
  const { ms, stdout } = runIp(namespacePath, args);
  return { ms: ms - empty, stdout };
}

function batchFile(folder: string, name: string, lines: readonly string[]): string {
  const file = join(folder, name);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

function runner(turn: () => Promise<BenchTurn>, stop: () => void): Runner {
  return { turn, residentMiB: () => undefined, stop: async () => stop() };
}

function startFiles(namespacePath: string, files: Readonly<Record<string, readonly string[]>>): Runner {
  const folder = mkdtempSync(join(tmpdir(), 'bench-ip-'));
  const named = Object.entries(files).map(([name, lines]) => [name, batchFile(folder, name, lines)] as const);
  const turn = async (): Promise<BenchTurn> =>
    Object.fromEntries(named.map(([name, file]) => [name, [beyondStart(namespacePath, ['-batch', file]).ms]]));
  return runner(turn, () => rmSync(folder, { recursive: true, force: true }));
}

function startRoutes({ count, gateway, linkName }: Task<'routes' | 'batch'>, namespacePath: string): Runner {
  const addresses = Array.from({ length: count }, (_, i) => hostAddress(i));
  const lines = (verb: string): readonly string[] =>
    addresses.map((address) => `route ${verb} ${address}/32 via ${gateway} dev ${linkName}`);
  return startFiles(namespacePath, { add: lines('add'), remove: lines('del') });
}

function startMove({ linkNames, there }: Task<'move'>, namespacePath: string): Runner {
  return startFiles(namespacePath, { move: linkNames.map((name) => `link set dev ${name} netns ${there}`) });
}

function startDump({ count }: Task<'dump'>, namespacePath: string): Runner {
  const turn = async (): Promise<BenchTurn> => {
    const { ms, stdout } = beyondStart(namespacePath, ['-d', '-j', 'link']);
    const links: readonly unknown[] = JSON.parse(stdout);
    if (links.length < count) throw new Error(`${links.length} links, not ${count}`);
    return { dump: [ms] };
  };
  return runner(turn, () => {});
}

/** `ip monitor` tells on its standard output; the changes are made by this process. */
async function startMonitor({ count, link }: Task<'monitor'>, namespacePath: string): Promise<Runner> {
  const namespace = await openNamespace({ kind: 'path', path: namespacePath });
  const rtnetlink = openRtnetlink(namespace);
  const child = spawn('nsenter', [`--net=${namespacePath}`, '--', 'ip', 'monitor', 'link'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let wanted: { readonly text: string; readonly resolve: () => void } | undefined;
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (wanted !== undefined && said.includes(wanted.text)) wanted.resolve();
  });
  const change = async (mtu: number): Promise<number> => {
    said = '';
    const seen = new Promise<void>((resolve) => {
      wanted = { text: `mtu ${mtu} `, resolve };
    });
    const begun = performance.now();
    await rtnetlink.link.set(link, { mtu });
    await seen;
    return performance.now() - begun;
  };
  // Nothing says when it has subscribed, so changes are made until it tells of one.
  for (let i = 0; said === ''; i++) {
    await rtnetlink.link.set(link, { mtu: 1300 + (i % 2) });
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (i > 2000) throw new Error('ip monitor tells nothing');
  }
  const turn = async (): Promise<BenchTurn> => {
    const latencies: number[] = [];
    for (let i = 0; i < count; i++) latencies.push(await change(MTUS[i % 2] ?? MTUS[0]));
    return { latency: latencies };
  };
  return runner(turn, () => {
    child.kill();
    rtnetlink.close();
    namespace.close();
  });
}

/** iproute2. */
export const ipCommand: Contender = {
  name: 'ip -batch',
  async start(task, namespacePath) {
    if (task.task === 'dump') return startDump(task, namespacePath);
    if (task.task === 'routes' || task.task === 'batch') return startRoutes(task, namespacePath);
    if (task.task === 'move') return startMove(task, namespacePath);
    if (task.task === 'monitor') return startMonitor(task, namespacePath);
    throw new Error('ip has no such task');
  },
};
