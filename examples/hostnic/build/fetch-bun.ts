import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BunRelease, bunVersion } from './bun-release.js';

const run = promisify(execFile);

async function isIntact(archive: string, integrity: string): Promise<boolean> {
  const content = await readFile(archive).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return content !== undefined && `sha512-${createHash('sha512').update(content).digest('base64')}` === integrity;
}

async function download(release: BunRelease, archive: string, folder: string): Promise<void> {
  const spec = `${release.packageName}@${bunVersion}`;
  const { stdout } = await run('npm', ['pack', spec, '--json', '--pack-destination', folder], { maxBuffer: 2 ** 24 });
  const [packed] = JSON.parse(stdout) as { filename: string }[];
  if (packed === undefined) throw new Error(`npm pack ${spec} named no file`);
  const downloaded = join(folder, packed.filename);
  if (!(await isIntact(downloaded, release.integrity))) {
    throw new Error(
      `${spec}: the archive from the registry does not have the pinned hash; nothing of it was run. Check the npm registry in use.`,
    );
  }
  await rename(downloaded, archive);
}

/**
 * Gives the Bun executable of a release, from the cache or by `npm pack`. The archive is checked against its pinned hash
 * on every use, and the executable is unpacked from it anew, so what lies in the cache need not be trusted.
 * @param cache folder that archives are kept in; made when missing
 * @param into folder to unpack to
 * @returns path of the executable
 * @throws Error when the registry cannot be reached or the archive is not the pinned one
 */
export async function fetchBun(release: BunRelease, cache: string, into: string): Promise<string> {
  await mkdir(cache, { recursive: true });
  const archive = join(cache, `${release.target}-${bunVersion}.tgz`);
  if (!(await isIntact(archive, release.integrity))) {
    const folder = await mkdtemp(join(cache, 'download-'));
    try {
      await download(release, archive, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  const unpacked = join(into, release.target);
  await mkdir(unpacked);
  await run('tar', ['-xzf', archive, '-C', unpacked]);
  return join(unpacked, 'package', 'bin', 'bun');
}
