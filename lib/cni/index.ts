/**
 * The CNI protocol, plugin side: from environment and standard input to a typed request, and from a result or an error to the one
 * JSON document that a plugin prints. Pure; effects are passed in.
 * @packageDocumentation
 */
export type { CniErrorOptions } from './error.js';
export { CniError, cniCodes, toCniError } from './error.js';
export type { NetworkConfig } from './network-config.js';
export type { CniCommand, GcRequest, Plugin, PluginRequest, ValidAttachment } from './plugin.js';
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
export type { CniVersion } from './version.js';
export { allVersions, currentVersion, formatVersionReply, impliedVersion, isCniVersion, legacyVersions, versionsFrom } from './version.js';
