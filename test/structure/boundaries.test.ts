import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'chai';

const root = resolve(import.meta.dirname, '../..');

/** Each line that must be refused: where it stands, what it says, and the rule that must fire. */
const violations: readonly { readonly file: string; readonly text: string; readonly rule: string }[] = [
  { file: 'lib/a.ts', text: "import { x } from '../netlink/index.js';", rule: 'noRestrictedImports' },
  { file: 'lib/a.ts', text: "import { x } from '../providers/qingcloud/index.js';", rule: 'noRestrictedImports' },
  { file: 'lib/attachment/a.ts', text: "import { x } from '../../netlink/index.js';", rule: 'noRestrictedImports' },
  { file: 'lib/a.ts', text: "import { x } from 'got';", rule: 'noRestrictedImports' },
  { file: 'lib/cni/a.ts', text: "import { readFileSync as x } from 'node:fs';", rule: 'noRestrictedImports' },
  { file: 'lib/cni/a.ts', text: "import { x } from '../../netlink/index.js';", rule: 'noRestrictedImports' },
  { file: 'netlink/a.ts', text: "import { x } from '../providers/memory/index.js';", rule: 'noRestrictedImports' },
  { file: 'netlink/a.ts', text: "import { x } from '../lib/attachment/index.js';", rule: 'noRestrictedImports' },
  { file: 'netlink/wire/a.ts', text: "import { readFileSync as x } from 'node:fs';", rule: 'noRestrictedImports' },
  { file: 'netlink/wire/a.ts', text: "import { libc as x } from '#libc';", rule: 'noRestrictedImports' },
  { file: 'providers/memory/a.ts', text: "import { x } from '../../netlink/index.js';", rule: 'noRestrictedImports' },
  { file: 'providers/qingcloud/emulator/a.ts', text: "import { x } from '../../../netlink/index.js';", rule: 'noRestrictedImports' },
  { file: 'lib/a.ts', text: "export * from './x.js';", rule: 'noReExportAll' },
  { file: 'lib/a.ts', text: 'export default 1;', rule: 'noDefaultExport' },
];

interface Diagnostic {
  readonly category?: string;
}

/** Lints a tree of its own with the project's rules and gives back the rules that fired. */
async function lint(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'hostnic-lint-'));
  try {
    const config = JSON.parse(await readFile(join(root, 'biome.json'), 'utf8')) as Record<string, unknown>;
    await writeFile(join(folder, 'biome.json'), JSON.stringify({ ...config, $schema: undefined, vcs: undefined }));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    const output = await new Promise<string>((done) => {
      execFile(join(root, 'node_modules/.bin/biome'), ['lint', '--reporter=json', '.'], { cwd: folder }, (_error, stdout) => done(stdout));
    });
    const report = JSON.parse(output) as { diagnostics: Diagnostic[] };
    return report.diagnostics.map((diagnostic) => diagnostic.category ?? '');
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('the linter', () => {
  for (const { file, text, rule } of violations) {
    it(`refuses ${text} in ${file}`, async () => {
      const use = text.includes('import') ? '\nexport const y = x;\n' : '\n';
      expect(await lint({ [file]: text + use })).to.satisfy((rules: readonly string[]) => rules.some((name) => name.endsWith(`/${rule}`)));
    });
  }

  it('refuses an import cycle', async () => {
    const rules = await lint({
      'lib/a.ts': "import { b } from './b.js';\nexport const a = () => b;\n",
      'lib/b.ts': "import { a } from './a.js';\nexport const b = () => a;\n",
    });
    expect(rules.some((name) => name.endsWith('/noImportCycles'))).to.equal(true);
  });

  it('accepts what the layout allows', async () => {
    const rules = await lint({
      'lib/a.ts': "import { b } from './b.js';\n\nexport const a = () => b;\n",
      'lib/b.ts': 'export const b = 1;\n',
      'netlink/a.ts': "import { b } from '../lib/b.js';\n\nexport const a = () => b;\n",
    });
    expect(rules).to.deep.equal([]);
  });
});
