/**
 * Every spec version this package speaks, oldest first.
 *
 * @see https://github.com/containernetworking/cni/blob/main/SPEC.md
 */
export const allVersions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

/** A spec version that this package speaks. */
export type CniVersion = (typeof allVersions)[number];

/** The newest spec version; what VERSION answers as `cniVersion`, and what error objects carry when no configuration was understood. */
export const currentVersion = '1.1.0' satisfies CniVersion;

/** What a configuration without `cniVersion` means. The upgrade guide of the spec says 0.2.0; the reference says 0.1.0, of the same shape. */
export const impliedVersion = '0.1.0' satisfies CniVersion;

/** The versions whose results have one address per family. */
export const legacyVersions = ['0.1.0', '0.2.0'] as const satisfies readonly CniVersion[];

/** True when `text` is exactly one of {@link allVersions}: `1.0` is not `1.0.0`. */
export function isCniVersion(text: string): text is CniVersion {
  return (allVersions as readonly string[]).includes(text);
}

/**
 * The versions from `oldest` on, for a plugin's `versions`.
 * @throws RangeError when this package does not know `oldest`
 */
export function versionsFrom(oldest: CniVersion): readonly CniVersion[] {
  const index = allVersions.indexOf(oldest);
  if (index < 0) throw new RangeError(`unknown CNI version ${JSON.stringify(oldest)}; known are ${allVersions.join(', ')}`);
  return allVersions.slice(index);
}

/**
 * The answer to VERSION: one line of compact JSON.
 *
 * The spec lets the answer repeat the `cniVersion` of standard input; like the reference this always says {@link currentVersion},
 * since VERSION must not wait for an input that some callers leave open. This module imports nothing, so that an entry file can
 * answer VERSION before anything else is loaded.
 */
export function formatVersionReply(supported: readonly CniVersion[]): string {
  return `${JSON.stringify({ cniVersion: currentVersion, supportedVersions: supported })}\n`;
}
