import { rmSync } from 'node:fs';
import { chmod, readFile, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Options } from 'tsup';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

async function buildPlugin(): Promise<string> {
  const { tsup } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { readonly tsup: readonly Options[] };
  const command = tsup.find(({ entry }) => entry !== undefined && 'hostnic' in entry);
  if (command === undefined) throw new Error('package.json has no tsup configuration with the entry hostnic');
  // Inside the package, since the plugin finds koffi in the node_modules above the file it is.
  const outDir = join(root, '.cache', `plugin-${process.pid}`);
  process.once('exit', () => rmSync(outDir, { recursive: true, force: true }));
  await build({ ...command, config: false, outDir, silent: true });
  const executable = join(outDir, 'hostnic');
  await rename(`${executable}.js`, executable);
  await chmod(executable, 0o755);
  return executable;
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
