/**
 * How the proofs of this folder are scaled, and how they print what they saw.
 *
 * Each proof is one file `X.faults.ts`. `npm test` runs it in its short form, a sample that takes seconds; `npm run test:faults` builds both
 * executables and runs it in full: all points, all rounds. `npm run test:faults -- X` runs one file alone, `npx tsx test/faults/main.ts X`
 * does so with what was built before.
 * Random choices come from `seededRandom()` of test/support, whose seed is printed and given again in TEST_SEED.
 */

/** `short`: part of `npm test`. `full`: `npm run test:faults`. */
export type Scale = 'short' | 'full';

function readScale(value: string | undefined): Scale {
  if (value === undefined || value === '' || value === 'short') return 'short';
  if (value === 'full') return 'full';
  throw new Error('HOSTNIC_FAULTS must be short or full');
}

/** The scale of this run. */
export const scale: Scale = readScale(process.env['HOSTNIC_FAULTS']);

/** The value for this run's scale. */
export function scaled<T>(values: Readonly<Record<Scale, T>>): T {
  return values[scale];
}

/**
 * How many of a list are tried: a few in short, all in full. `FAULTS_MOST` bounds a full run, for a machine with little time.
 * @param short how many in short
 */
export function mostOf(short: number): number {
  if (scale === 'short') return short;
  const most = Number(process.env['FAULTS_MOST'] ?? Number.POSITIVE_INFINITY);
  if (!(most >= 1)) throw new Error('FAULTS_MOST must be a number from 1');
  return most;
}

/** Prints one readable line of figures among mocha's own, such as `crash matrix of ADD: points 812, recoveries 3248, failures 0`. */
export function printFigures(what: string, figures: Readonly<Record<string, number | string>>): void {
  const list = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(`      ${what}: ${list.join(', ')}\n`);
}
