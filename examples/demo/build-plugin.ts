import { bundlePlugin } from '../hostnic/build/bundle.js';

/*
 * Builds the plugin for Node.js alone, as `npm run build` does.
 * Run as a process of its own, in the root of the package: `build-plugin.ts <folder>`.
 */
await bundlePlugin(process.argv[2] ?? 'dist');
