import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { nodeFiles } from '../../../lib/runtime/index.js';
import { runCommand } from '../../support/machine.js';
import { rejection } from '../../support/rejection.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('nodeFiles', () => {
  let folder: TemporaryFolder;

  beforeEach(async () => {
    folder = await makeTemporaryFolder('files');
  });

  afterEach(() => folder.remove());

  it("replace() makes folders and file their owner's only, and leaves nothing else behind", async () => {
    const file = join(folder.path, 'cache/results/n1-c1-eth0');
    await nodeFiles.replace(file, bytes('one'));
    await nodeFiles.replace(file, bytes('two'));
    expect(await readFile(file, 'utf8')).to.equal('two');
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    for (const made of ['cache', 'cache/results']) expect((await stat(join(folder.path, made))).mode & 0o777).to.equal(0o700);
    expect(await readdir(join(folder.path, 'cache'), { recursive: true })).to.have.members(['results', 'results/n1-c1-eth0']);
  });

  it('replace() leaves the old file when it cannot write the new one', async () => {
    await mkdir(join(folder.path, 'results/taken'), { recursive: true });
    const error = await rejection(nodeFiles.replace(join(folder.path, 'results/taken'), bytes('x')), 'ERR_IO');
    expect(error.message).to.include(join(folder.path, 'results/taken'));
    expect(await readdir(folder.path)).to.deep.equal(['results']);
  });

  it('replace() never leaves half a file, however it is killed', async function () {
    this.timeout(60_000);
    const file = join(folder.path, 'results/f');
    const module = new URL('../../../lib/runtime/index.ts', import.meta.url).href;
    const script = `const { nodeFiles } = await import(${JSON.stringify(module)});
      console.log('ready');
      for (let i = 0; ; i = (i + 1) % 10) await nodeFiles.replace(${JSON.stringify(file)}, Buffer.alloc(200_000, String(i)));`;
    for (let round = 0; round < 3; round++) {
      await runCommand(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
        onSpawn: (child) => child.stdout?.once('data', () => setImmediate(() => setTimeout(() => child.kill('SIGKILL'), 20 + round * 7))),
      });
      const text = await readFile(file, 'utf8').catch(() => '');
      expect(text === '' || (text.length === 200_000 && text === text.slice(0, 1).repeat(200_000)), `round ${round}`).to.equal(true);
    }
  });

  it('read() gives undefined for what is not there, and refuses what is no file', async () => {
    expect(await nodeFiles.read(join(folder.path, 'gone'))).to.equal(undefined);
    await rejection(nodeFiles.read(folder.path), 'ERR_IO');
    const fifo = join(folder.path, 'fifo');
    await runCommand('mkfifo', [fifo]);
    expect((await rejection(nodeFiles.read(fifo), 'ERR_IO')).message).to.include('no plain file');
  });

  it('list() tells folders, to which links do not count', async () => {
    await mkdir(join(folder.path, 'sub'));
    await writeFile(join(folder.path, 'file'), '');
    await symlink('sub', join(folder.path, 'link'));
    expect(await nodeFiles.list(folder.path)).to.have.deep.members([
      { name: 'file', isFolder: false },
      { name: 'link', isFolder: false },
      { name: 'sub', isFolder: true },
    ]);
    expect(await nodeFiles.list(join(folder.path, 'gone'))).to.equal(undefined);
    await rejection(nodeFiles.list(join(folder.path, 'file')), 'ERR_IO');
  });

  it('isFile() follows links and never rejects', async () => {
    await writeFile(join(folder.path, 'file'), '');
    await symlink('file', join(folder.path, 'link'));
    expect(await nodeFiles.isFile(join(folder.path, 'link'))).to.equal(true);
    expect(await nodeFiles.isFile(folder.path)).to.equal(false);
    expect(await nodeFiles.isFile(join(folder.path, 'file/below'))).to.equal(false);
  });

  it('remove() does not mind what is gone already', async () => {
    await writeFile(join(folder.path, 'file'), '');
    await nodeFiles.remove(join(folder.path, 'file'));
    await nodeFiles.remove(join(folder.path, 'file'));
    await rejection(nodeFiles.remove(folder.path), 'ERR_IO');
  });
});
