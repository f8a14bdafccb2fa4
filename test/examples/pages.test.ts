import { execFile } from 'node:child_process';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

const root = resolve(import.meta.dirname, '../..');
const pages = ['README.md', 'netlink/README.md', 'examples/hostnic-emulator/README.md'] as const;

/** The TypeScript of a page as modules: each block is one, and the rows of its tables go on where the first block ends. */
async function modulesOf(page: string): Promise<readonly string[]> {
  const text = await readFile(join(root, page), 'utf8');
  const [first = '', ...others] = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
  const rows = [...text.matchAll(/^\| `[^`]+` \| `(await [^`]+)` \|$/gm)].map(([, code]) => `${code};\n`);
  return [first + rows.join(''), ...others];
}

/** Type-checks modules as a user's project would. Gives what the compiler says. */
async function check(folder: TemporaryFolder, modules: readonly string[]): Promise<string> {
  const { compilerOptions } = JSON.parse(await readFile(join(root, 'tsconfig.json'), 'utf8')) as {
    readonly compilerOptions: { readonly paths: Readonly<Record<string, readonly string[]>> };
  };
  const paths = Object.fromEntries(
    Object.entries(compilerOptions.paths).map(([name, files]) => [name, files.map((file) => join(root, file))]),
  );
  const files = await Promise.all(modules.map((code, i) => folder.file(`block-${i}.ts`, code)));
  await writeFile(
    join(folder.path, 'tsconfig.json'),
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions: { paths, types: ['node'] }, include: [], files }),
  );
  await writeFile(join(folder.path, 'package.json'), JSON.stringify({ type: 'module' }));
  await symlink(join(root, 'node_modules'), join(folder.path, 'node_modules'));
  const end = promisify(execFile)(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', folder.path]);
  return end.then(
    () => '',
    (error: { readonly stdout?: string }) => error.stdout ?? String(error),
  );
}

describe('the TypeScript on the pages', function () {
  this.timeout(120_000);
  let folder: TemporaryFolder;

  beforeEach(async () => {
    folder = await makeTemporaryFolder('pages');
  });
  afterEach(() => folder?.remove());

  it(`of ${pages.join(' and ')} passes the type checker, which finds a mistake put in`, async () => {
    const modules = (await Promise.all(pages.map(modulesOf))).flat();
    expect(modules).to.have.length.at.least(4);
    const [begin = ''] = await modulesOf('netlink/README.md');
    const said = await check(folder, [...modules, `${begin}await link.set(eth0, { mtv: 1400 });\n`]);
    const errors = said.split('\n').filter((line) => line.includes('error TS'));
    expect(errors, said).to.have.length(1);
    expect(errors[0]).to.match(new RegExp(`block-${modules.length}\\.ts.*'mtv'`));
  });
});
