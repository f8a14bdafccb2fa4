import type { SeededRandom } from './random.js';

/** Random choices of a fuzz test, all from one seeded source. */
export interface Dice {
  /** A whole number from 0 up to but not including `below`. */
  number(below: number): number;
  /** One of a list. */
  pick<T>(list: readonly T[]): T;
  /** True once in `times` on average. */
  oneIn(times: number): boolean;
}

export function createDice({ next }: Pick<SeededRandom, 'next'>): Dice {
  const number = (below: number): number => Math.floor(next() * below);
  return {
    number,
    oneIn: (times) => number(times) === 0,
    pick: <T>(list: readonly T[]): T => {
      if (list.length === 0) throw new RangeError('nothing to pick from');
      return list[number(list.length)] as T;
    },
  };
}

const SCRAPS = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '\\',
  '\u0000',
  '\n',
  '../',
  '\u{1f4a5}',
  '\ufeff',
  '-1',
  '1e999',
  'null',
  'true',
  '__proto__',
  '%d',
  ' ',
];

/** Damages a text at random places, as a bad disk, an editor or a person does. */
export function damageText(dice: Dice, text: string): string {
  let result = text;
  for (let i = 0; i <= dice.number(3); i++) {
    const at = dice.number(result.length + 1);
    const to = Math.min(result.length, at + 1 + dice.number(12));
    result = dice.pick([
      () => result.slice(0, at),
      () => result.slice(0, at) + result.slice(to),
      () => result.slice(0, at) + result.slice(at, to) + result.slice(at),
      () => result.slice(0, at) + dice.pick(SCRAPS) + result.slice(at),
      () => result.slice(0, at) + String.fromCharCode(32 + dice.number(95)) + result.slice(at + 1),
    ])();
  }
  return result;
}

/** Values that a key may be given by mistake. */
const VALUES: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1.5,
  () => 1e308,
  () => '',
  () => ' ',
  () => 'x',
  () => '\u0000',
  () => 'a'.repeat(5000),
  () => '../../outside/victim',
  () => '/dev/null',
  () => '/proc/self/mem',
  () => '0.0.0.0',
  () => '::1',
  () => '256.1.1.1/33',
  () => '10.0.0.0/8',
  () => '\u{1f4a5}',
  () => [],
  () => [[]],
  () => [null],
  () => ['net-1', 'net-1'],
  () => ({}),
  () => ({ constructor: 1, toString: 2 }),
  () => JSON.parse('{"__proto__":{"polluted":true}}'),
  () => Array.from({ length: 2000 }, (_, i) => i),
];

type Holder = Record<string, unknown> | unknown[];

const isHolder = (value: unknown): value is Holder => typeof value === 'object' && value !== null;

function holdersIn(value: unknown): readonly Holder[] {
  return isHolder(value) ? [value, ...Object.values(value).flatMap(holdersIn)] : [];
}

function damageHolder(dice: Dice, holder: Holder): void {
  const target = holder as Record<string, unknown>;
  const keys = Object.keys(target);
  const key = keys.length === 0 ? 'new' : dice.pick(keys);
  const value = target[key];
  dice.pick([
    () => {
      target[key] = dice.pick(VALUES)();
    },
    () => {
      delete target[key];
    },
    () => {
      target[dice.pick(SCRAPS)] = dice.pick(VALUES)();
    },
    () => {
      target[key.toUpperCase()] = dice.pick(VALUES)();
    },
    () => {
      target[key] = [value, value];
    },
    () => {
      target[key] = { [key]: value };
    },
  ])();
}

/** A copy of a JSON value with keys missing, doubled, renamed or of wrong values, at any depth. */
export function damageJson(dice: Dice, value: unknown): unknown {
  const copy: unknown = structuredClone(value);
  for (let i = 0; i <= dice.number(3); i++) {
    const holders = holdersIn(copy);
    if (holders.length > 0) damageHolder(dice, dice.pick(holders));
  }
  return copy;
}
