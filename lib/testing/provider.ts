import type { DefineCase, ProviderBed } from './provider-bed.js';
import { defineFaultCases } from './provider-faults.js';
import { defineJobCases } from './provider-jobs.js';
import { defineNicCases } from './provider-nics.js';

/** What {@link describeProvider} takes. */
export interface ProviderSuiteOptions {
  /** Of the provider, for the titles. */
  readonly name: string;
  /** The test runner's `describe`. */
  readonly describe: (title: string, body: () => void) => unknown;
  /** The test runner's `it`. */
  readonly it: (title: string, body: () => Promise<void>) => unknown;
  /** Makes a fresh cloud and a provider for it: called for each test. */
  readonly setup: () => Promise<ProviderBed>;
  /** True: the beds can make things go wrong, and the tests which need that are defined too. */
  readonly faults: boolean;
}

/**
 * Defines the tests that every `NicProvider` must pass. They assert with `node:assert/strict`,
 * so that any runner with `describe` and `it` will do.
 */
export function describeProvider(options: ProviderSuiteOptions): void {
  const test: DefineCase = (title, body) => {
    options.it(title, async () => {
      const bed = await options.setup();
      try {
        await body(bed);
      } finally {
        await bed.teardown();
      }
    });
  };
  options.describe(`NicProvider contract: ${options.name}`, () => {
    defineNicCases(test);
    defineJobCases(test);
    if (options.faults) defineFaultCases(test);
  });
}
