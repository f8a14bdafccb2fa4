import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pluginExecutable } from '../support/plugin-executable.js';
import { scale } from './scale.js';

/** An executable that proofs run. */
export interface PluginBuild {
  /** For titles. */
  readonly name: string;
  /** Its file; the one for Node is built when it is first asked for. */
  path(): Promise<string>;
}

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

async function builtFile(name: string): Promise<string> {
  const path = join(dist, name);
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch (cause) {
    throw new Error(`${path} is not there: npm run test:faults builds it`, { cause });
  }
}

/**
 * The executables of this run. In full: both that `npm run test:faults` has built. In short: the one for Node, or the one
 * that `HOSTNIC_PLUGIN` names.
 */
export const builds: readonly PluginBuild[] =
  scale === 'short'
    ? [{ name: process.env['HOSTNIC_PLUGIN'] === undefined ? 'Node build' : 'given build', path: pluginExecutable }]
    : [
        { name: 'Node build', path: () => builtFile('hostnic') },
        { name: 'standalone build', path: () => builtFile(process.arch === 'arm64' ? 'hostnic-linux-arm64' : 'hostnic-linux-amd64') },
      ];
