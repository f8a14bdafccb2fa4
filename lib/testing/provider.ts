import type { ProviderBed } from './provider-bed.js';
import { defineCancellationCases } from './provider-cancellation.js';
import { defineConcurrencyCases } from './provider-concurrency.js';
import { defineErrorCases } from './provider-errors.js';
import { defineJobCases } from './provider-jobs.js';
import { defineLimitCases } from './provider-limits.js';
import { defineLostAnswerCases } from './provider-lost-answers.js';
import { defineNicCases } from './provider-nics.js';
import { definePagingCases } from './provider-paging.js';
import { createDefineCase, type DefineCase, type ProviderSuiteOptions } from './provider-suite.js';

const PARTS: Readonly<Record<string, (test: DefineCase) => void>> = {
  'subnets and NICs': defineNicCases,
  'attaching and detaching': defineJobCases,
  paging: definePagingCases,
  'error classes': defineErrorCases,
  'lost answers': defineLostAnswerCases,
  concurrency: defineConcurrencyCases,
  cancellation: defineCancellationCases,
  limits: defineLimitCases,
};

/**
 * Defines the tests that every `NicProvider` must pass. They assert with `node:assert/strict`,
 * so that any runner with `describe` and `it` will do.
 *
 * @example
 * ```ts
 * import { describe, it } from 'mocha';
 * import { describeProvider } from 'hostnic-cni/testing';
 *
 * describeProvider({
 *   name: 'my cloud',
 *   describe,
 *   it,
 *   setup: () => startMyCloud(),
 *   teardown: (bed) => bed.stop(),
 *   features: { forwarding: 'this cloud lets every NIC forward' },
 * });
 * ```
 */
export function describeProvider<B extends ProviderBed>(options: ProviderSuiteOptions<B>): void {
  const test = createDefineCase(options);
  options.describe(`NicProvider contract: ${options.name}`, () => {
    for (const [part, define] of Object.entries(PARTS)) options.describe(part, () => define(test));
  });
}
