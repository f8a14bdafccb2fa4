/**
 * The CNI protocol, plugin side: from environment and standard input to a typed request, and from a result or an error to the one
 * JSON document that a plugin prints. Pure; effects are passed in.
 *
 * ```ts
 * import { runPlugin, versionsFrom } from 'hostnic-cni/cni';
 *
 * await runPlugin({
 *   about: 'CNI plugin that hands the previous result on',
 *   versions: versionsFrom('0.3.1'),
 *   add: async ({ config }) => config.prevResult ?? { cniVersion: '1.1.0', interfaces: [], ips: [], routes: [] },
 * });
 * ```
 * @packageDocumentation
 */
export type { PluginAnswer, PluginInput } from './answer.js';
export type { ArgParser, ArgSchema, ArgValues, ParseArgsOptions } from './args.js';
export { addressArg, booleanArg, kubernetesArgs, parseCniArgs, textArg } from './args.js';
export type { Fields } from './caseless.js';
export { caseless, listOf, OptionalTextCodec, OptionalTextsCodec, optional, TextOrEmptyCodec, unlessEmpty } from './caseless.js';
export type { Bandwidth, ConventionalArgs, IpRange, Label, PortMapping, RuntimeConfig, RuntimeDns } from './conventions.js';
export { readConventionalArgs, readRuntimeConfig } from './conventions.js';
export { convertResult } from './convert.js';
export type { Delegate, DelegateOptions, PluginExec, PluginRun } from './delegate.js';
export { createDelegate } from './delegate.js';
export { dispatch } from './dispatch.js';
export type { CniEnvironment, EnvironmentVariables } from './environment.js';
export { readEnvironment } from './environment.js';
export type { CniErrorOptions } from './error.js';
export { CniError, cniCodes, isCniError, toCniError } from './error.js';
export type { JsonObject } from './json.js';
export { foldKey, getKey, isJsonObject, maxInputBytes, maxNesting, parseJsonObject } from './json.js';
export { checkContainerId, checkInterfaceName, checkNetworkName } from './names.js';
export type { NetworkConfig } from './network-config.js';
export { createNetworkConfig } from './network-config.js';
export type { PluginOutcome } from './outcome.js';
export { readOutcome } from './outcome.js';
export type { CniCommand, GcRequest, Plugin, PluginRequest, ValidAttachment } from './plugin.js';
export { formatError } from './print.js';
export type {
  AnyResult,
  Dns,
  Interface,
  Interface040,
  IpHalf,
  Result,
  Result020,
  Result040,
  ResultFor,
  ResultIp,
  ResultIp040,
  ResultRoute,
} from './result.js';
export { decodeResult, parseResult } from './result-codec.js';
export { encodeResult, formatResult } from './result-format.js';
export type { PluginProcess, ProcessEvents } from './run.js';
export { runPlugin } from './run.js';
export type { CniVersion } from './version.js';
export { allVersions, currentVersion, formatVersionReply, impliedVersion, isCniVersion, legacyVersions, versionsFrom } from './version.js';
export type { VersionNumber } from './version-number.js';
export { compareVersions, parseVersion } from './version-number.js';
