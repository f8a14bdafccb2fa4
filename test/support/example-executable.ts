import { rmSync } from 'node:fs';
import { chmod, readFile, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build, type Options } from 'tsup';

const root = resolve(import.meta.dirname, '../..');
const built = new Map<string, Promise<string>>();

async function buildExample(name: string): Promise<string> {
  const { tsup } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { readonly tsup: readonly Options[] };
  const commands = tsup[1];
  if (commands === undefined) throw new Error('package.json has no second tsup configuration, the one of a command');
  // Inside of the package, since the plugin finds koffi in the node_modules above the file it is.
  const outDir = join(root, '.cache', `example-${name}-${process.pid}`);
  process.once('exit', () => rmSync(outDir, { recursive: true, force: true }));
  await build({ ...commands, entry: { [name]: join(root, 'examples', `${name}.ts`) }, config: false, outDir, silent: true });
  const executable = join(outDir, name);
  await rename(`${executable}.js`, executable);
  await chmod(executable, 0o755);
  return executable;
}

/** An example of one file as an executable, built as the commands of the package are, once for all tests of this process. */
export function exampleExecutable(name: string): Promise<string> {
  const known = built.get(name) ?? buildExample(name);
  built.set(name, known);
  return known;
}
