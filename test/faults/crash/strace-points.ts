/**
 * System calls at which a process can be killed: all by which the plugin changes anything outside of itself, with their siblings, and the
 * last one. `connect` and `setns` change nothing that stays; the issue of being killed inside a foreign namespace is theirs.
 */
export const EFFECT_CALLS = [
  'write',
  'pwrite64',
  'writev',
  'pwritev',
  'openat',
  'mkdir',
  'mkdirat',
  'rename',
  'renameat',
  'renameat2',
  'link',
  'linkat',
  'symlink',
  'unlink',
  'unlinkat',
  'rmdir',
  'chmod',
  'fchmod',
  'fchmodat',
  'ftruncate',
  'fsync',
  'fdatasync',
  'flock',
  'setns',
  'connect',
  'sendto',
  'sendmsg',
  'sendmmsg',
  'exit_group',
] as const;

/** One of {@link EFFECT_CALLS}. */
export type EffectCall = (typeof EFFECT_CALLS)[number];

/** The N-th call of its kind, counted from 1. */
export interface CallPoint {
  readonly call: EffectCall;
  readonly nth: number;
}

/** A call that strace saw. */
export interface SeenCall extends CallPoint {
  /** As strace prints it. */
  readonly text: string;
}

function isEffectCall(name: string): name is EffectCall {
  return (EFFECT_CALLS as readonly string[]).includes(name);
}

/** The calls in a trace, each numbered among those of its kind. */
export function readTrace(trace: string): readonly SeenCall[] {
  const counts = new Map<EffectCall, number>();
  const calls: SeenCall[] = [];
  for (const line of trace.split('\n')) {
    const name = /^([a-z0-9_]+)\(/.exec(line)?.[1];
    if (name === undefined || !isEffectCall(name)) continue;
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    calls.push({ call: name, nth, text: line });
  }
  return calls;
}

/** Opening a file for reading changes nothing, and what prepares the false clock is none of the plugin's doing. */
export function isEffect({ call, text }: SeenCall): boolean {
  if (/faketime|"\/dev\/shm\//.test(text)) return false;
  return call !== 'openat' || /O_CREAT|O_WRONLY|O_RDWR/.test(text);
}

/**
 * Arguments of strace that kill a program at a point, on entering the call, so that it has no effect any more (the kernel skips the call of a
 * thread that is dying: syscall_trace_enter). Only the program's first thread is traced, so that the N-th call is the same one in every run:
 * with `-f` every thread counts for itself, and threads of the pool come and go. That all effects are the first thread's is tested.
 */
export function killAt(point: CallPoint, trace: string): readonly string[] {
  return ['-qq', '-o', trace, '-s', '200', '-e', `trace=${point.call}`, '-e', `inject=${point.call}:signal=KILL:when=${point.nth}`];
}

/** Arguments of strace that only watch. @param threads all of them, each into a file of its own */
export function watch(trace: string, { threads = false } = {}): readonly string[] {
  return ['-qq', ...(threads ? ['-ff', '-y'] : []), '-o', trace, '-s', '200', '-e', `trace=?${EFFECT_CALLS.join(',?')}`];
}

/** The call that a killed program died in; undefined when it was not killed. */
export function lastWords(trace: string): string | undefined {
  const lines = trace.trimEnd().split('\n');
  if (!(lines.at(-1) ?? '').includes('killed by SIGKILL')) return undefined;
  return lines.at(-2) ?? '';
}
