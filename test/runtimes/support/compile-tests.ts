/**
 * Compiles tests to one executable, in the way of the standalone plugin. Run by Bun:
 * `compile-tests.ts <outfile> <target> <timeout of a test in ms>`.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compile } from '../../../examples/hostnic/build/compile.js';
import type { BundlerPlugin } from '../../../examples/hostnic/build/slim.js';

const root = resolve(import.meta.dirname, '../../..');
const folder = join(root, 'test/netlink');

/** Lets tests find beside their sources what they read, such as fixtures: in an executable a module has no place of its own. */
function keepPlace(source: string, file: string): string {
  if (!source.includes('import.meta')) return source;
  const place = `url: ${JSON.stringify(pathToFileURL(file).href)}, filename: ${JSON.stringify(file)}, dirname: ${JSON.stringify(dirname(file))}`;
  // In the first line, so that the numbers of lines stay right.
  return `const importMeta = { ${place}, resolve: (name: string) => name }; ${source.replaceAll('import.meta', 'importMeta')}`;
}

const inExecutable: BundlerPlugin = {
  name: 'hostnic-tests',
  setup(build) {
    build.onLoad({ filter: /\/test\/.*\.ts$/ }, ({ path }) => {
      const file = path === join(root, 'test/support/worker.ts') ? join(import.meta.dirname, 'worker-in-executable.ts') : path;
      return { contents: keepPlace(readFileSync(file, 'utf8'), file), loader: 'ts' };
    });
  },
};

/** The programs that a test names: imports end with `.js`, so a string that ends with `.ts` is a file to be run. */
function programsOf(test: string): readonly string[] {
  const named = [...readFileSync(test, 'utf8').matchAll(/'([^'\n]+\.ts)'/g)].map(([, name = '']) => name);
  return named.map((name) => join(root, 'test/support', basename(name))).filter((file) => existsSync(file));
}

const [outfile = '', target = '', timeoutMs = ''] = process.argv.slice(2);
const tests = readdirSync(folder, { encoding: 'utf8', recursive: true })
  .filter((name) => name.endsWith('.test.ts'))
  .sort()
  .map((name) => join(folder, name));
const programs = [...new Set(tests.flatMap(programsOf))];
const load = (file: string): string => `() => import(${JSON.stringify(file)})`;
const entry = `${outfile}.entry.ts`;
writeFileSync(
  entry,
  `import { runInExecutable } from ${JSON.stringify(join(import.meta.dirname, 'in-executable.ts'))};
await runInExecutable({
  root: ${JSON.stringify(root)},
  timeoutMs: ${timeoutMs},
  tests: [${tests.map(load).join(', ')}],
  programs: { ${programs.map((file) => `${JSON.stringify(file)}: ${load(file)}`).join(', ')} },
});
`,
);
await compile({ entry, outfile, target, plugins: [inExecutable] });
