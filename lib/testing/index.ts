/**
 * Conformance suites for implementations of this package's interfaces. They take the test runner's functions from the caller.
 *
 * @packageDocumentation
 */
export { describeProvider, type ProviderSuiteOptions } from './provider.js';
export type { FaultTarget, ProviderBed, ProviderFaults } from './provider-bed.js';
