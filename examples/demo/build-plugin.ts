import { chmod, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Options } from 'tsup';

/**
 * Builds the plugin for Node.js as `npm run build` does, without the declarations of the library, which take most of the time.
 * Run as a process of its own, in the root of the package: `build-plugin.ts <folder>`.
 */
async function buildPlugin(outDir: string): Promise<void> {
  const { tsup }: { readonly tsup: readonly Options[] } = JSON.parse(await readFile('package.json', 'utf8'));
  const commands = tsup.find((options) => 'hostnic' in (options.entry ?? {}));
  if (commands === undefined) throw new Error('package.json has no tsup configuration with the entry hostnic');
  await build({ ...commands, config: false, outDir, silent: true });
  const file = join(outDir, 'hostnic');
  await rename(`${file}.js`, file);
  await chmod(file, 0o755);
}

await buildPlugin(process.argv[2] ?? 'dist');
