import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Options } from 'tsup';

/** A plugin of a bundler. That of Bun takes the same shape. */
export type BundlerPlugin = NonNullable<Options['esbuildPlugins']>[number];

/**
 * What got imports for options that are not used here: HTTP/2, a cache of replies, a cache of names. Loading them takes a third of the
 * time until the first request can be sent.
 */
const unused = ['http2-wrapper', 'cacheable-request', 'cacheable-lookup'];

const absent = (name: string): string => `
export class CacheError extends Error {}
export default class Absent {
  constructor() {
    throw new Error('hostnic is built without ${name}');
  }
}
`;

const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/**
 * Lets formatters of lists be made when they are used, which is for one kind of error message: the first one made in a process loads
 * data on languages, which takes Node.js 15 ms.
 * @throws Error when there is none any more, so that nobody takes this for done
 */
export function makeFormattersLate(source: string, file: string): string {
  const changed = source.replaceAll(/= new Intl\.ListFormat\((.*)\);$/gm, '= { format: (list) => new Intl.ListFormat($1).format(list) };');
  if (changed === source) throw new Error(`${file} makes no list formatter any more: what slim.ts does about that can go`);
  return changed;
}

/**
 * Makes the plugin's start cheap: leaves out what is never used, and takes fp-ts and io-ts as ES modules, of which bundlers keep only
 * what is needed, instead of one of them twice.
 */
export const slim: BundlerPlugin = {
  name: 'hostnic-slim',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^(${unused.join('|')})$`) }, ({ path }) => ({ path, namespace: 'absent', sideEffects: false }));
    build.onLoad({ filter: /.*/, namespace: 'absent' }, ({ path }) => ({ contents: absent(path), loader: 'js' }));
    build.onLoad({ filter: /@sindresorhus\/is\/distribution\/index\.js$/ }, async ({ path }) => ({
      contents: makeFormattersLate(await readFile(path, 'utf8'), path),
      loader: 'js',
    }));
    build.onResolve({ filter: /^fp-ts\/lib\// }, ({ path }) => ({
      path: `${modules}/${path.replace('/lib/', '/es6/')}`,
      sideEffects: false,
    }));
    build.onResolve({ filter: /^io-ts$/ }, () => ({ path: `${modules}/io-ts/es6/index.js`, sideEffects: false }));
  },
};
