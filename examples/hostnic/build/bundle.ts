import { chmod, readFile, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Options } from 'tsup';
import { slim } from './slim.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** The package's settings for tsup, one for each thing that is bundled apart; the plugin's are told to be small. */
export async function readBundles(): Promise<readonly Options[]> {
  const { tsup }: { readonly tsup: readonly Options[] } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return tsup.map((options) => (isPlugin(options) ? { ...options, esbuildPlugins: [slim] } : options));
}

/** True for the settings of the CNI plugin. */
export function isPlugin({ entry }: Options): boolean {
  return 'hostnic' in (entry ?? {});
}

/** Bundles one thing of the package into a folder. */
export async function bundle(options: Options, outDir: string): Promise<void> {
  // Without its name, tsup would read package.json again and build everything that stands there.
  await build({ ...options, config: false, outDir, silent: true });
}

/**
 * Makes a command of what was bundled. A CNI plugin is found by the bare name of its type, so it loses the extension that the bundler gives.
 * @returns path of the command
 */
export async function toCommand(outDir: string, name: string): Promise<string> {
  const file = join(outDir, name);
  await rename(`${file}.js`, file);
  await chmod(file, 0o755);
  return file;
}

/**
 * Bundles the CNI plugin alone for Node.js, without the declarations of the library, which take most of the time of a whole build.
 * @param outDir inside the package, since the plugin finds koffi in the node_modules above the file it is
 * @returns path of the executable
 */
export async function bundlePlugin(outDir: string): Promise<string> {
  const options = (await readBundles()).find(isPlugin);
  if (options === undefined) throw new Error('package.json has no tsup configuration with the entry hostnic');
  await bundle(options, outDir);
  return toCommand(outDir, 'hostnic');
}
