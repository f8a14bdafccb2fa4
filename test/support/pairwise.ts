/** Factors by name, and the values each can take. */
export type Factors<T> = Readonly<Record<string, readonly T[]>>;

/** One value of each factor. */
export type Row<T> = Readonly<Record<string, T>>;

type Pair = readonly [first: string, firstValue: number, second: string, secondValue: number];

type Chosen = ReadonlyMap<string, number>;

function keyOf([first, i, second, j]: Pair): string {
  return first < second ? JSON.stringify([first, i, second, j]) : JSON.stringify([second, j, first, i]);
}

function allPairs<T>(factors: Factors<T>): Map<string, Pair> {
  const names = Object.keys(factors);
  const pairs = new Map<string, Pair>();
  for (const [a, first] of names.entries()) {
    for (const second of names.slice(a + 1)) {
      for (const i of (factors[first] ?? []).keys()) {
        for (const j of (factors[second] ?? []).keys()) pairs.set(keyOf([first, i, second, j]), [first, i, second, j]);
      }
    }
  }
  return pairs;
}

/** How many pairs that are still open a value would close, beside those chosen so far. */
function gain(open: ReadonlyMap<string, Pair>, chosen: Chosen, name: string, value: number): number {
  let sum = 0;
  for (const [other, otherValue] of chosen) if (open.has(keyOf([other, otherValue, name, value]))) sum++;
  return sum;
}

/** The value that closes most; of equals the one that comes first after `from`, so that rows differ where nothing else decides. */
function best(open: ReadonlyMap<string, Pair>, chosen: Chosen, name: string, count: number, from: number): number {
  let found = from % count;
  for (let step = 1; step < count; step++) {
    const value = (from + step) % count;
    if (gain(open, chosen, name, value) > gain(open, chosen, name, found)) found = value;
  }
  return found;
}

/**
 * Rows in which every two values of any two factors occur together at least once: far fewer than all combinations.
 * Greedy: each row starts with a pair that is still missing and takes, factor by factor, the value that adds most. The first row has each factor's first value.
 * A single factor gives a row for each of its values.
 * @throws RangeError for a factor without values
 */
export function pairwise<T>(factors: Factors<T>): readonly Row<T>[] {
  const names = Object.keys(factors);
  for (const name of names) if (factors[name]?.length === 0) throw new RangeError(`factor ${name} has no values`);
  const toRow = (indexOf: (name: string) => number): Row<T> =>
    Object.fromEntries(names.map((name) => [name, (factors[name] ?? [])[indexOf(name)] as T]));
  const [only] = names;
  if (names.length <= 1) return only === undefined ? [] : (factors[only] ?? []).map((_value, i) => toRow(() => i));
  const open = allPairs(factors);
  const rows: Row<T>[] = [];
  const take = (chosen: Chosen): void => {
    for (const [key, [first, i, second, j]] of open) if (chosen.get(first) === i && chosen.get(second) === j) open.delete(key);
    rows.push(toRow((name) => chosen.get(name) ?? 0));
  };
  take(new Map(names.map((name) => [name, 0])));
  for (;;) {
    const [missing] = open.values();
    if (missing === undefined) return rows;
    const [first, i, second, j] = missing;
    const chosen = new Map([
      [first, i],
      [second, j],
    ]);
    for (const name of names) {
      if (!chosen.has(name)) chosen.set(name, best(open, chosen, name, factors[name]?.length ?? 1, rows.length));
    }
    take(chosen);
  }
}
