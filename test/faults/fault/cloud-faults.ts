import type { Fault } from '../../../providers/qingcloud/emulator/index.js';
import type { DoomedCommand } from '../crash/commands.js';
import type { CrashHost } from '../crash/crash-host.js';
import type { CommandFault } from './command-faults.js';

interface NamedFault {
  readonly name: string;
  readonly fault: Fault;
  /** Which actions it makes sense for; all of them without it. */
  readonly actions?: RegExp;
  /** Nobody answers, so the command's time runs out. */
  readonly slow?: true;
}

const JOBS = /^(Attach|Detach)Nics$/;
const CHANGES = /^(Create|Attach|Detach|Delete|Modify)/;

const refusals = (
  [
    'rate-limit',
    'quota',
    'vxnet-full',
    'no-resources',
    'balance',
    'busy',
    'updating',
    'internal',
    'signature',
    'expired',
    'lease-not-ready',
  ] as const
).map((error): NamedFault => ({ name: `refused: ${error}`, fault: { kind: 'error', error } }));

/** What a call of the cloud can come to instead of its answer. */
const FAULTS: readonly NamedFault[] = [
  ...refusals,
  { name: 'refused: malformed', fault: { kind: 'error', retCode: 1100, message: 'InvalidRequestFormat, parameter is malformed' } },
  { name: 'refused: not found', fault: { kind: 'error', retCode: 2100, message: 'ResourceNotFound, resource does not exist' } },
  { name: 'refused with an unknown code', fault: { kind: 'error', retCode: 4711, message: 'Nobody knows' } },
  { name: 'an internal error although it took effect', fault: { kind: 'error', error: 'internal', when: 'after' }, actions: CHANGES },
  { name: 'HTTP 502', fault: { kind: 'status', status: 502 } },
  { name: 'HTTP 502 although it took effect', fault: { kind: 'status', status: 502, when: 'after' }, actions: CHANGES },
  { name: 'HTTP 404', fault: { kind: 'status', status: 404 } },
  { name: 'the connection cut before', fault: { kind: 'cut', when: 'before' } },
  { name: 'the answer lost', fault: { kind: 'cut', when: 'after' } },
  { name: 'half an answer', fault: { kind: 'garbage' } },
  { name: 'an answer that is no object', fault: { kind: 'garbage', body: '[]' } },
  { name: 'an effect that comes late', fault: { kind: 'late-effect', delayMs: 300 }, actions: CHANGES },
  { name: 'a stale answer', fault: { kind: 'stale', ageMs: 60_000 }, actions: /^Describe/ },
  { name: 'no answer at all', fault: { kind: 'silence' }, slow: true },
  { name: 'a failed job', fault: { kind: 'job', outcome: 'failed' }, actions: JOBS },
  { name: 'a failed job whose link was there', fault: { kind: 'job', outcome: 'failed', durationMs: 60, linksAfterMs: 5 }, actions: JOBS },
  { name: 'a failed job that did it all the same', fault: { kind: 'job', outcome: 'failed', landed: true }, actions: JOBS },
  { name: 'links long after the job', fault: { kind: 'job', durationMs: 5, linksAfterMs: 200 }, actions: JOBS },
  // A card that stays plugged in a machine although the cloud has deleted it is nothing that a program in the machine can change.
  { name: 'a link that never appears', fault: { kind: 'job', linksAfterMs: 'never' }, actions: /^AttachNics$/, slow: true },
  { name: 'a job that ends long after its link has moved', fault: { kind: 'job', durationMs: 1500, linksAfterMs: 5 }, actions: JOBS },
];

/** Long enough for a command that is not kept waiting, in seconds. */
const SHORT_DEADLINE = 4;

async function listActions(host: CrashHost, command: DoomedCommand): Promise<readonly string[]> {
  const actions: string[] = [];
  await command.prepare(host);
  host.onCall = (action, phase) => {
    if (phase === 'before') actions.push(action);
  };
  await host.must(command.call(host));
  host.onCall = undefined;
  await host.must({ command: 'DEL', pod: 'subject', keys: command.keys });
  return actions;
}

/** Each call of an untouched run with each fault that can strike it. */
export async function listCloudFaults(host: CrashHost, command: DoomedCommand): Promise<readonly CommandFault[]> {
  const actions = await listActions(host, command);
  return actions.flatMap((action, skip) =>
    FAULTS.filter(({ actions: only }) => only?.test(action) !== false).map(
      ({ name, fault, slow }): CommandFault => ({
        name: `call ${skip + 1}, ${action}: ${name}`,
        async run(at) {
          const id = at.world.emulator.addFault({ fault, skip });
          const call = command.call(at);
          const deadline = slow === true ? { deadlineSeconds: SHORT_DEADLINE } : {};
          const end = await at.run({ ...call, keys: { ...call.keys, ...deadline } });
          at.world.emulator.removeFault(id);
          return { end, struck: action };
        },
      }),
    ),
  );
}
