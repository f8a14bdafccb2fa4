import type { CommandEnd } from '../../support/machine.js';
import { type CrashHost, type HostCall, SUBJECT } from './crash-host.js';

/** What comes after a command was killed. */
export interface Recovery {
  /** For titles. */
  readonly name: string;
  /**
   * Runs it to its end. The subject's namespace is there when it begins, and gone or as new when it ends.
   * @param first called after the first command
   * @returns what is wrong, and how many commands it took
   */
  run(host: CrashHost, keys: Readonly<Record<string, unknown>>, first: () => void): Promise<RecoveryEnd>;
}

/** How a recovery went. */
export interface RecoveryEnd {
  readonly problems: readonly string[];
  readonly commands: number;
}

/** A runtime comes back about a minute later: half of what a lost answer is watched for, and more than failed work waits for its next try. */
const RETRY_MS = 61_000;
const MAX_TRIES = 10;
const OTHERS = 5;

interface Tries {
  readonly commands: number;
  readonly end: CommandEnd;
}

/** The code of a CNI error; undefined for success. Throws where there is no CNI answer. */
export function codeOf(end: CommandEnd): number | undefined {
  if (end.code === 0) return undefined;
  try {
    return JSON.parse(end.stdout).code;
  } catch {
    throw new Error(`no CNI answer: exit ${end.code} ${end.signal ?? ''}: ${end.stdout}${end.stderr}`);
  }
}

/** Runs a command as a runtime does that is told to try again later. */
async function again(host: CrashHost, call: HostCall, first: () => void): Promise<Tries> {
  for (let commands = 1; ; commands++) {
    const end = await host.run(call);
    first();
    if (codeOf(end) !== 11 || commands === MAX_TRIES) return { commands, end };
    host.clock.skip(RETRY_MS);
  }
}

function unlessFine({ end }: Tries, what: string): readonly string[] {
  return end.code === 0 ? [] : [`${what}: ${end.stdout}`];
}

/** The same DEL again until it succeeds. */
export const sameDel: Recovery = {
  name: 'the same DEL',
  async run(host, keys, first) {
    const del = await again(host, { command: 'DEL', pod: SUBJECT, keys }, first);
    return { commands: del.commands, problems: [...unlessFine(del, 'DEL'), ...(await host.leftInPod())] };
  },
};

const collection: Recovery = {
  name: 'GC',
  async run(host, keys, first) {
    await host.removePod(SUBJECT);
    const gc = await again(host, host.collect(keys), first);
    return { commands: gc.commands, problems: unlessFine(gc, 'GC') };
  },
};

const secondAdd: Recovery = {
  name: 'a second ADD and its DEL',
  async run(host, keys, first) {
    const add = await again(host, { command: 'ADD', pod: SUBJECT, keys }, first);
    const there = add.end.code !== 0 && add.end.stdout.includes('has its NIC');
    const problems = there ? [] : [...unlessFine(add, 'ADD')];
    if (host.subjectNics() !== 1) problems.push(`${host.subjectNics()} NICs after the second ADD`);
    problems.push(...(await host.subjectCutOff()));
    const del = await again(host, { command: 'DEL', pod: SUBJECT, keys }, first);
    problems.push(...unlessFine(del, 'DEL'), ...(await host.leftInPod()));
    return { commands: add.commands + del.commands, problems };
  },
};

/** cniVersion 0.3.0 knows no GC, and this runtime comes back with other containers only. */
const others: Recovery = {
  name: 'ADD and DEL of other containers only',
  async run(host, keys, first) {
    await host.removePod(SUBJECT);
    const problems: string[] = [];
    let commands = 0;
    for (let i = 0; i < OTHERS; i++) {
      host.clock.skip(RETRY_MS);
      const pod = host.newPodName();
      await host.addPod(pod);
      for (const command of ['ADD', 'DEL'] as const) {
        const end = await host.run({ command, pod, keys: { ...keys, cniVersion: '0.3.0' } });
        first();
        commands++;
        if (end.code !== 0) problems.push(`${command} of another container: ${end.stdout}`);
      }
      await host.removePod(pod);
      if ((await host.leftOver()).length === 0) break;
    }
    return { commands, problems };
  },
};

/** Each follows each point. */
export const recoveries: readonly Recovery[] = [sameDel, collection, secondAdd, others];

/**
 * Gateways are looked after by whatever command comes by, so after those that concern the subject some of nobody follow, a lost answer's
 * time apart.
 * @returns how many it took until nothing was left
 */
export async function lookAfterGateways(host: CrashHost): Promise<number> {
  for (let commands = 0; commands < 3; commands++) {
    if ((await host.leftOver()).length === 0) return commands;
    host.clock.skip(2 * RETRY_MS);
    await host.run({ command: 'DEL', pod: 'nobody' });
  }
  return 3;
}
