/** What a step of an attachment changes and how its record reaches the disk before that. */
export interface StepKind {
  /** Where the effect is. */
  readonly effect: 'cloud' | 'kernel';
  /** `durable`: synced before the effect. `quick`: written and renamed only, since a power cut wipes the effect too. */
  readonly sync: 'durable' | 'quick';
  /** What takes it back. */
  readonly inverse: 'delete' | 'detach' | 'clear' | 'restore' | 'none';
}

/** The name of a step: what is about to be done. */
export type StepName =
  /** A NIC is asked of the cloud. */
  | 'create'
  /** The NIC is attached to the instance. */
  | 'attach'
  /** Its link is moved into the container. */
  | 'move'
  /** The container's namespace is told to ignore ICMP redirects. */
  | 'redirects'
  /** The link gets its addresses, MTU and routes, and goes up. */
  | 'configure'
  /** The neighbours are told of the addresses. */
  | 'announce'
  /** The link is taken out of use where it is. */
  | 'clear'
  /** The changed settings of the container's namespace are put back. */
  | 'restore'
  /** The NIC is detached from the instance. */
  | 'detach'
  /** The NIC is deleted in the cloud. */
  | 'delete';

/**
 * Every outside effect of ADD in order, then those of DEL. Each is recorded before it happens; a record found without a living owner
 * is unwound by what its last step may have done.
 */
export const STEPS: Readonly<Record<StepName, StepKind>> = {
  create: { effect: 'cloud', sync: 'durable', inverse: 'delete' },
  attach: { effect: 'cloud', sync: 'durable', inverse: 'detach' },
  move: { effect: 'kernel', sync: 'quick', inverse: 'detach' },
  redirects: { effect: 'kernel', sync: 'quick', inverse: 'restore' },
  configure: { effect: 'kernel', sync: 'quick', inverse: 'clear' },
  announce: { effect: 'kernel', sync: 'quick', inverse: 'none' },
  clear: { effect: 'kernel', sync: 'quick', inverse: 'none' },
  restore: { effect: 'kernel', sync: 'quick', inverse: 'none' },
  detach: { effect: 'cloud', sync: 'durable', inverse: 'none' },
  delete: { effect: 'cloud', sync: 'durable', inverse: 'none' },
};

/** True for the name of a step. */
export function isStepName(text: string): text is StepName {
  return Object.hasOwn(STEPS, text);
}
