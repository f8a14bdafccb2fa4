/** How much the engine may do and how long it waits. Times are in milliseconds. */
export interface EngineLimits {
  /** More attachments than this whose clean-up was tried and failed make ADD answer `ERR_PENDING`. */
  readonly maxPending: number;
  /** How many left-over attachments of other commands one command finishes at most. */
  readonly pendingPerCommand: number;
  /** How long one command works on left-over attachments at most, before its own work and again after it. */
  readonly pendingMs: number;
  /** How long a gateway NIC stays without users. */
  readonly gatewayIdleMs: number;
  /** How old a NIC without a record must be before it is collected. */
  readonly gcMinAgeMs: number;
  /** How long the cloud's part of a status stays good. */
  readonly statusMaxAgeMs: number;
  /** The same after a failure. */
  readonly statusFailureMaxAgeMs: number;
  /** The part of an ADD's time that is kept back for unwinding; at most two fifths of the whole. */
  readonly unwindReserveMs: number;
  /**
   * The time at the end of an ADD's work in which no NIC is created any more; at most a fifth of that work's time. A create request whose
   * answer comes too late leaves a NIC that may yet appear, to be watched for `lateEffectMs` of the provider.
   */
  readonly createAnswerMs: number;
  /** How long a description of a subnet stays good. */
  readonly subnetMaxAgeMs: number;
  /** How long a subnet that refused a NIC is left alone. */
  readonly setAsideMs: number;
  /** The shortest wait between two looks at something in the cloud; it grows from there. */
  readonly pollMs: number;
  /** The longest. */
  readonly maxPollMs: number;
  /** How often a waiting ADD looks whether it was cancelled. */
  readonly cancelPollMs: number;
}

/** What holds where the caller says nothing. */
export const DEFAULT_LIMITS: EngineLimits = {
  maxPending: 16,
  pendingPerCommand: 5,
  pendingMs: 5000,
  gatewayIdleMs: 600_000,
  gcMinAgeMs: 600_000,
  statusMaxAgeMs: 300_000,
  statusFailureMaxAgeMs: 60_000,
  unwindReserveMs: 12_000,
  // One round trip to QingCloud's API was seen to take 0.35 to 0.4 s: this is five of them. An ADD with less time left cannot come to its
  // end anyway, with a second call and an attach job still to come.
  createAnswerMs: 2000,
  subnetMaxAgeMs: 300_000,
  setAsideMs: 60_000,
  pollMs: 100,
  maxPollMs: 5000,
  cancelPollMs: 200,
};
