import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Numbers of include/uapi/linux/capability.h. */
const neededCapabilities = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_SYS_ADMIN: 21 } as const;

function missingCapabilities(): readonly string[] {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const held = BigInt(`0x${effective}`);
  return Object.entries(neededCapabilities)
    .filter(([, bit]) => ((held >> BigInt(bit)) & 1n) === 0n)
    .map(([name]) => name);
}

function isOnPath(tool: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Why live tests cannot run here; undefined when they can. @param tools commands they need besides */
export function whyNotLive(tools: readonly string[] = []): string | undefined {
  if (process.platform !== 'linux') return `network namespaces need Linux, this is ${process.platform}`;
  const missing = missingCapabilities();
  if (missing.length > 0) return `${missing.join(', ')} missing: run as root or inside "unshare -Urnm"`;
  return whyNoTools(tools);
}

function whyNoTools(tools: readonly string[]): string | undefined {
  const absent = tools.filter((tool) => !isOnPath(tool));
  return absent.length > 0 ? `${absent.join(', ')} not installed` : undefined;
}

/**
 * Skips a live test, with a printed reason, where it cannot run. With `CI=true` that is a failure instead.
 * @param context the `this` of a mocha `before` or test
 * @param tools commands the test needs besides
 */
export function requireLive(context: Mocha.Context, tools: readonly string[] = []): void {
  skipFor(context, whyNotLive(tools));
}

/** Skips a test that needs no rights but commands, as {@link requireLive} does. */
export function requireTools(context: Mocha.Context, tools: readonly string[]): void {
  skipFor(context, whyNoTools(tools));
}

/**
 * Skips a test that runs the sources as another user, as {@link requireLive} does, where a folder above them is closed to other users, such
 * as a home.
 */
export function requireOpenToOthers(context: Mocha.Context): void {
  skipFor(context, whyClosed(dirname(fileURLToPath(import.meta.url))));
}

function whyClosed(folder: string): string | undefined {
  if ((statSync(folder).mode & 0o005) !== 0o005) return `other users cannot enter ${folder}: put the sources where they can`;
  return dirname(folder) === folder ? undefined : whyClosed(dirname(folder));
}

function skipFor(context: Mocha.Context, reason: string | undefined): void {
  if (reason === undefined) return;
  if (process.env['CI'] === 'true') throw new Error(`a live test cannot run, and CI=true: ${reason}`);
  console.log(`    skipped: ${reason}`);
  context.skip();
}
