/** What a list of faults came to. */
export class FaultFigures {
  /** Faults by the call they struck. */
  readonly struck = new Map<string, number>();
  /** Commands that failed of it and left everything as it was, at once. */
  refused = 0;
  /** Commands that failed and left work for the next one, recorded, by the call that was struck. */
  readonly pending = new Map<string, number>();
  /** Commands that went well all the same. */
  survived = 0;
  /** What was wrong, in words. */
  readonly failures: string[] = [];

  /** Takes down that a fault struck. */
  count(call: string): void {
    this.struck.set(call, (this.struck.get(call) ?? 0) + 1);
  }

  /** Takes down that work was left for the next command. */
  countPending(call: string): void {
    this.pending.set(call, (this.pending.get(call) ?? 0) + 1);
  }

  /** All of it, for printing. */
  toFigures(): Readonly<Record<string, number>> {
    const total = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((sum, n) => sum + n, 0);
    return {
      faults: total(this.struck),
      ...Object.fromEntries(this.struck),
      'failed and left nothing': this.refused,
      'left for later, on record': total(this.pending),
      ...Object.fromEntries([...this.pending].map(([call, n]) => [`of ${call}`, n])),
      'went well all the same': this.survived,
      failures: this.failures.length,
    };
  }
}

/** All of a list, or a few: evenly spread from a random beginning, so that each run looks elsewhere. */
export function pick<T>(all: readonly T[], most: number, random: () => number): readonly T[] {
  if (all.length <= most) return all;
  const start = random();
  return Array.from({ length: most }, (_, i) => all[Math.floor(((i + start) * all.length) / most)]).filter((one) => one !== undefined);
}
