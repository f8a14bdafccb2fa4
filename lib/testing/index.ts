/**
 * Conformance suites for implementations of this package's interfaces. They take the test runner's functions from the caller.
 *
 * @packageDocumentation
 */
export { type DriverSuiteOptions, describeDriver } from './driver.js';
export type { DriverBed, PluggedLink } from './driver-bed.js';
export { describePlugin } from './plugin.js';
export type { PluginBed, PluginSuiteOptions } from './plugin-bed.js';
export { describeProvider } from './provider.js';
export type { FaultTarget, ProviderBed, ProviderFaults, StagedRefusal } from './provider-bed.js';
export type { ProviderSuiteOptions, SuiteFeature, SuiteFeatures, SuiteIt } from './provider-suite.js';
