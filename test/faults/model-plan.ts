import { seededRandom } from '../support/random.js';

/** The containers that come and go. */
export const CONTAINERS: readonly string[] = ['c0', 'c1', 'c2', 'c3', 'c4', 'c5'];

/** What goes wrong during a command; undefined where nothing does. Numbers are from 0 up to 1, for the subject to make something of. */
export interface Mishap {
  /** The cloud's calls fail in a way that follows from this seed. */
  readonly faultSeed: number | undefined;
  /** The process is killed at this part of its run. */
  readonly killAt: number | undefined;
}

/** One step of a plan. */
export type ModelStep =
  | ({ readonly kind: 'ADD'; readonly container: string; readonly gateway: boolean } & Mishap)
  | ({ readonly kind: 'DEL'; readonly container: string; readonly sandboxGoes: boolean } & Mishap)
  | { readonly kind: 'CHECK'; readonly container: string }
  | ({ readonly kind: 'GC' } & Mishap)
  /** The runtime loses a container without ever sending DEL. */
  | { readonly kind: 'forget'; readonly container: string }
  /** `cut`: what was not written durably is gone. */
  | { readonly kind: 'reboot'; readonly cut: boolean }
  | { readonly kind: 'pass'; readonly ms: number };

const SOUND: Mishap = { faultSeed: undefined, killAt: undefined };

/** A list of random steps, which follows from the seed alone: the same seed, the same steps. */
export function planModel(seed: number, count: number): readonly ModelStep[] {
  const { next } = seededRandom(seed);
  const pick = <T>(choices: readonly T[]): T => {
    const chosen = choices[Math.floor(next() * choices.length)];
    if (chosen === undefined) throw new RangeError('nothing to choose from');
    return chosen;
  };
  const mayFail = (): Mishap => (next() < 0.3 ? { ...SOUND, faultSeed: Math.floor(next() * 2 ** 32) } : SOUND);
  const addOf = (container: string, mishap: Mishap): ModelStep => ({ kind: 'ADD', container, gateway: next() < 0.4, ...mishap });
  const delOf = (container: string, mishap: Mishap): ModelStep => ({ kind: 'DEL', container, sandboxGoes: next() < 0.5, ...mishap });
  const step = (): ModelStep => {
    const container = pick(CONTAINERS);
    const dice = next();
    if (dice < 0.3) return addOf(container, mayFail());
    if (dice < 0.55) return delOf(container, mayFail());
    if (dice < 0.62) return { kind: 'CHECK', container };
    if (dice < 0.7) return { kind: 'GC', ...mayFail() };
    if (dice < 0.82) {
      const mishap = { ...SOUND, killAt: next() };
      return next() < 0.6 ? addOf(container, mishap) : delOf(container, mishap);
    }
    if (dice < 0.9) return { kind: 'forget', container };
    if (dice < 0.92) return { kind: 'reboot', cut: next() < 0.5 };
    return { kind: 'pass', ms: pick([1000, 30_000, 70_000, 700_000]) };
  };
  return Array.from({ length: count }, step);
}

/** A step in a few words. */
export function formatStep(step: ModelStep): string {
  const what = 'container' in step ? `${step.kind} ${step.container}` : step.kind;
  const mishap = (): string => {
    if (!('killAt' in step)) return '';
    if (step.killAt !== undefined) return `, killed at ${step.killAt.toFixed(3)}`;
    return step.faultSeed === undefined ? '' : `, faults of seed ${step.faultSeed}`;
  };
  switch (step.kind) {
    case 'ADD':
      return `${what}${step.gateway ? ' with gateway' : ''}${mishap()}`;
    case 'DEL':
      return `${what}${step.sandboxGoes ? ' and its sandbox' : ''}${mishap()}`;
    case 'reboot':
      return step.cut ? 'power cut' : 'reboot';
    case 'pass':
      return `${step.ms} ms pass`;
    default:
      return `${what}${mishap()}`;
  }
}
