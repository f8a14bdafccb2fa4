import { rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, readBundles, toCommand } from './bundle.js';

const dist = join(resolve(dirname(fileURLToPath(import.meta.url)), '../../..'), 'dist');

// Cleaned here, not by the bundler: the builds of one configuration run side by side and would remove each other's files.
await rm(dist, { recursive: true, force: true });
await Promise.all((await readBundles()).map((options) => bundle(options, dist)));
for (const name of ['hostnic', 'hostnic-emulator']) await toCommand(dist, name);
