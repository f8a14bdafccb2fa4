/** A row of the summary. */
export interface SummaryRow {
  /** What was done. */
  readonly what: string;
  /** How it went, in a few words. */
  readonly outcome: string;
  /** How long it took, in milliseconds. */
  readonly ms: number;
}

/** Tells somebody at a terminal what happens, as it happens. */
export class Report {
  readonly #print: (line: string) => void;
  readonly #now: () => number;
  readonly #start: number;
  readonly #signal: AbortSignal;
  readonly #rows: SummaryRow[] = [];

  /** @param now a clock in milliseconds @param signal aborted when somebody wants the end: what breaks off then has not failed */
  constructor(print: (line: string) => void, now: () => number, signal: AbortSignal) {
    this.#signal = signal;
    this.#print = print;
    this.#now = now;
    this.#start = now();
  }

  /** A heading. */
  chapter(title: string): void {
    this.#print('');
    this.#print(title);
  }

  /** Something that happened, with the time since the start. */
  say(text: string): void {
    const seconds = ((this.#now() - this.#start) / 1000).toFixed(2);
    this.#print(`${seconds.padStart(7)} s  ${text}`);
  }

  /** A particular of what was said last. */
  detail(text: string): void {
    this.#print(`             ${text}`);
  }

  /** Something whole, such as a table, without a time. */
  block(lines: readonly string[]): void {
    for (const line of lines) this.#print(`  ${line}`);
  }

  /** Does a step and notes how it went; a step that fails is noted too, and its error goes on. @param describe says the outcome */
  async step<T>(what: string, work: () => Promise<T>, describe: (value: T) => string): Promise<T> {
    const begun = this.#now();
    try {
      const value = await work();
      const ms = this.#now() - begun;
      this.#rows.push({ what, outcome: describe(value), ms });
      this.say(`${what}: ${describe(value)} (${ms.toFixed(0)} ms)`);
      return value;
    } catch (error) {
      const outcome = this.#signal.aborted ? 'stopped' : 'FAILED';
      this.#rows.push({ what, outcome, ms: this.#now() - begun });
      this.say(`${what}: ${outcome}`);
      throw error;
    }
  }

  /** The steps so far as a table. */
  summary(): readonly string[] {
    return formatTable(
      ['step', 'outcome', 'ms'],
      this.#rows.map((row) => [row.what, row.outcome, row.ms.toFixed(0)]),
    );
  }
}

/** Lines of a table whose last columns, from the third on, are numbers. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ');
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)];
}
