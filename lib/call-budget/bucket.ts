/**
 * What a call is for, which decides how much must be left for others after it.
 *
 * - `create` begins something that later calls must finish: it leaves enough for them.
 * - `read` may be asked again later.
 * - `change` finishes what was begun, above all taking NICs back: it may use the last call there is.
 */
export type CallKind = 'read' | 'change' | 'create';

/** How much a bucket holds and how fast it fills. */
export interface BucketSize {
  /** Calls that can be made at once after a quiet time. */
  readonly capacity: number;
  /** Calls that come back in an hour. */
  readonly perHour: number;
}

/** What is in a bucket at a moment. */
export interface BucketState {
  /** Calls left, with fractions. */
  readonly tokens: number;
  /** The moment, in the clock's milliseconds. */
  readonly at: number;
  /** The part of its speed it fills at, from {@link SLOWEST} to 1: less after the cloud has asked for fewer calls. */
  readonly pace: number;
  /** When it was slowed down last, in the clock's milliseconds. */
  readonly slowedAt?: number;
}

/** What must be left after a call, as a part of the capacity. */
const KEPT: Readonly<Record<CallKind, number>> = { create: 0.2, read: 0.05, change: 0 };
/** The slowest pace. */
const SLOWEST = 1 / 16;
/** How long the pace takes from nothing to its full, in milliseconds. */
const RECOVERY_MS = 600_000;
const HOUR_MS = 3_600_000;
/** Refusals that come within this time, in milliseconds, are of calls that were under way together, and say one thing. */
const WAVE_MS = 5_000;

/**
 * Divides a number of calls an hour into a burst and a flow, half each: then no hour, wherever it begins, sees more calls than that.
 * @param callsPerHour more than 0
 */
export function toBucketSize(callsPerHour: number): BucketSize {
  // One call must fit in, or nothing would ever be sent.
  return { capacity: Math.max(1, callsPerHour / 2), perHour: callsPerHour / 2 };
}

/** A bucket that nobody has used yet. */
export function fullBucket(size: BucketSize, now: number): BucketState {
  return { tokens: size.capacity, at: now, pace: 1 };
}

/** The bucket at a later moment. A clock that was set back makes no difference to what is left. */
export function refill(state: BucketState, size: BucketSize, now: number): BucketState {
  const elapsed = Math.max(0, now - state.at);
  const pace = Math.min(1, state.pace + elapsed / RECOVERY_MS);
  const recovering = Math.min(elapsed, (1 - state.pace) * RECOVERY_MS);
  // The pace grows in a straight line, so its mean is that of its ends.
  const fullMs = recovering * ((state.pace + pace) / 2) + (elapsed - recovering);
  return { ...state, tokens: Math.min(size.capacity, state.tokens + (fullMs * size.perHour) / HOUR_MS), at: now, pace };
}

/** What must be in the bucket for a call of that kind. */
export function neededFor(kind: CallKind, size: BucketSize): number {
  // A small bucket keeps nothing back, or its calls would wait for what can never be there.
  return Math.min(size.capacity, 1 + Math.floor(size.capacity * KEPT[kind]));
}

/** Takes one call out if the bucket allows it; undefined when it does not. The state must be of this moment. */
export function take(state: BucketState, size: BucketSize, kind: CallKind): BucketState | undefined {
  if (state.tokens < neededFor(kind, size)) return undefined;
  return { ...state, tokens: state.tokens - 1 };
}

/** How long until a call of that kind is allowed if nobody else takes one, in milliseconds, at the present pace. */
export function waitFor(state: BucketState, size: BucketSize, kind: CallKind): number {
  const missing = neededFor(kind, size) - state.tokens;
  return missing <= 0 ? 0 : Math.ceil((missing * HOUR_MS) / (size.perHour * state.pace));
}

/**
 * The bucket after the cloud has said that there were too many calls: half as full, and filling half as fast until that has passed.
 * What many processes hear at the same time counts once, or fifty of them would leave nothing for an hour.
 */
export function slowDown(state: BucketState): BucketState {
  const { at, slowedAt = Number.NEGATIVE_INFINITY } = state;
  // A clock that was set back tells nothing about the time since.
  if (at >= slowedAt && at - slowedAt < WAVE_MS) return state;
  return { tokens: state.tokens / 2, at, pace: Math.max(SLOWEST, state.pace / 2), slowedAt: at };
}
