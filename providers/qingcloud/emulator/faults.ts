import type { StandardErrorName } from './api-error.js';
import type { JobStatus } from './model.js';

/** Whether a fault strikes before the request takes effect, so that nothing happened, or after it did. */
export type FaultMoment = 'before' | 'after';

/** The call takes longer. */
export interface LatencyFault {
  /** Tells the kinds apart. */
  readonly kind: 'latency';
  /** How much longer, in milliseconds. */
  readonly ms: number;
  /** Default `before`: the effect is late as well. */
  readonly when?: FaultMoment;
}

/** The call is answered with a refusal of the API (HTTP 200). */
export interface ErrorFault {
  /** Tells the kinds apart. */
  readonly kind: 'error';
  /** One of the usual refusals: `rate-limit`, `quota`, `vxnet-full`, `busy`, … Default `internal`. */
  readonly error?: StandardErrorName;
  /** Another code than the usual one. */
  readonly retCode?: number;
  /** Another text than the usual one. */
  readonly message?: string;
  /** Default `before`. */
  readonly when?: FaultMoment;
}

/** The call is answered with an HTTP status and a page of HTML, as a load balancer in front of the service does. */
export interface StatusFault {
  /** Tells the kinds apart. */
  readonly kind: 'status';
  /** The status, 400 to 599. */
  readonly status: number;
  /** Default `before`. */
  readonly when?: FaultMoment;
}

/** The connection is cut without an answer. With `after` this is the lost answer of a success. */
export interface CutFault {
  /** Tells the kinds apart. */
  readonly kind: 'cut';
  /** Default `after`. */
  readonly when?: FaultMoment;
}

/** No answer ever comes, and the connection stays open. */
export interface SilenceFault {
  /** Tells the kinds apart. */
  readonly kind: 'silence';
  /** Default `after`. */
  readonly when?: FaultMoment;
}

/** HTTP 200 with a body that is no answer. */
export interface GarbageFault {
  /** Tells the kinds apart. */
  readonly kind: 'garbage';
  /** The body; the first half of the true answer by default. */
  readonly body?: string;
  /** Default `after`. */
  readonly when?: FaultMoment;
}

/** The connection is cut at once, and the request takes effect only later. */
export interface LateEffectFault {
  /** Tells the kinds apart. */
  readonly kind: 'late-effect';
  /** How much later, in milliseconds. */
  readonly delayMs: number;
}

/** A Describe* call is answered from an older state. */
export interface StaleFault {
  /** Tells the kinds apart. */
  readonly kind: 'stale';
  /** How old, in milliseconds. */
  readonly ageMs: number;
}

/** The job that an AttachNics or DetachNics call starts goes another way. */
export interface JobFault {
  /** Tells the kinds apart. */
  readonly kind: 'job';
  /** How it ends; `stuck`: it stays `working`. Default `successful`. */
  readonly outcome?: Extract<JobStatus, 'successful' | 'failed' | 'done with failure'> | 'stuck';
  /** How long it takes, in milliseconds. */
  readonly durationMs?: number;
  /** When the links appear (detach: vanish), in milliseconds from the call, before or after the job's end; `never`: they do not. Default: at its end. */
  readonly linksAfterMs?: number | 'never';
  /** `error_codes` of a job that ends in failure. Default `5000`. */
  readonly errorCodes?: string;
  /** True: the NICs get their new state although the job ends in failure. Default false: links that appeared are taken away again. */
  readonly landed?: boolean;
}

/** Something that goes wrong. */
export type Fault =
  | LatencyFault
  | ErrorFault
  | StatusFault
  | CutFault
  | SilenceFault
  | GarbageFault
  | LateEffectFault
  | StaleFault
  | JobFault;

/** A fault and the calls that it strikes. */
export interface FaultRule {
  /** What goes wrong. */
  readonly fault: Fault;
  /** Only calls of this action; of any by default. */
  readonly action?: string;
  /** Only calls with these parameters, by their full names: `{ vxnet: 'vxnet-a' }`, `{ 'nics.1': '52:54:…' }`. */
  readonly match?: Readonly<Record<string, string>>;
  /** How many matching calls are spared first. Default 0. */
  readonly skip?: number;
  /** How many calls it strikes. Default 1. */
  readonly times?: number | 'always';
  /** How likely it strikes a call that it could strike, from 0 to 1. Default 1. */
  readonly probability?: number;
}

/** A rule that is in force. */
export interface ActiveFault {
  /** Its id, for removing it. */
  readonly id: string;
  /** The rule as it was given. */
  readonly rule: FaultRule;
  /** How many calls it has struck. */
  readonly struck: number;
}

/** What strikes one call: at most one fault of each sort. */
export interface CallFaults {
  /** All that match, since delays add up. */
  readonly latency: readonly LatencyFault[];
  /** What becomes of the answer. */
  readonly answer: ErrorFault | StatusFault | CutFault | SilenceFault | GarbageFault | LateEffectFault | undefined;
  /** How old the state is that it is answered from. */
  readonly stale: StaleFault | undefined;
  /** What becomes of its job. */
  readonly job: JobFault | undefined;
}

/** The moment a fault strikes when its rule does not say. */
export function momentOf(fault: NonNullable<CallFaults['answer']>): FaultMoment {
  if (fault.kind === 'late-effect') return 'before';
  return fault.when ?? (fault.kind === 'error' || fault.kind === 'status' ? 'before' : 'after');
}
