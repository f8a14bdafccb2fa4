import { execFile } from 'node:child_process';
import { access, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

const root = resolve(import.meta.dirname, '../..');

interface End {
  readonly failed: boolean;
  readonly output: string;
}

/** A fenced block of the page: what stands behind the fence, and what is in it. */
interface Block {
  readonly info: string;
  readonly text: string;
}

async function readBlocks(): Promise<readonly Block[]> {
  const page = await readFile(join(root, 'providers/README.md'), 'utf8');
  return [...page.matchAll(/^```(.+)\n([\s\S]*?)^```$/gm)].map(([, info = '', text = '']) => ({ info, text }));
}

/** The command of the page that has this word in it. */
function commandWith(blocks: readonly Block[], word: string): string {
  const found = blocks.find(({ info, text }) => info === 'sh' && text.includes(word));
  if (found === undefined) throw new Error(`the page has no command with ${word}`);
  return found.text.trim();
}

function textOf(blocks: readonly Block[], info: string): string {
  const found = blocks.find((block) => block.info === info);
  if (found === undefined) throw new Error(`the page has no block ${info}`);
  return found.text;
}

describe('providers/README.md', function () {
  this.timeout(240_000);
  let folder: TemporaryFolder;
  let blocks: readonly Block[];

  function run(command: string): Promise<End> {
    const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` };
    return new Promise((done) => {
      execFile('sh', ['-e', '-c', command], { cwd: folder.path, env }, (error, stdout, stderr) =>
        done({ failed: error !== null, output: stdout + stderr }),
      );
    });
  }

  before(async () => {
    folder = await makeTemporaryFolder('own-cloud');
    blocks = await readBlocks();
    for (const { info, text } of blocks) if (info.startsWith('ts ')) await folder.file(info.slice(3), text);
    const { compilerOptions } = JSON.parse(await readFile(join(root, 'tsconfig.json'), 'utf8')) as {
      readonly compilerOptions: { readonly paths: Readonly<Record<string, readonly string[]>> };
    };
    const paths = Object.fromEntries(
      Object.entries(compilerOptions.paths).map(([name, files]) => [name, files.map((file) => join(root, file))]),
    );
    // The strictest settings there are: whatever those of a reader are, his compiler is content as well.
    await writeFile(
      join(folder.path, 'tsconfig.json'),
      JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions: { paths }, include: ['*.ts'] }),
    );
    await writeFile(join(folder.path, 'package.json'), JSON.stringify({ name: 'cumulus', type: 'module' }));
    await symlink(join(root, 'node_modules'), join(folder.path, 'node_modules'));
  });

  after(() => folder?.remove());

  it('names files that are there', async () => {
    const page = await readFile(join(root, 'providers/README.md'), 'utf8');
    const links = [...page.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
    expect(links).to.have.length.at.least(4);
    for (const link of links) await access(join(root, 'providers', link));
    expect(await readFile(join(root, 'README.md'), 'utf8')).to.include('](providers/README.md)');
  });

  it('names every feature of the suite', async () => {
    const page = await readFile(join(root, 'providers/README.md'), 'utf8');
    const bed = await readFile(join(root, 'lib/testing/provider-bed.ts'), 'utf8');
    const faults = [...bed.slice(bed.indexOf('interface ProviderFaults')).matchAll(/^ {2}([a-zA-Z]+)\(/gm)].map(([, name = '']) => name);
    const refusals = [...bed.slice(bed.indexOf('type StagedRefusal')).matchAll(/^ {2}\| '(ERR_[A-Z_]+)'/gm)].map(([, code = '']) => code);
    expect(faults).to.include('withholdAnswer');
    expect(refusals).to.have.length.at.least(8);
    for (const name of [...faults, ...refusals]) expect(page).to.include(`\`${name}\``);
  });

  it('has code that the type checker passes', async () => {
    expect(await run('tsc --project .')).to.deep.equal({ failed: false, output: '' });
  });

  it('has a provider that passes the suite', async () => {
    const { failed, output } = await run(commandWith(blocks, 'mocha'));
    expect(failed, output).to.equal(false);
    expect(output)
      .to.match(/[67]\d passing/)
      .and.match(/3 pending/)
      .and.include('(skipped, no forwarding: Cumulus lets every port forward)')
      .and.include('(skipped, no ERR_CLOCK: Cumulus does not look at clocks)');
  });

  it('has a provider whose pages the suite looks at', async () => {
    const code = textOf(blocks, 'ts cumulus.ts');
    const damaged = code.replace('if (ports.length < PAGE) return found;', 'return found;');
    expect(damaged).to.not.equal(code);
    await folder.file('cumulus.ts', damaged);
    const { failed, output } = await run(`${commandWith(blocks, 'mocha')} --grep 'every page'`);
    await folder.file('cumulus.ts', code);
    expect(failed, output).to.equal(true);
    expect(output).to.include('listNics() must give all of 51 NICs');
  });

  it('has a provider that the engine attaches a card with, and takes it back', async () => {
    const { failed, output } = await run(commandWith(blocks, 'tsx try.ts'));
    expect(failed, output).to.equal(false);
    expect(output).to.equal(blocks.filter(({ info }) => info === 'console').at(-1)?.text);
  });
});
