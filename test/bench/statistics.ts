/** A benchmark's numbers, as they are printed. */
export interface Summary {
  /** The middle one, in milliseconds. */
  readonly medianMs: number;
  /** What 99 of 100 do not exceed, in milliseconds; with fewer than 100 numbers, the largest. */
  readonly p99Ms: number;
  /** The smallest, in milliseconds: what is left when nothing else happens on the machine. */
  readonly minMs: number;
  /** How many. */
  readonly n: number;
}

/** The smallest number that at least the part `p` of all does not exceed (nearest rank); NaN of none. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

/** Sums up times in milliseconds, to hundredths. */
export function summarize(values: readonly number[]): Summary {
  const round = (ms: number): number => Math.round(ms * 100) / 100;
  return {
    medianMs: round(quantile(values, 0.5)),
    p99Ms: round(quantile(values, 0.99)),
    minMs: round(quantile(values, 0)),
    n: values.length,
  };
}
