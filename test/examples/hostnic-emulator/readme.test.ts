import { execFile } from 'node:child_process';
import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { FAULT_EXAMPLES } from '../../../examples/hostnic-emulator/fault-examples.js';
import { createNamespace, createVethFabric, openRtnetlink, toLink } from '../../../netlink/index.js';
import { type Emulator, emulatorChoices, startEmulator } from '../../../providers/qingcloud/emulator/index.js';
import { requireLive, requireTools } from '../../support/live.js';
import { makeTemporaryFolder } from '../../support/temporary-folder.js';

const root = resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);

/** The fenced blocks of the page in one language. */
function blocksOf(page: string, language: string): readonly string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);
}

/** Runs a block of the page against an emulator; gives what each command printed. */
async function runBlock(block: string, emulator: Emulator, changes: Readonly<Record<string, string>> = {}): Promise<unknown[]> {
  let script = block.replace('http://127.0.0.1:7777/', `http://127.0.0.1:${emulator.port}/`);
  for (const [name, value] of Object.entries(changes)) script = script.replace(new RegExp(`^${name}=.*$`, 'm'), `${name}=${value}`);
  const { stdout } = await run('sh', ['-e', '-c', script]);
  return stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

describe('examples/hostnic-emulator/README.md', function () {
  this.timeout(60_000);
  let page: string;
  let emulator: Emulator | undefined;

  before(async () => {
    page = await readFile(join(root, 'examples/hostnic-emulator/README.md'), 'utf8');
  });
  afterEach(async () => {
    await emulator?.close();
    emulator = undefined;
  });

  it('has programs that run', async () => {
    const folder = await makeTemporaryFolder('emulator-page');
    try {
      const { compilerOptions } = JSON.parse(await readFile(join(root, 'tsconfig.json'), 'utf8')) as {
        readonly compilerOptions: { readonly paths: Readonly<Record<string, readonly string[]>> };
      };
      const paths = Object.fromEntries(
        Object.entries(compilerOptions.paths).map(([name, files]) => [name, files.map((file) => join(root, file))]),
      );
      const programs = blocksOf(page, 'ts');
      expect(programs).to.have.length(2);
      await symlink(join(root, 'node_modules'), join(folder.path, 'node_modules'));
      await writeFile(join(folder.path, 'package.json'), JSON.stringify({ type: 'module' }));
      await writeFile(
        join(folder.path, 'tsconfig.json'),
        JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions: { paths, types: ['node'] }, include: ['*.ts'] }),
      );
      const outputs: string[] = [];
      for (const [i, program] of programs.entries()) {
        await folder.file(`program-${i}.ts`, program);
        outputs.push((await run(process.execPath, ['--import', 'tsx/esm', `program-${i}.ts`], { cwd: folder.path })).stdout);
      }
      expect(outputs[0]).to.match(/^http:\/\/127\.0\.0\.1:\d+\/iaas\n1 \{\}\n$/);
    } finally {
      await folder.remove();
    }
  });

  it('has a table of all choices, the default first', () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| ((?:`[^`]+`(?:, )?)+) \| (.+) \|$/gm)].map(([, name, values = '', about]) => [
      name,
      values.replaceAll('`', '').split(', '),
      about,
    ]);
    const expected = Object.entries(emulatorChoices).map(([name, { values, about }]) => [name, values.map(String), about]);
    expect(rows).to.deep.equal(expected);
  });

  it('has each option that the command has', async () => {
    const help = (await run(process.execPath, ['--import', 'tsx', join(root, 'examples/hostnic-emulator/main.ts'), '--help'])).stdout;
    const options = [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, name = '']) => name).filter((name) => name !== '--help');
    expect(options).to.have.length.at.least(15);
    for (const name of options) expect(page, name).to.include(`\`${name}`);
    for (const { what, rule } of FAULT_EXAMPLES) expect(help).to.include(what).and.include(JSON.stringify(rule));
    for (const name of Object.keys(emulatorChoices)) expect(help).to.include(`  ${name}=`);
  });

  it('has a command for each fault, which puts it in force', async function () {
    requireTools(this, ['curl']);
    emulator = await startEmulator();
    const [block = ''] = blocksOf(page, 'sh').filter((text) => text.includes('/faults" -H'));
    const answers = await runBlock(block, emulator);
    expect(answers).to.deep.equal(FAULT_EXAMPLES.map((_, i) => ({ ids: [`fault-${i + 1}`] })));
    expect(emulator.faults().map(({ rule }) => rule)).to.deep.equal(FAULT_EXAMPLES.map(({ rule }) => rule));
    expect([...block.matchAll(/^# (.*)$/gm)].map(([, what]) => what)).to.deep.equal(FAULT_EXAMPLES.map(({ what }) => what));
  });

  it('has commands for all else, which work', async function () {
    requireTools(this, ['curl']);
    emulator = await startEmulator();
    emulator.addFault({ fault: { kind: 'cut' } });
    emulator.addFault({ fault: { kind: 'silence' } });
    const [block = ''] = blocksOf(page, 'sh').filter((text) => text.includes('$EMULATOR/state'));
    const [state, calls, faults, ...changes] = (await runBlock(block, emulator)) as Record<string, unknown>[];
    expect(state).to.include.keys('nics', 'jobs', 'choices', 'limits', 'callCounts');
    expect(calls).to.deep.equal({ counts: {}, calls: [] });
    expect(faults?.['faults']).to.have.length(2);
    expect(changes.map((answer) => answer['status'] ?? answer)).to.deep.equal([{}, {}, {}, {}, 'stopped', 'running']);
    expect(emulator.faults()).to.deep.equal([]);
  });

  it('has a command that calls a NIC back from a container', async function () {
    requireLive(this, ['curl']);
    const machine = await createNamespace('machine');
    const container = await createNamespace('container');
    const fabric = createVethFabric({ returnDelayMs: 0 });
    const [inMachine, inContainer] = [openRtnetlink(machine), openRtnetlink(container)];
    try {
      const namespace = { kind: 'fd', fd: machine.fd } as const;
      emulator = await startEmulator({ fabric, instances: [{ id: 'i-a', namespace, primaryNic: { vxnetId: 'vxnet-emul001' } }] });
      const [nic] = emulator.nics();
      const macsIn = async (rtnetlink: typeof inMachine): Promise<unknown[]> =>
        (await rtnetlink.link.list()).map(toLink).flatMap((link) => (link.loopback ? [] : link.mac));
      const { index } = await inMachine.link.get({ name: 'eth0' });
      await inMachine.link.move(index, container, { name: 'eth0' });
      expect(await macsIn(inContainer)).to.deep.equal([nic?.id]);
      const [block = ''] = blocksOf(page, 'sh').filter((text) => text.includes('/return'));
      expect(await runBlock(block, emulator, { NIC: nic?.id ?? '' })).to.deep.equal([{}]);
      expect(await macsIn(inContainer)).to.deep.equal([]);
      // Bounded by the test's time limit.
      while ((await macsIn(inMachine)).length === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(await macsIn(inMachine)).to.deep.equal([nic?.id]);
    } finally {
      inMachine.close();
      inContainer.close();
      await emulator?.close();
      await fabric.close();
      machine.close();
      container.close();
    }
  });
});
