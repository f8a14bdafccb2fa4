import { describeProvider } from '../../lib/testing/index.js';
import { type Choices, emulatorChoices } from '../../providers/qingcloud/emulator/index.js';
import { pairwise, type Row } from '../support/pairwise.js';
import { createQingCloudBed, type QingCloudBed } from '../support/qingcloud-bed.js';
import { scaled } from './scale.js';

type Value = string | number | boolean;

/**
 * What nobody could find out about the service. Without `leaseNotReadyMs`: that a NIC can be attached at once is part of the contract, and a
 * service where it cannot is what the engine's retries are for, not the provider's.
 */
const FACTORS: Readonly<Record<string, readonly Value[]>> = Object.fromEntries(
  Object.entries(emulatorChoices)
    .filter(([name]) => name !== 'leaseNotReadyMs')
    .map(([name, { values }]) => [name, values]),
);

/** As few rows as there are other values than the default of the choice that has most of them; each value is in one of them at least. */
const EVERY_VALUE: readonly Row<Value>[] = Array.from(
  { length: Math.max(...Object.values(FACTORS).map(({ length }) => length)) - 1 },
  (_, i) => Object.fromEntries(Object.entries(FACTORS).map(([name, values]) => [name, values[(i + 1) % values.length] as Value])),
);

const ROWS = scaled({ short: EVERY_VALUE, full: pairwise(FACTORS) });

for (const [index, row] of ROWS.entries()) {
  const others = Object.entries(row).filter(([name, value]) => value !== FACTORS[name]?.[0]);
  describeProvider({
    name: `qingcloud on the emulator, choices ${index}: ${others.map(([name, value]) => `${name} ${value}`).join(', ')}`,
    describe,
    it,
    setup: () => createQingCloudBed({ choices: row as Choices }),
    teardown: (bed: QingCloudBed) => bed.close(),
  });
}
