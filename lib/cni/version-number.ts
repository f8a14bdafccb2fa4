import * as E from 'fp-ts/lib/Either.js';
import { CniError, cniCodes } from './error.js';
import { impliedVersion } from './version.js';

/** A version in numbers. */
export interface VersionNumber {
  /** The first number. */
  readonly major: number;
  /** The second number; 0 when absent. */
  readonly minor: number;
  /** The third number; 0 when absent. */
  readonly patch: number;
}

const partNames = ['major', 'minor', 'micro'] as const;

/**
 * Reads a version as the reference does: one to three whole numbers between dots; the empty text means 0.1.0.
 * Leading zeros and a sign are accepted, suffixes are not.
 * @returns a {@link CniError} 6 for anything else
 */
export function parseVersion(text: string): E.Either<CniError, VersionNumber> {
  const fail = (message: string): E.Either<CniError, never> => E.left(new CniError(cniCodes.decodingFailure, message));
  const parts = (text === '' ? impliedVersion : text).split('.');
  if (parts.length > 3) return fail(`invalid version ${JSON.stringify(text)}: too many parts`);
  const numbers: number[] = [];
  for (const [i, part] of parts.entries()) {
    const value = /^[+-]?[0-9]+$/.test(part) ? Number(part) : Number.NaN;
    if (!Number.isSafeInteger(value)) {
      return fail(`failed to convert ${partNames[i]} version part ${JSON.stringify(part)}: it must be a whole number`);
    }
    numbers.push(value);
  }
  const [major = 0, minor = 0, patch = 0] = numbers;
  return E.right({ major, minor, patch });
}

/** Orders versions: negative when `a` is the older one, 0 when both are equal. */
export function compareVersions(a: VersionNumber, b: VersionNumber): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}
