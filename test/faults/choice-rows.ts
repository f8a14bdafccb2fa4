import { type Choices, emulatorChoices } from '../../providers/qingcloud/emulator/index.js';
import { pairwise } from '../support/pairwise.js';
import { scaled } from './scale.js';

/** One way to choose what nobody knows of the service. */
export interface ChoiceRow {
  /** Its place among all rows. */
  readonly index: number;
  /** What is chosen. */
  readonly choices: Choices;
  /** What differs from the defaults. */
  readonly title: string;
}

const rows = pairwise<string | number | boolean>(
  Object.fromEntries(Object.entries(emulatorChoices).map(([name, { values }]) => [name, values])),
);

function toRow(index: number): ChoiceRow {
  const row = rows[index] ?? {};
  const others = Object.entries(row).filter(([name, value]) => value !== rows[0]?.[name]);
  const differences = others.length === 0 ? 'the defaults' : others.map(([name, value]) => `${name} ${String(value)}`).join(', ');
  return { index, choices: row, title: `row ${index}: ${differences}` };
}

/** How many rows there are in which every two choices occur together. */
export const ROWS = rows.length;

/** The rows of this run: in short two that are not the defaults, which all other tests have. */
export const TRIED: readonly ChoiceRow[] = scaled({ short: [Math.floor(ROWS / 2), ROWS - 1], full: [...rows.keys()] }).map(toRow);
