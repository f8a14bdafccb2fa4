import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { findSecret, TEST_SECRETS } from '../support/secrets.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

const root = resolve(import.meta.dirname, '../..');
/** Put together here, or this file would be found out itself. */
const secret = ['SECRET', 'ACCESS', 'KEY'].join('');

/** What a test may do wrong, as the body of one, with the secret as `s`. */
const offences: readonly (readonly [string, string])[] = [
  ['prints it', 'console.log("key", s);'],
  ['prints it as an error', 'process.stderr.write(Buffer.from(s));'],
  ['writes it to its descriptor', 'fs.writeSync(2, s);'],
  ['starts a program that prints it', 'await run("/bin/sh", ["-c", "printf $0", s]);'],
  ['starts a program that prints it in two parts', 'await run("/bin/sh", ["-c", "printf SECRET; sleep 0.1; printf ACCESSKEY >&1"]);'],
  ['starts a program that prints it as an error', 'await run("/bin/sh", ["-c", "printf $0 >&2", s]);'],
  ['waits for a program that prints it', 'child.execFileSync("/bin/echo", [s]);'],
  [
    'leaves it in a file',
    'const f = fs.mkdtempSync(os.tmpdir() + "/hn-x-"); fs.writeFileSync(f + "/log", s); await fs.promises.rm(f, { recursive: true });',
  ],
  ['gets an error that quotes it', 'await client.send({}).catch(() => {});'],
  ['prints a signed URL', 'console.log("/iaas?a=b&signat" + "ure=7GJMQRdVSGeXIXgvEeYyIs88A%2BJn3YjE18gVoDaPFxg%3D");'],
];

interface Outcome {
  readonly fullTitle: string;
  readonly err: { readonly message?: string };
}

async function sources(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts')).map((entry) => join(entry.parentPath, entry.name));
}

describe('the watch over secrets', () => {
  let folder: TemporaryFolder;

  /** What became of each test of a file. Nothing that the tests print gets here, since that is where secrets are let out. */
  async function runMocha(file: string): Promise<{ readonly report: string; readonly passes: Outcome[]; readonly failures: Outcome[] }> {
    const output = join(folder.path, 'report.json');
    const hook = join(root, 'test/support/secret-watch.ts');
    const reporter = ['--reporter', 'json', '--reporter-option', `output=${output}`];
    const args = ['--no-package', '--node-option', 'import=tsx/esm', '--require', hook, '--parallel', '--jobs', '2', ...reporter, file];
    const child = spawn(process.execPath, [join(root, 'node_modules/mocha/bin/mocha.js'), ...args], { cwd: root, stdio: 'ignore' });
    await new Promise((resolve) => child.once('close', resolve));
    const report = await readFile(output, 'utf8');
    return { report, ...(JSON.parse(report) as { passes: Outcome[]; failures: Outcome[] }) };
  }

  before(async () => {
    folder = await makeTemporaryFolder('secrets');
  });
  after(() => folder.remove());

  it('fails each test that lets one out, whichever way, and no other', async function () {
    this.timeout(60_000);
    const client = pathToFileURL(join(root, 'providers/qingcloud/client.ts')).href;
    const head = `
      import child from 'node:child_process'; import fs from 'node:fs'; import os from 'node:os'; import { promisify } from 'node:util';
      import { ApiClient } from ${JSON.stringify(client)};
      const run = promisify(child.execFile); const s = ['SECRET', 'ACCESS', 'KEY'].join('');
      const client = new ApiClient({ config: { protocol: 'http' }, environment: {}, clock: {}, limiter: { acquire: async () => { throw new Error('no', { cause: new Error(s) }); } } });
      it('prints what it may', async () => { console.log('qy_secret_access_key: ' + s); await run('/bin/echo', ['hello']); });\n`;
    const tests = offences.map(([name, body]) => `it(${JSON.stringify(name)}, async () => { ${body} });\n`);
    const { report, passes, failures } = await runMocha(await folder.file('offences.test.mts', head + tests.join('')));
    expect(failures.map(({ fullTitle }) => fullTitle)).to.deep.equal(offences.map(([name]) => name));
    for (const { fullTitle, err } of failures) expect(err.message, fullTitle).to.match(/^a secret came out:\n.*███/s);
    expect(passes.map(({ fullTitle }) => fullTitle)).to.deep.equal(['prints what it may']);
    expect(report).not.to.include(secret);
  });

  it('knows every secret that tests use', async () => {
    const unknown: string[] = [];
    const given = /(?:secretAccessKey|qy_secret_access_key): *['"]?(?!DEFAULT_ACCOUNT)([A-Z][^'"$\\\n,.]{5,})/g;
    for (const file of await sources(join(root, 'test'))) {
      for (const [, value = ''] of (await readFile(file, 'utf8')).matchAll(given)) {
        if (!TEST_SECRETS.includes(value)) unknown.push(`${file}: ${value}`);
      }
    }
    expect(unknown).to.deep.equal([]);
  });

  it('lets stand what belongs there', () => {
    expect(findSecret(`qy_secret_access_key: '${secret}'`)).to.equal(undefined);
    expect(findSecret(`key ${secret}`)).to.equal('key ███');
    expect(findSecret('signature=… and signature_method=HmacSHA256')).to.equal(undefined);
  });
});
