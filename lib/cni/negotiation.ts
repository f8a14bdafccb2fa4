import * as E from 'fp-ts/lib/Either.js';
import { CniError, cniCodes } from './error.js';
import { getKey, type JsonObject } from './json.js';
import type { CniCommand } from './plugin.js';
import { type CniVersion, impliedVersion } from './version.js';
import { compareVersions, parseVersion } from './version-number.js';

/** The version that brought a command in; the others are as old as the protocol. */
const firstVersions: Readonly<Partial<Record<CniCommand, CniVersion>>> = { CHECK: '0.4.0', GC: '1.1.0', STATUS: '1.1.0' };

function incompatible(message: string, details = ''): E.Either<CniError, never> {
  return E.left(new CniError(cniCodes.incompatibleVersion, message, { details }));
}

/** The `cniVersion` of a configuration; absent, null and empty mean 0.1.0. */
export function configVersion(config: JsonObject): E.Either<CniError, string> {
  const written = getKey(config, 'cniVersion');
  if (written === undefined || written === '') return E.right(impliedVersion);
  if (typeof written === 'string') return E.right(written);
  return E.left(new CniError(cniCodes.decodingFailure, 'decoding version from network config: cniVersion must be a text'));
}

/** Refuses a command that is newer than the configuration, or than every version of the plugin. */
function checkCommandVersion(command: CniCommand, version: string, supported: readonly string[]): E.Either<CniError, undefined> {
  const first = firstVersions[command];
  if (first === undefined) return E.right(undefined);
  const oldest = parseVersion(first);
  const wanted = parseVersion(version);
  if (E.isLeft(oldest)) return oldest;
  if (E.isLeft(wanted)) return wanted;
  if (compareVersions(wanted.right, oldest.right) < 0) return incompatible(`config version does not allow ${command}`);
  for (const one of supported) {
    const candidate = parseVersion(one);
    if (E.isLeft(candidate)) return candidate;
    if (compareVersions(candidate.right, wanted.right) >= 0) return E.right(undefined);
  }
  return incompatible(`plugin version does not allow ${command}`);
}

/**
 * Settles the version that a command runs in: that of the configuration, which must be exactly one of the plugin's,
 * and new enough for CHECK, GC and STATUS. In the order of the reference, which tells its messages apart.
 */
export function negotiateVersion(command: CniCommand, version: string, supported: readonly CniVersion[]): E.Either<CniError, CniVersion> {
  const allowed = checkCommandVersion(command, version, supported);
  if (E.isLeft(allowed)) return allowed;
  const match = supported.find((one) => one === version);
  if (match !== undefined) return E.right(match);
  const quoted = supported.map((one) => JSON.stringify(one)).join(' ');
  return incompatible('incompatible CNI versions', `config is ${JSON.stringify(version)}, plugin supports [${quoted}]`);
}
