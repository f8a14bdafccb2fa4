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
 * Makes the plugin's start cheap: leaves out what is never used, and takes fp-ts and io-ts as ES modules, of which bundlers keep only
 * what is needed, instead of one of them twice.
 */
export const slim: BundlerPlugin = {
  name: 'hostnic-slim',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^(${unused.join('|')})$`) }, ({ path }) => ({ path, namespace: 'absent', sideEffects: false }));
    build.onLoad({ filter: /.*/, namespace: 'absent' }, ({ path }) => ({ contents: absent(path), loader: 'js' }));
    build.onResolve({ filter: /^fp-ts\/lib\// }, ({ path }) => ({
      path: `${modules}/${path.replace('/lib/', '/es6/')}`,
      sideEffects: false,
    }));
    build.onResolve({ filter: /^io-ts$/ }, () => ({ path: `${modules}/io-ts/es6/index.js`, sideEffects: false }));
  },
};
