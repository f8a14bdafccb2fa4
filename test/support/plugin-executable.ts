import { rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundlePlugin } from '../../examples/hostnic/build/bundle.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

async function buildPlugin(): Promise<string> {
  const outDir = join(root, '.cache', `plugin-${process.pid}`);
  process.once('exit', () => rmSync(outDir, { recursive: true, force: true }));
  return bundlePlugin(outDir);
}

let built: Promise<string> | undefined;

/**
 * The plugin as an executable file, built like the one of the package, once for all tests of this process.
 * `HOSTNIC_PLUGIN` names another one to test instead, such as `dist/hostnic-linux-amd64`.
 */
export function pluginExecutable(): Promise<string> {
  const given = process.env['HOSTNIC_PLUGIN'] ?? '';
  if (given !== '') return Promise.resolve(resolve(given));
  built ??= buildPlugin();
  return built;
}
