/** A source of random numbers that a failing test can name. */
export interface SeededRandom {
  /** The seed in words, for messages of assertions. */
  readonly label: string;
  /** The seed. */
  readonly seed: number;
  /** The next number, from 0 up to but not including 1. */
  readonly next: () => number;
}

function seedOfRun(): number {
  const wanted = process.env['TEST_SEED'] ?? '1';
  return wanted === 'time' ? Date.now() % 2 ** 32 : Number(wanted);
}

/**
 * Starts at a seed (mulberry32). By default it is that of the environment variable TEST_SEED: a number, or `time` for a new one on every run.
 * Without that every run is the same, so that a change is judged by what it changed.
 */
export function seededRandom(seed: number = seedOfRun()): SeededRandom {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { label: `TEST_SEED=${seed}`, seed, next };
}
