import type { Fault } from '../../providers/qingcloud/emulator/index.js';
import { RetCode } from '../../providers/qingcloud/ret-code.js';

/** Every action that the plugin may call. */
export const CLOUD_ACTIONS = [
  'CreateNics',
  'AttachNics',
  'DetachNics',
  'DeleteNics',
  'ModifyNicAttributes',
  'DescribeNics',
  'DescribeVxnets',
  'DescribeJobs',
  'DescribeInstances',
] as const;

/** One of {@link CLOUD_ACTIONS}. */
export type CloudAction = (typeof CLOUD_ACTIONS)[number];

/** A fault by a name for titles, and the actions it can strike. */
export interface NamedFault {
  readonly name: string;
  readonly fault: Fault;
  strikes(action: CloudAction): boolean;
  /** What it leaves can never be cleared away: it stays recorded. */
  readonly forGood?: true;
  /** The card of a NIC that was detached stays plugged, which nobody on the host can change. */
  readonly cardStays?: true;
}

const any = (): boolean => true;
const changing = (action: CloudAction): boolean => !action.startsWith('Describe');
const reading = (action: CloudAction): boolean => action.startsWith('Describe');
const ofJobs = (action: CloudAction): boolean => action === 'AttachNics' || action === 'DetachNics';

/** Answers that the service gives of itself, before it has done anything. */
const REFUSALS = [
  RetCode.malformed,
  RetCode.wrongMethod,
  RetCode.authFailure,
  RetCode.expired,
  RetCode.denied,
  RetCode.notFound,
  RetCode.alreadyExists,
  RetCode.balance,
  RetCode.quota,
  RetCode.internal,
  RetCode.busy,
  RetCode.noResources,
  RetCode.updating,
];

/** Answers that say no although something was done. "Denied" and "busy" to what has taken effect already are plausible for what is no creation. */
const AFTERWARDS = [RetCode.internal, RetCode.busy];
const AFTERWARDS_OF_CHANGES = [RetCode.denied, RetCode.notFound, RetCode.updating];

function body(name: string, text: string): NamedFault {
  return { name: `garbage: ${name}`, fault: { kind: 'garbage', body: text }, strikes: any };
}

/** All faults of the emulator that make sense for single calls. */
export const CLOUD_FAULTS: readonly NamedFault[] = [
  { name: '3 s late', fault: { kind: 'latency', ms: 3_000 }, strikes: any },
  { name: 'answered 20 s late', fault: { kind: 'latency', ms: 20_000, when: 'after' }, strikes: any },
  { name: 'answered 100 s late', fault: { kind: 'latency', ms: 100_000, when: 'after' }, strikes: any },
  ...REFUSALS.map((retCode): NamedFault => ({ name: `refused with ${retCode}`, fault: { kind: 'error', retCode }, strikes: any })),
  { name: 'refused: rate limit', fault: { kind: 'error', error: 'rate-limit' }, strikes: any },
  { name: 'refused: quota', fault: { kind: 'error', error: 'quota' }, strikes: changing },
  { name: 'refused: vxnet full', fault: { kind: 'error', error: 'vxnet-full' }, strikes: (action) => action === 'CreateNics' },
  { name: 'refused: lease not ready', fault: { kind: 'error', error: 'lease-not-ready' }, strikes: changing },
  ...AFTERWARDS.map(
    (retCode): NamedFault => ({
      name: `done, and answered ${retCode}`,
      fault: { kind: 'error', retCode, when: 'after' },
      strikes: changing,
    }),
  ),
  ...AFTERWARDS_OF_CHANGES.map(
    (retCode): NamedFault => ({
      name: `done, and answered ${retCode}`,
      fault: { kind: 'error', retCode, when: 'after' },
      strikes: (action) => changing(action) && action !== 'CreateNics',
    }),
  ),
  { name: 'HTTP 502', fault: { kind: 'status', status: 502 }, strikes: any },
  { name: 'done, and HTTP 504', fault: { kind: 'status', status: 504, when: 'after' }, strikes: any },
  { name: 'cut before', fault: { kind: 'cut', when: 'before' }, strikes: any },
  { name: 'done, and the answer lost', fault: { kind: 'cut' }, strikes: any },
  { name: 'no answer', fault: { kind: 'silence', when: 'before' }, strikes: any },
  { name: 'done, and no answer', fault: { kind: 'silence' }, strikes: any },
  { name: 'garbage: half an answer', fault: { kind: 'garbage' }, strikes: any },
  body('HTML', '<html></html>'),
  body('an empty object', '{}'),
  body('success and nothing else', '{"ret_code":0}'),
  { name: 'taking effect 5 s after it was cut', fault: { kind: 'late-effect', delayMs: 5_000 }, strikes: changing },
  { name: 'taking effect 55 s after it was cut', fault: { kind: 'late-effect', delayMs: 55_000 }, strikes: changing },
  { name: 'an answer 2 s old', fault: { kind: 'stale', ageMs: 2_000 }, strikes: reading },
  { name: 'an answer 15 s old', fault: { kind: 'stale', ageMs: 15_000 }, strikes: reading },
  { name: 'job failed', fault: { kind: 'job', outcome: 'failed' }, strikes: ofJobs },
  { name: 'job done with failure', fault: { kind: 'job', outcome: 'done with failure' }, strikes: ofJobs },
  { name: 'job failed, and done all the same', fault: { kind: 'job', outcome: 'failed', landed: true }, strikes: ofJobs },
  { name: 'job failed after its link had moved', fault: { kind: 'job', outcome: 'failed', linksAfterMs: 500 }, strikes: ofJobs },
  { name: 'link moved before the job ended', fault: { kind: 'job', linksAfterMs: 0, durationMs: 20_000 }, strikes: ofJobs },
  { name: 'link moved after the job ended', fault: { kind: 'job', linksAfterMs: 6_000 }, strikes: ofJobs },
  { name: 'link never moved', fault: { kind: 'job', linksAfterMs: 'never' }, strikes: ofJobs, cardStays: true },
  { name: 'job of 90 s', fault: { kind: 'job', durationMs: 90_000 }, strikes: ofJobs },
  { name: 'job stuck', fault: { kind: 'job', outcome: 'stuck', linksAfterMs: 'never' }, strikes: ofJobs, forGood: true },
  { name: 'job stuck, link moved', fault: { kind: 'job', outcome: 'stuck', linksAfterMs: 500 }, strikes: ofJobs, forGood: true },
];
