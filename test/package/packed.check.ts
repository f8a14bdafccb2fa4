import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

async function readManifest(): Promise<Manifest> {
  return JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
}

/** The import names that the package promises: `hostnic-cni`, `hostnic-cni/cni`, … */
function entryNames(manifest: Manifest): string[] {
  return Object.keys(manifest.exports)
    .filter((key) => key !== './package.json')
    .map((key) => manifest.name + key.slice(1));
}

describe('the packed package', () => {
  let folder: string;
  let entries: readonly string[];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hostnic-consumer-'));
    const manifest = await readManifest();
    entries = entryNames(manifest);
    await run('npm', ['pack', '--pack-destination', folder], { cwd: root });
    const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
    if (tarball === undefined) throw new Error('npm pack made no tarball');
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
    const tools = ['typescript', '@types/node'].map((name) => `${name}@${manifest.devDependencies[name]?.replace('^', '') ?? 'missing'}`);
    // Without install scripts: nothing of ours may need one, koffi included.
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `./${tarball}`, ...tools], { cwd: folder });
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('type-checks in a strict consumer with declarations of dependencies checked too', async () => {
    const lines = entries.map(
      (name, i) => `import * as entry${i} from '${name}';\nexport const keys${i}: string[] = Object.keys(entry${i});`,
    );
    await writeFile(join(folder, 'consumer.ts'), `${lines.join('\n')}\n`);
    for (const [module, moduleResolution] of [
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ]) {
      const compilerOptions = {
        module,
        moduleResolution,
        target: 'es2023',
        strict: true,
        skipLibCheck: false,
        noEmit: true,
        types: ['node'],
      };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
      await run('npx', ['tsc', '-p', 'tsconfig.json'], { cwd: folder });
    }
  });

  it('can be imported by each of its names, and errors are the same class everywhere', async () => {
    await writeFile(
      join(folder, 'consumer.mjs'),
      `const names = ${JSON.stringify(entries)};
       for (const name of names) {
         const entry = await import(name);
         if (Object.keys(entry).length === 0) throw new Error(name + ' exports nothing');
       }
       const { NicError } = await import('hostnic-cni');
       const { createNetlinkDriver } = await import('hostnic-cni/netlink');
       const driver = createNetlinkDriver();
       const failure = await driver.open({ kind: 'path', path: '/nowhere' }).catch((error) => error);
       if (!(failure instanceof NicError)) throw new Error('not a NicError: ' + failure);
       const own = await driver.open({ kind: 'own' });
       const links = await own.listLinks();
       own.close();
       console.log(JSON.stringify({ code: failure.code, loopback: links.some((link) => link.loopback) }));
       process.exit(0);`,
    );
    const { stdout } = await run(process.execPath, ['consumer.mjs'], { cwd: folder });
    expect(JSON.parse(stdout)).to.deep.equal({ code: 'ERR_NAMESPACE', loopback: true });
  });

  it('ships its commands, and the plugin answers VERSION from where npm puts it', async () => {
    const { stdout } = await run(join(folder, 'node_modules/.bin/hostnic'), [], {
      env: { PATH: process.env['PATH'], CNI_COMMAND: 'VERSION' },
    });
    expect(JSON.parse(stdout)).to.have.property('supportedVersions').that.includes('1.1.0');
    const help = await run(join(folder, 'node_modules/.bin/hostnic-emulator'), ['--help']);
    expect(help.stdout).to.contain('Usage: hostnic-emulator');
  });

  it('documents exactly what it exports', async () => {
    const typedoc = JSON.parse(await readFile(join(root, 'typedoc.json'), 'utf8')) as { entryPoints: string[] };
    const documented = typedoc.entryPoints.map((path) => {
      const place = path.replace(/^lib\//, '').replace(/\/?index\.ts$/, '');
      return place === '' ? 'hostnic-cni' : `hostnic-cni/${place}`;
    });
    expect(documented).to.have.members([...entries]);
  });

  it('ships only dist and what npm adds', async () => {
    const shipped = await readdir(join(folder, 'node_modules/hostnic-cni'));
    expect(shipped).to.have.members(['dist', 'LICENSE', 'README.md', 'package.json']);
  });
});
