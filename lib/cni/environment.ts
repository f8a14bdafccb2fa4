import * as E from 'fp-ts/lib/Either.js';
import { CniError, cniCodes } from './error.js';
import { checkContainerId, checkInterfaceName } from './names.js';
import type { CniCommand } from './plugin.js';

/** Environment variables as the process has them. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/** The variables of the protocol. A text that is absent is empty: the protocol makes no difference. */
export interface CniEnvironment {
  /** CNI_COMMAND as written; may be none of {@link CniCommand}. */
  readonly command: string;
  /** CNI_CONTAINERID; checked when the command requires it. */
  readonly containerId: string;
  /** CNI_NETNS. */
  readonly netns: string;
  /** CNI_IFNAME; checked when the command requires it. */
  readonly ifname: string;
  /** CNI_ARGS. */
  readonly args: string;
  /** CNI_PATH. */
  readonly path: string;
  /** CNI_NETNS_OVERRIDE is `1` or `true`, in any letter case. */
  readonly netnsOverride: boolean;
}

interface Variable {
  readonly name: string;
  readonly requiredBy: readonly CniCommand[];
  readonly check?: (text: string) => E.Either<CniError, string>;
}

/**
 * In the order of the reference, which is the order of its messages. Like the reference, and unlike the spec, this requires CNI_PATH
 * of every command but VERSION: all runtimes set it.
 */
const variables: readonly Variable[] = [
  { name: 'CNI_CONTAINERID', requiredBy: ['ADD', 'CHECK', 'DEL'], check: checkContainerId },
  { name: 'CNI_NETNS', requiredBy: ['ADD', 'CHECK'] },
  { name: 'CNI_IFNAME', requiredBy: ['ADD', 'CHECK', 'DEL'], check: checkInterfaceName },
  { name: 'CNI_PATH', requiredBy: ['ADD', 'CHECK', 'DEL', 'GC', 'STATUS'] },
];

/** The error for required variables that are absent or empty. */
export function missingVariables(names: readonly string[]): CniError {
  return new CniError(cniCodes.invalidEnvironment, `required env variables [${names.join(',')}] missing`);
}

/**
 * Reads the variables of the protocol. A value that is invalid is reported before any that is missing; what a command does not
 * require is not checked.
 */
export function readEnvironment(env: EnvironmentVariables): E.Either<CniError, CniEnvironment> {
  const text = (name: string): string => env[name] ?? '';
  const command = text('CNI_COMMAND');
  if (command === '') return E.left(missingVariables(['CNI_COMMAND']));
  const missing: string[] = [];
  for (const { name, requiredBy, check } of variables) {
    if (!(requiredBy as readonly string[]).includes(command)) continue;
    const value = text(name);
    if (value === '') {
      missing.push(name);
      continue;
    }
    const checked = check?.(value);
    if (checked !== undefined && E.isLeft(checked)) return checked;
  }
  if (missing.length > 0) return E.left(missingVariables(missing));
  return E.right({
    command,
    containerId: text('CNI_CONTAINERID'),
    netns: text('CNI_NETNS'),
    ifname: text('CNI_IFNAME'),
    args: text('CNI_ARGS'),
    path: text('CNI_PATH'),
    netnsOverride: ['1', 'true'].includes(text('CNI_NETNS_OVERRIDE').toLowerCase()),
  });
}
