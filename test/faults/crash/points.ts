import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DoomedCommand } from './commands.js';
import { type CrashHost, type HostCall, SUBJECT } from './crash-host.js';
import { isEffect, killAt, lastWords, readTrace, type SeenCall, watch } from './strace-points.js';

/**
 * A point of the cloud: `before`: the caller dies and the request takes no effect; `meanwhile`: it dies and the request takes effect all the
 * same; `late`: as that, but only after the first command of the recovery; `after`: it dies when the effect is there and nothing answered.
 */
export type CloudMoment = 'before' | 'meanwhile' | 'late' | 'after';

/** Where a command is killed. */
export type KillPoint =
  | { readonly kind: 'call'; readonly call: SeenCall }
  | { readonly kind: 'cloud'; readonly nth: number; readonly action: string; readonly moment: CloudMoment };

/** What is known after a command was killed. */
export interface Death {
  /** False: it ended before it came to its point. */
  readonly killed: boolean;
  /** Steps that records showed then. */
  readonly steps: readonly string[];
  /** Lets a late request take effect. */
  readonly release: () => void;
}

const CHANGES = /^(Create|Attach|Detach|Delete|Modify)/;

/** In words. */
export function describePoint(point: KillPoint): string {
  if (point.kind === 'call') return `before ${point.call.call} ${point.call.nth}: ${point.call.text.slice(0, 120)}`;
  return `${point.moment} call ${point.nth} of the cloud, ${point.action}`;
}

/** What of the figures a point counts for. */
export function kindOf(point: KillPoint): string {
  return point.kind === 'call' ? point.call.call : `cloud ${point.moment}`;
}

/**
 * Effects that threads of a command have other than its first, which no point would meet: strace counts each thread's calls for itself.
 * Wake-ups of threads among themselves, by eventfd or pipe, are none.
 */
export async function effectsOfOtherThreads(host: CrashHost, call: HostCall): Promise<readonly string[]> {
  const folder = join(host.world.folder, 'threads');
  await mkdir(folder, { recursive: true });
  await host.must({ ...call, strace: watch(join(folder, call.command), { threads: true }) });
  const [first = '', ...others] = (await readdir(folder)).filter((name) => name.startsWith(`${call.command}.`)).sort(byThread);
  if (readTrace(await readFile(join(folder, first), 'utf8')).length < 10) throw new Error('the first thread did nothing: was it traced?');
  const effects: string[] = [];
  for (const name of others) {
    const seen = readTrace(await readFile(join(folder, name), 'utf8')).filter(isEffect);
    effects.push(...seen.map(({ text }) => text).filter((text) => !/^write\(\d+<(pipe:|anon_inode:)/.test(text)));
  }
  return effects;
}

function byThread(a: string, b: string): number {
  return Number(a.split('.').at(-1)) - Number(b.split('.').at(-1));
}

/** Lets a command run untouched, and gives all points there are in it. */
export async function findPoints(host: CrashHost, command: DoomedCommand): Promise<readonly KillPoint[]> {
  const trace = join(host.world.folder, 'untouched.trace');
  await command.prepare(host);
  const actions: string[] = [];
  host.onCall = (action, phase) => {
    if (phase === 'before') actions.push(action);
  };
  try {
    await host.must({ ...command.call(host), strace: watch(trace) });
    host.onCall = undefined;
    if (command.name.startsWith('ADD')) await host.must({ command: 'DEL', pod: SUBJECT, keys: command.keys });
  } finally {
    host.onCall = undefined;
  }
  await host.renewSubject();
  const calls = readTrace(await readFile(trace, 'utf8')).filter(isEffect);
  return [
    ...calls.map((call): KillPoint => ({ kind: 'call', call })),
    ...actions.flatMap((action, i) => {
      const moments: readonly CloudMoment[] = CHANGES.test(action) ? ['before', 'meanwhile', 'late', 'after'] : ['before', 'after'];
      return moments.map((moment): KillPoint => ({ kind: 'cloud', nth: i + 1, action, moment }));
    }),
  ];
}

async function killInCall(host: CrashHost, command: DoomedCommand, call: SeenCall): Promise<boolean> {
  const trace = join(host.world.folder, 'killed.trace');
  await host.run({ ...command.call(host), strace: killAt(call, trace) });
  return lastWords(await readFile(trace, 'utf8')) !== undefined;
}

async function killInCloud(
  host: CrashHost,
  command: DoomedCommand,
  nth: number,
  moment: CloudMoment,
  gate: Promise<void>,
): Promise<boolean> {
  const phase = moment === 'after' ? 'after' : 'before';
  let calls = 0;
  let killed = false;
  await host.runKilled(command.call(host), (kill) => async (_action, reached) => {
    if (reached !== phase || ++calls !== nth) return;
    killed = true;
    await kill();
    if (moment === 'late') await gate;
    if (moment === 'before') throw new Error('the caller died before its request had an effect');
  });
  return killed;
}

/** Runs a command until it is killed at a point. */
export async function kill(host: CrashHost, command: DoomedCommand, point: KillPoint): Promise<Death> {
  let release = (): void => {};
  const gate = new Promise<void>((open) => {
    release = open;
  });
  const killed =
    point.kind === 'call' ? await killInCall(host, command, point.call) : await killInCloud(host, command, point.nth, point.moment, gate);
  return { killed, steps: await host.steps(), release };
}
