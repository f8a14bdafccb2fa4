import { access, chmod, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { requireLive } from '../support/live.js';
import { type Machine, startMachine } from '../support/machine.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

const root = resolve(import.meta.dirname, '../..');

/** A fenced block of the page: what stands behind the fence, and what is in it. */
interface Block {
  readonly info: string;
  readonly text: string;
}

async function readBlocks(): Promise<readonly Block[]> {
  const page = await readFile(join(root, 'examples/README.md'), 'utf8');
  return [...page.matchAll(/^```(.+)\n([\s\S]*?)^```$/gm)].map(([, info = '', text = '']) => ({ info, text }));
}

/** What `npm install` makes, with this package's sources in place of the installed one. */
async function installPackages(folder: string): Promise<void> {
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '.bin'), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (!name.startsWith('.')) await symlink(join(root, 'node_modules', name), join(modules, name));
  }
  for (const name of ['esbuild', 'mocha', 'tsx']) await symlink(join(root, 'node_modules/.bin', name), join(modules, '.bin', name));
  const cni = join(modules, '.bin/cni');
  await writeFile(
    cni,
    `#!/bin/sh\nexec ${process.execPath} --import ${root}/node_modules/tsx/dist/loader.mjs ${root}/examples/cni/main.ts "$@"\n`,
  );
  await chmod(cni, 0o755);
  const { compilerOptions } = JSON.parse(await readFile(join(root, 'tsconfig.json'), 'utf8')) as {
    readonly compilerOptions: { readonly paths: Readonly<Record<string, readonly string[]>> };
  };
  const paths = Object.fromEntries(
    Object.entries(compilerOptions.paths).map(([name, files]) => [name, files.map((file) => join(root, file))]),
  );
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { paths, module: 'nodenext', target: 'es2023' } }));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'loopback', type: 'module' }));
}

describe('examples/README.md', function () {
  this.timeout(120_000);

  it('has the code of examples/loopback.ts', async () => {
    const block = (await readBlocks()).find(({ info }) => info === 'ts loopback.ts');
    expect(block?.text).to.equal(await readFile(join(root, 'examples/loopback.ts'), 'utf8'));
  });

  it('names examples that are there', async () => {
    const page = await readFile(join(root, 'examples/README.md'), 'utf8');
    const named = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name);
    expect(named).to.have.length.at.least(5);
    for (const name of named) await access(join(root, 'examples', name));
  });

  describe('its blocks', () => {
    let folder: TemporaryFolder;
    let machine: Machine;

    before(async function () {
      requireLive(this, ['ip', 'nsenter', 'unshare', 'npx']);
      folder = await makeTemporaryFolder('page');
      machine = await startMachine();
      await installPackages(folder.path);
    });

    after(async () => {
      await machine?.close();
      await folder?.remove();
    });

    it('do what the page says, run one after the other', async () => {
      const outputs: string[] = [];
      for (const { info, text } of await readBlocks()) {
        const [language, name] = info.split(' ');
        if (name !== undefined) await folder.file(name, text);
        if (language !== 'sh') continue;
        const end = await machine.run('sh', ['-e', '-c', `cd ${folder.path}\n${text}`]);
        expect(end.code, `${text}\n${end.stdout}${end.stderr}`).to.equal(0);
        outputs.push(end.stdout);
      }
      const [version, tried, tested] = outputs;
      expect(version).to.include('"supportedVersions":["0.1.0"');
      expect(tried).to.match(/^lo {2}mac 00:00:00:00:00:00 {2}in \/run\/netns\/blue\n {2}127\.0\.0\.1\/8\n/);
      expect(tried)
        .to.match(/inet 127\.0\.0\.1\/8/)
        .and.match(/^CHECK noticed$/m);
      expect(tested)
        .to.match(/1[0-9] passing/)
        .and.not.match(/failing/);
    });
  });
});
