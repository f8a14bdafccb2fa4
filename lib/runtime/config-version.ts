import * as E from 'fp-ts/lib/Either.js';
import { compareVersions, currentVersion, parseVersion, type VersionNumber } from '../cni/index.js';

interface Candidate {
  readonly text: string;
  readonly number: VersionNumber;
}

/** Left is the reason, in the words of the reference. */
function readCandidate(text: string, where: string): E.Either<string, Candidate> {
  const number = parseVersion(text);
  return E.isLeft(number) ? E.left(`invalid ${where}: ${number.left.message}`) : E.right({ text, number: number.right });
}

/** What Go's `%T` prints for a decoded JSON value, which the messages of the reference are made of. */
export function goTypeOf(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'number') return 'float64';
  return typeof value === 'boolean' ? 'bool' : 'string';
}

/**
 * Picks the version of a network from `cniVersion` and `cniVersions`: the highest that this package speaks. When there is none,
 * and when there is no `cniVersions` at all, `cniVersion` stays as written.
 * @param versions the value of `cniVersions`; undefined when there is no such key
 * @returns the version, or what is wrong, in the words of the reference
 */
export function chooseVersion(cniVersion: string, versions: unknown): E.Either<string, string> {
  if (versions === undefined) return E.right(cniVersion);
  if (!Array.isArray(versions)) return E.left(`invalid type for cniVersions: ${goTypeOf(versions)}`);
  const newest = parseVersion(currentVersion);
  if (E.isLeft(newest)) return E.left(newest.left.message);
  const candidates: Candidate[] = [];
  for (const [i, entry] of versions.entries()) {
    if (typeof entry !== 'string') return E.left(`invalid type for cniVersions index ${i}: ${goTypeOf(entry)}`);
    const candidate = readCandidate(entry, `cniVersions entry ${entry} at index ${i}`);
    if (E.isLeft(candidate)) return candidate;
    candidates.push(candidate.right);
  }
  if (cniVersion !== '') {
    const candidate = readCandidate(cniVersion, `cniVersion ${cniVersion}`);
    if (E.isLeft(candidate)) return candidate;
    candidates.push(candidate.right);
  }
  let best: Candidate | undefined;
  for (const candidate of candidates) {
    if (compareVersions(candidate.number, newest.right) > 0) continue;
    // Of two spellings of one version the first stays.
    if (best === undefined || compareVersions(candidate.number, best.number) > 0) best = candidate;
  }
  return E.right(best?.text ?? cniVersion);
}
