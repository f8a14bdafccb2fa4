/** What a step of an attachment changes and how its record reaches the disk before that. */
export interface StepKind {
  /** Where the effect is. */
  readonly effect: 'cloud' | 'kernel';
  /** `durable`: synced before the effect. `quick`: written and renamed only, since a power cut wipes the effect too. */
  readonly sync: 'durable' | 'quick';
  /** What takes it back. */
  readonly inverse: 'delete' | 'detach' | 'clear' | 'restore' | 'none';
}

/**
 * Every outside effect of ADD in order, then those of DEL. Each is recorded before it happens; a record found without a living owner
 * is unwound by what its last step may have done.
 */
export const STEPS = {
  create: { effect: 'cloud', sync: 'durable', inverse: 'delete' },
  attach: { effect: 'cloud', sync: 'durable', inverse: 'detach' },
  move: { effect: 'kernel', sync: 'quick', inverse: 'detach' },
  redirects: { effect: 'kernel', sync: 'quick', inverse: 'restore' },
  configure: { effect: 'kernel', sync: 'quick', inverse: 'clear' },
  announce: { effect: 'kernel', sync: 'quick', inverse: 'none' },
  restore: { effect: 'kernel', sync: 'quick', inverse: 'none' },
  clear: { effect: 'kernel', sync: 'quick', inverse: 'none' },
  detach: { effect: 'cloud', sync: 'durable', inverse: 'none' },
  delete: { effect: 'cloud', sync: 'durable', inverse: 'none' },
} as const satisfies Record<string, StepKind>;

/** The name of a step. */
export type StepName = keyof typeof STEPS;

/** True for the name of a step. */
export function isStepName(text: string): text is StepName {
  return Object.hasOwn(STEPS, text);
}
