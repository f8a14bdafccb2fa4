import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Architecture, bunReleases, hostArchitecture } from './bun-release.js';
import { fetchExecutable } from './fetch-executable.js';
import { runByBun } from './run-by-bun.js';

const run = promisify(execFile);
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

function isArchitecture(text: string): text is Architecture {
  return Object.hasOwn(bunReleases, text);
}

async function buildBinary(architecture: Architecture, work: string): Promise<string> {
  const cache = join(root, '.cache');
  const host = hostArchitecture();
  const bun = await fetchExecutable(bunReleases[host], cache, work);
  const release = bunReleases[architecture];
  const runtime = architecture === host ? [] : [await fetchExecutable(release, cache, work)];
  const outfile = join(work, `hostnic-linux-${architecture}`);
  const entry = join(root, 'examples/hostnic/main.ts');
  const script = join(root, 'examples/hostnic/build/compile-command.ts');
  await runByBun(bun, script, [entry, outfile, release.target, ...runtime]);
  await mkdir(join(root, 'dist'), { recursive: true });
  const target = join(root, 'dist', `hostnic-linux-${architecture}`);
  // Beside the target first: a running plugin's file can be replaced but not written to, and the work folder may be another file system.
  await run('cp', [outfile, `${target}.new`]);
  await rename(`${target}.new`, target);
  return target;
}

async function main(args: readonly string[]): Promise<void> {
  const wanted = args.length === 0 ? [hostArchitecture()] : args;
  for (const name of wanted) {
    if (!isArchitecture(name)) throw new Error(`cannot build for ${name}: only ${Object.keys(bunReleases).join(', ')}`);
    const work = await mkdtemp(join(tmpdir(), 'hostnic-build-'));
    try {
      const path = await buildBinary(name, work);
      const { size } = await stat(path);
      console.log(`${path} ${(size / 2 ** 20).toFixed(0)} MiB`);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
}

await main(process.argv.slice(2));
