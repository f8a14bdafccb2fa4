import assert from 'node:assert/strict';
import type { ProviderBed, ProviderFaults, StagedRefusal } from './provider-bed.js';

/**
 * What some cases need and a provider, its cloud or its bed may lack.
 *
 * - `wishedAddress`, `forwarding`: the provider's own features of that name; the suite checks that they agree.
 * - `paging`: the first subnet has room for 110 NICs.
 * - `smallSubnet`: {@link ProviderBed.smallSubnet} is there.
 * - `fullInstance`: an instance can be filled up to its limit in a test.
 * - the names of {@link ProviderFaults}: the bed can make that go wrong.
 * - the codes of {@link StagedRefusal}: `refuse` can stage that one.
 */
export type SuiteFeature =
  | 'wishedAddress'
  | 'forwarding'
  | 'paging'
  | 'smallSubnet'
  | 'fullInstance'
  | keyof ProviderFaults
  | StagedRefusal;

/** For each feature `true`, or the reason why it is lacking. What is not named is expected to be there. */
export type SuiteFeatures = Readonly<Partial<Record<SuiteFeature, true | string>>>;

/** The test runner's `it`. */
export interface SuiteIt {
  /** Defines a test. */
  (title: string, body: () => Promise<void>): unknown;
  /** Defines a test that is shown, and not run. */
  skip(title: string, body: () => Promise<void>): unknown;
}

/** What `describeProvider` takes. */
export interface ProviderSuiteOptions<B extends ProviderBed = ProviderBed> {
  /** Of the provider, for the titles. */
  readonly name: string;
  /** The test runner's `describe`. */
  readonly describe: (title: string, body: () => void) => unknown;
  /** The test runner's `it`. */
  readonly it: SuiteIt;
  /** Makes a fresh cloud and providers for it: called for each test. */
  readonly setup: () => Promise<B>;
  /** Takes down what `setup` made, whatever became of the test. */
  readonly teardown: (bed: B) => Promise<void>;
  /** What is lacking, and why: the cases that need it are skipped, with the reason in their title. */
  readonly features?: SuiteFeatures;
}

type CaseBody = (bed: ProviderBed) => Promise<void>;

/** Defines one case of a suite. @internal */
export interface DefineCase {
  /** A case for every provider. */
  (title: string, body: CaseBody): void;
  /** Cases for providers and beds that have these features. */
  needing(...features: readonly SuiteFeature[]): (title: string, body: CaseBody) => void;
  /** Cases for providers that lack a feature. */
  lacking(feature: SuiteFeature): (title: string, body: CaseBody) => void;
}

/** What defines cases with a runner's functions, and leaves out those whose needs are not met. @internal */
export function createDefineCase<B extends ProviderBed>({ it, setup, teardown, features = {} }: ProviderSuiteOptions<B>): DefineCase {
  const run = (body: CaseBody) => async (): Promise<void> => {
    const bed = await setup();
    try {
      await body(bed);
    } finally {
      await teardown(bed);
    }
  };
  const reasonAgainst = (feature: SuiteFeature): string | undefined => {
    const stated = features[feature];
    return typeof stated === 'string' ? stated : undefined;
  };
  return Object.assign((title: string, body: CaseBody) => void it(title, run(body)), {
    needing:
      (...needs: readonly SuiteFeature[]) =>
      (title: string, body: CaseBody): void => {
        const missing = needs.find((feature) => reasonAgainst(feature) !== undefined);
        if (missing === undefined) it(title, run(body));
        else it.skip(`${title} (skipped, no ${missing}: ${reasonAgainst(missing)})`, run(body));
      },
    lacking:
      (feature: SuiteFeature) =>
      (title: string, body: CaseBody): void => {
        if (reasonAgainst(feature) !== undefined) it(title, run(body));
      },
  });
}

/** One of the faults of a bed. @internal */
export function faultOf<K extends keyof ProviderFaults>(bed: ProviderBed, kind: K): ProviderFaults[K] {
  const fault = bed.faults?.[kind];
  assert.ok(fault !== undefined, `the bed has no fault ${kind}; where it cannot be made, say so in the suite's features`);
  return fault;
}
