import { expect } from 'chai';
import { emulatorChoices } from '../../providers/qingcloud/emulator/index.js';
import { type Factors, pairwise, type Row } from './pairwise.js';

/** Pairs of values that no row has, found without the generator's help. */
function missing(factors: Factors<unknown>, rows: readonly Row<unknown>[]): string[] {
  const names = Object.keys(factors);
  const found: string[] = [];
  for (const first of names) {
    for (const second of names) {
      if (first === second) continue;
      for (const a of factors[first] ?? []) {
        for (const b of factors[second] ?? []) {
          if (!rows.some((row) => row[first] === a && row[second] === b)) found.push(`${first}=${String(a)} ${second}=${String(b)}`);
        }
      }
    }
  }
  return found;
}

describe('pairwise()', () => {
  const cases: readonly { readonly name: string; readonly factors: Factors<unknown>; readonly most: number }[] = [
    { name: 'two factors: all combinations', factors: { a: [1, 2, 3], b: ['x', 'y'] }, most: 6 },
    { name: 'three factors of two values', factors: { a: [0, 1], b: [0, 1], c: [0, 1] }, most: 5 },
    { name: 'factors of many and of one value', factors: { a: [1, 2, 3, 4, 5], b: [true], c: [1, 2], d: ['x', 'y', 'z'] }, most: 18 },
    {
      name: 'every choice of the emulator',
      factors: Object.fromEntries(Object.entries(emulatorChoices).map(([name, { values }]) => [name, values])),
      most: 24,
    },
  ];
  for (const { name, factors, most } of cases) {
    it(`covers every pair of ${name}, in few rows`, () => {
      const rows = pairwise(factors);
      expect(missing(factors, rows)).to.deep.equal([]);
      expect(rows.length).to.be.at.most(most);
      for (const row of rows) expect(Object.keys(row)).to.deep.equal(Object.keys(factors));
    });
  }

  it('begins with the first value of each factor', () => {
    expect(pairwise<unknown>({ a: ['default', 'other'], b: [1, 2] })[0]).to.deep.equal({ a: 'default', b: 1 });
  });

  it('gives a row for each value of a single factor, and none without factors', () => {
    expect(pairwise({ a: [1, 2] })).to.deep.equal([{ a: 1 }, { a: 2 }]);
    expect(pairwise({})).to.deep.equal([]);
  });

  it('refuses a factor without values', () => {
    expect(() => pairwise({ a: [1], b: [] })).to.throw(RangeError, 'factor b has no values');
  });
});
