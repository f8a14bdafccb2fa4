import { execFile } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/**
 * Runs a script by Bun in the folder of this package. Bun's own variables do not reach it, so they cannot change what it builds.
 * @param bun path of Bun's executable
 * @throws Error with what the script said, when it fails
 */
export async function runByBun(bun: string, script: string, args: readonly string[]): Promise<void> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('BUN_')));
  await promisify(execFile)(bun, ['--no-install', script, ...args], { cwd: root, env });
}
