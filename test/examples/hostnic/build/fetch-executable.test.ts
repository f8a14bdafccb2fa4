import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { bunReleases } from '../../../../examples/hostnic/build/bun-release.js';
import { fetchExecutable, type PackedExecutable } from '../../../../examples/hostnic/build/fetch-executable.js';
import { runCommand } from '../../../support/machine.js';

describe('fetchExecutable()', () => {
  let folder: string;
  let packed: PackedExecutable;
  let path: string | undefined;

  /** Stands in for npm: `npm pack` puts down the archive that lies in the folder, as a registry or mirror would. */
  const fakeNpm = `#!/bin/sh
echo "$@" >> "$HN_FOLDER/calls"
for last; do :; done
cp "$HN_FOLDER/registry.tgz" "$last/bun.tgz"
echo '[{"filename": "bun.tgz"}]'
`;

  const pack = async (text: string): Promise<string> => {
    const source = join(folder, 'source');
    await mkdir(join(source, 'package/bin'), { recursive: true });
    await writeFile(join(source, 'package/bin/bun'), text);
    const archive = join(folder, 'registry.tgz');
    const { code, stderr } = await runCommand('tar', ['-czf', archive, '-C', source, 'package']);
    expect(code, stderr).to.equal(0);
    return `sha512-${createHash('sha512')
      .update(await readFile(archive))
      .digest('base64')}`;
  };
  const cache = (): string => join(folder, 'cache');
  const fetch = async (): Promise<string> => fetchExecutable(packed, cache(), await mkdtemp(join(folder, 'into-')));
  const calls = async (): Promise<number> => (await readFile(join(folder, 'calls'), 'utf8').catch(() => '')).split('\n').length - 1;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hostnic-fetch-'));
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'bin/npm'), fakeNpm);
    await chmod(join(folder, 'bin/npm'), 0o755);
    path = process.env['PATH'];
    process.env['PATH'] = `${join(folder, 'bin')}:${path ?? ''}`;
    process.env['HN_FOLDER'] = folder;
    packed = { packageName: '@oven/bun-test', version: '1.2.3', integrity: await pack('the true one'), file: 'bin/bun' };
  });

  afterEach(async () => {
    process.env['PATH'] = path;
    delete process.env['HN_FOLDER'];
    await rm(folder, { recursive: true, force: true });
  });

  it('downloads the archive once and unpacks it each time', async () => {
    expect(await readFile(await fetch(), 'utf8')).to.equal('the true one');
    expect(await readFile(await fetch(), 'utf8')).to.equal('the true one');
    expect(await calls()).to.equal(1);
    expect(await readFile(join(folder, 'calls'), 'utf8')).to.include('pack @oven/bun-test@1.2.3 ');
  });

  it('refuses an archive from the registry that is not the pinned one, and keeps nothing of it', async () => {
    await pack('another one');
    let said = '';
    await fetch().catch((error: Error) => {
      said = error.message;
    });
    expect(said).to.match(/does not have the pinned hash; nothing of it was run/);
    expect(await readdir(cache())).to.deep.equal([]);
  });

  it('does not trust what lies in the cache', async () => {
    await fetch();
    const [archive = ''] = await readdir(cache());
    await writeFile(join(cache(), archive), 'forged');
    expect(await readFile(await fetch(), 'utf8')).to.equal('the true one');
    expect(await calls()).to.equal(2);
  });
});

describe('bunReleases', () => {
  it('pins a SHA-512 for each architecture', () => {
    for (const { integrity } of Object.values(bunReleases)) {
      expect(Buffer.from(integrity.replace(/^sha512-/, ''), 'base64')).to.have.length(64);
    }
  });
});
