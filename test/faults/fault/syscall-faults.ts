import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DoomedCommand } from '../crash/commands.js';
import { type CrashHost, SUBJECT } from '../crash/crash-host.js';
import type { CommandFault, FaultEnd } from './command-faults.js';

/** Calls that reach the kernel's network, or a file of the plugin's, with errors they are known to have (their manual pages). */
const ERRORS: Readonly<Record<string, readonly string[]>> = {
  sendto: ['EPERM', 'ENOBUFS', 'ENOMEM', 'EINTR', 'ECONNREFUSED', 'ENETUNREACH'],
  recvfrom: ['ENOBUFS', 'ENOMEM', 'ECONNRESET'],
  socket: ['EPERM', 'EMFILE', 'ENOBUFS', 'EAFNOSUPPORT'],
  bind: ['EINVAL', 'ENOMEM', 'EADDRINUSE'],
  connect: ['EPERM', 'ENETUNREACH', 'ECONNREFUSED'],
  getsockname: ['ENOBUFS'],
  setsockopt: ['EPERM'],
  setns: ['EPERM', 'EINVAL', 'ENOMEM'],
  ioctl: ['ENOTTY'],
  fcntl: ['EPERM'],
  poll: ['ENOMEM', 'EINTR'],
  openat: ['EMFILE', 'EIO'],
  write: ['EINVAL', 'EPERM', 'ENOSPC'],
  fsync: ['EIO', 'ENOSPC'],
  rename: ['EIO', 'ENOSPC', 'EROFS'],
  unlink: ['EACCES', 'EIO', 'EROFS'],
  mkdir: ['ENOSPC', 'EACCES', 'EEXIST'],
  flock: ['ENOLCK', 'EINTR'],
};

/** Not yet spent on anything but waiting, in seconds: an answer that never comes is waited for to the end. */
const DEADLINE = 20;

interface Seen {
  readonly call: string;
  readonly nth: number;
  readonly text: string;
}

/** Calls that concern the network, namespaces, settings, or the plugin's own files; not those that load the program or wake its threads. */
function concerns(folder: string, text: string): boolean {
  return (
    /NETLINK|TCP:|AF_INET|\/proc\/sys\/net|\/run\/netns|\/ns\/net|net:\[/.test(text) ||
    text.includes(`${folder}/data`) ||
    text.includes(`${folder}/host`)
  );
}

function readCalls(trace: string, folder: string): readonly Seen[] {
  const counts = new Map<string, number>();
  const seen: Seen[] = [];
  for (const text of trace.split('\n')) {
    const call = /^([a-z0-9_]+)\(/.exec(text)?.[1];
    if (call === undefined || !Object.hasOwn(ERRORS, call)) continue;
    const nth = (counts.get(call) ?? 0) + 1;
    counts.set(call, nth);
    // What fails anyway has no other error worth trying.
    if (concerns(folder, text) && !/ = -1 /.test(text)) seen.push({ call, nth, text });
  }
  return seen;
}

/**
 * What a fault struck. Runs differ in how often a thread wakes others, so the n-th write of one is not that of another: a wake-up that fails
 * ends the process by the design of its runtime, and says nothing of the plugin.
 */
function whatWasStruck(trace: string, folder: string, call: string): Omit<FaultEnd, 'end'> {
  const text = trace.split('\n').find((line) => line.includes('(INJECTED)'));
  if (text === undefined) return { struck: 'nothing' };
  if (!concerns(folder, text)) return { struck: `${call} of the runtime itself`, mayDie: true };
  // A process that cannot leave a container's namespace ends itself rather than act in there.
  return { struck: call, mayDie: call === 'setns' };
}

/** Each system call of an untouched run with each of its errors. Only the first thread is traced: see the crash matrix. */
export async function listSyscallFaults(host: CrashHost, command: DoomedCommand): Promise<readonly CommandFault[]> {
  const { folder } = host.world;
  const trace = join(folder, 'calls.trace');
  await command.prepare(host);
  const strace = ['-qq', '-yy', '-o', trace, '-s', '300', '-e', `trace=${Object.keys(ERRORS).join(',')}`];
  await host.must({ ...command.call(host), strace });
  await host.must({ command: 'DEL', pod: SUBJECT, keys: command.keys });
  return readCalls(await readFile(trace, 'utf8'), folder).flatMap(({ call, nth, text }) =>
    (ERRORS[call] ?? []).map(
      (error): CommandFault => ({
        name: `${error} of ${call} ${nth}: ${text.slice(0, 160)}`,
        run: async (at) => {
          const struck = join(at.world.folder, 'struck.trace');
          const inject = [
            '-qq',
            '-yy',
            '-o',
            struck,
            '-s',
            '300',
            '-e',
            `trace=${call}`,
            '-e',
            `inject=${call}:error=${error}:when=${nth}`,
          ];
          const one = command.call(at);
          const end = await at.run({ ...one, strace: inject, keys: { ...one.keys, deadlineSeconds: DEADLINE } });
          return { end, ...whatWasStruck(await readFile(struck, 'utf8'), at.world.folder, call) };
        },
      }),
    ),
  );
}
