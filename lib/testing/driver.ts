import { defineAddressCases } from './driver-addresses.js';
import type { DefineDriverCase, DriverBed } from './driver-bed.js';
import { defineLinkCases } from './driver-links.js';
import { defineMoveCases } from './driver-move.js';
import { defineNamespaceCases } from './driver-namespaces.js';
import { defineRouteCases } from './driver-routes.js';
import { defineWatchCases } from './driver-watch.js';

/** What {@link describeDriver} takes. */
export interface DriverSuiteOptions {
  /** Of the driver, for the titles. */
  readonly name: string;
  /** The test runner's `describe`. */
  readonly describe: (title: string, body: () => void) => unknown;
  /** The test runner's `it`. */
  readonly it: (title: string, body: () => Promise<void>) => unknown;
  /** Makes a fresh machine and a driver for it: called for each test. */
  readonly setup: () => Promise<DriverBed>;
  /** After how many milliseconds a wait that should have ended counts as hanging; default 15,000. */
  readonly patienceMs?: number;
}

/**
 * Defines the tests that every `NetworkDriver` must pass. They assert with `node:assert/strict`,
 * so that any runner with `describe` and `it` will do.
 */
export function describeDriver(options: DriverSuiteOptions): void {
  const test: DefineDriverCase = (title, body) => {
    options.it(title, async () => {
      const bed = await options.setup();
      try {
        await body(bed, () => ({ signal: AbortSignal.timeout(options.patienceMs ?? 15_000) }));
      } finally {
        await bed.teardown();
      }
    });
  };
  options.describe(`NetworkDriver contract: ${options.name}`, () => {
    defineNamespaceCases(test);
    defineLinkCases(test);
    defineMoveCases(test);
    defineAddressCases(test);
    defineRouteCases(test);
    defineWatchCases(test);
  });
}
