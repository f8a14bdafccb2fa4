import { execFile } from 'node:child_process';
import { chmod, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const dist = join(root, 'dist');

/** Commands of the package. A CNI plugin is found by the bare name of its type, so they lose the extension that the bundler gives. */
const commands = ['hostnic', 'hostnic-emulator'];

// Cleaned here, not by the bundler: the builds of one configuration run side by side and would remove each other's files.
await rm(dist, { recursive: true, force: true });
await promisify(execFile)(join(root, 'node_modules/.bin/tsup'), [], { cwd: root });
for (const name of commands) {
  await rename(join(dist, `${name}.js`), join(dist, name));
  await chmod(join(dist, name), 0o755);
}
