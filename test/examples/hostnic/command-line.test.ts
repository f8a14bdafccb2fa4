import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommandLine } from '../../../examples/hostnic/command-line.js';
import type { PluginHost } from '../../../examples/hostnic/plugin-host.js';
import type { AttachmentEngine, CollectAccountReport, CollectReport } from '../../../lib/attachment/index.js';
import { unlimitedCalls } from '../../../lib/call-budget/index.js';
import { silentLogger } from '../../../lib/log.js';
import { nodeFiles } from '../../../lib/runtime/index.js';
import { requireLive } from '../../support/live.js';
import { ManualClock } from '../../support/manual-clock.js';
import { type PluginWorld, startPluginWorld } from '../../support/plugin-world.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

const network = (name: string): object => ({
  cniVersion: '0.3.0',
  name,
  type: 'hostnic',
  provider: 'qingcloud',
  args: { providerConfigFile: '/c.yaml', vxNets: [`vxnet-${name}`] },
});

const report: CollectReport = {
  removed: [
    { nicId: '52:54:00:00:00:01', key: { network: 'pods', containerId: 'c1', ifname: 'eth0' }, gatewayOf: undefined, reason: 'unlisted' },
    { nicId: '52:54:00:00:00:02', key: undefined, gatewayOf: undefined, reason: 'unrecorded' },
    { nicId: '52:54:00:00:00:03', key: undefined, gatewayOf: 'vxnet-x', reason: 'idle' },
  ],
  records: [],
  failed: [],
  busy: [],
};

const account: CollectAccountReport = {
  found: [
    {
      nicId: '52:54:00:00:00:07',
      name: 'hostnic-p',
      role: 'pod',
      subnetId: 'vxnet-a',
      createdAt: new Date('2026-01-02T03:04:05Z'),
    },
  ],
  removed: [],
  failed: [],
};

describe('hostnic gc', () => {
  let folder: TemporaryFolder;
  let calls: { readonly method: string; readonly request: unknown }[];
  let printed: string[];
  let warned: string[];
  let answers: { readonly report: CollectReport; readonly account: CollectAccountReport };

  beforeEach(async () => {
    folder = await makeTemporaryFolder('gc');
    [calls, printed, warned] = [[], [], []];
    answers = { report, account };
  });
  afterEach(() => folder.remove());

  function run(...args: readonly string[]): Promise<number> {
    const engine = {
      collect: async (request: unknown) => {
        calls.push({ method: 'collect', request });
        return answers.report;
      },
      collectAccount: async (request: unknown) => {
        calls.push({ method: 'collectAccount', request });
        return answers.account;
      },
    } as unknown as AttachmentEngine;
    const plugin: PluginHost = {
      providers: {},
      clock: new ManualClock(0),
      startedAt: 0,
      createLog: async () => silentLogger,
      createLimiter: () => unlimitedCalls,
      createEngine: async () => engine,
    };
    return runCommandLine(['gc', '--conf-dir', folder.path, ...args], {
      plugin,
      files: nodeFiles,
      print: (text) => void printed.push(text),
      warn: (text) => void warned.push(text),
      signal: new AbortController().signal,
    });
  }

  it('says what it would remove on this host, of every network of the plugin', async () => {
    await folder.file(
      '10-pods.conflist',
      JSON.stringify({ cniVersion: '1.1.0', name: 'pods', plugins: [network('x'), { type: 'tuning' }] }),
    );
    await folder.file('20-more.conf', JSON.stringify(network('more')));
    await folder.file('30-other.conf', JSON.stringify({ cniVersion: '1.0.0', name: 'other', type: 'bridge' }));
    await folder.file('40-broken.conf', '{');
    expect(await run()).to.equal(0);
    expect(calls).to.deep.equal([
      { method: 'collect', request: { network: 'pods', valid: 'living', subnetIds: ['vxnet-x'], dryRun: true } },
      { method: 'collect', request: { network: 'more', valid: 'living', subnetIds: ['vxnet-more'], dryRun: true } },
    ]);
    expect(printed).to.deep.equal([
      'NIC                OF                  WHY',
      '52:54:00:00:00:01  c1 eth0             its container is gone',
      '52:54:00:00:00:02  -                   nothing is recorded of it, and no container can have it',
      '52:54:00:00:00:03  gateway in vxnet-x  no container has used it for a while',
      '3 NICs would be removed; --delete removes',
    ]);
    expect(warned).to.deep.equal([]);
  });

  it('removes only when told to', async () => {
    await folder.file('a.conf', JSON.stringify(network('a')));
    await folder.file('b.conf', JSON.stringify(network('b')));
    expect(await run('--network', 'b', '--delete')).to.equal(0);
    expect(calls).to.deep.equal([{ method: 'collect', request: { network: 'b', valid: 'living', subnetIds: ['vxnet-b'], dryRun: false } }]);
    expect(printed.at(-1)).to.equal('3 NICs removed');
    expect(await run('--delete', '--dry-run')).to.equal(2);
    expect(calls).to.have.length(1);
  });

  it('lists NICs of hosts that are gone once, however many networks share the account', async () => {
    for (const name of ['a', 'b']) await folder.file(`${name}.conf`, JSON.stringify(network(name)));
    expect(await run('--account')).to.equal(0);
    expect(calls).to.deep.equal([
      { method: 'collectAccount', request: { dryRun: true } },
      { method: 'collectAccount', request: { dryRun: true } },
    ]);
    expect(printed).to.deep.equal([
      'NIC                OF                            WHY',
      '52:54:00:00:00:07  a pod of a host that is gone  free in vxnet-a, made 2026-01-02T03:04:05.000Z',
      '1 NIC would be removed; --delete removes',
    ]);
    answers = { ...answers, account: { ...account, removed: ['52:54:00:00:00:07'] } };
    expect(await run('--account', '--delete', '--network', 'a')).to.equal(0);
    expect(calls.at(-1)).to.deep.equal({ method: 'collectAccount', request: { dryRun: false } });
    expect(printed.at(-1)).to.equal('1 NIC removed');
  });

  it('prints JSON, and exits with 1 when something is left', async () => {
    await folder.file('a.conf', JSON.stringify(network('a')));
    const key = { network: 'a', containerId: 'c2', ifname: 'eth0' };
    const records = [
      { key: { ...key, containerId: 'c3' }, reason: 'empty' },
      { key: { ...key, containerId: 'c4' }, reason: 'foreign' },
    ] as const;
    answers = { account, report: { removed: [], records, failed: [{ nicId: 'n2', key, reason: 'in transition' }], busy: [key] } };
    expect(await run('--json')).to.equal(1);
    expect(JSON.parse(printed.join('\n'))).to.deep.equal({
      dryRun: true,
      removed: [],
      records: [
        { of: 'c3 eth0', why: 'it has no NIC any more' },
        { of: 'c4 eth0', why: 'it was made on another instance and is set aside' },
      ],
      failed: [{ nic: 'n2', of: 'c2 eth0', why: 'in transition' }],
      busy: ['c2 eth0'],
    });
    printed.length = 0;
    expect(await run()).to.equal(1);
    expect(printed.join('\n'))
      .to.match(/record would be closed: c3 eth0: it has no NIC any more\n/)
      .and.to.match(/n2 +c2 eth0 +in transition/)
      .and.to.match(/at work on it: c2 eth0/);
  });

  it('refuses what it cannot understand, and does nothing', async () => {
    expect(await run()).to.equal(1);
    expect(warned.join()).to.include('there is no network of type hostnic');
    await folder.file('broken.conflist', '{"name":"a"');
    expect(await run()).to.equal(2);
    expect(warned.join()).to.include('broken.conflist');
    await folder.file('a.conf', JSON.stringify({ ...network('a'), provider: 7 }));
    expect(await run()).to.equal(1);
    expect(await run('--network', 'b')).to.be.oneOf([1, 2]);
    expect(await run('--everything')).to.equal(2);
    expect(calls).to.deep.equal([]);
  });
});

/** Every file and folder below one, with what is in it. */
async function filesOf(folder: string): Promise<readonly (readonly [string, string])[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const read = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    return [path, entry.isFile() ? await readFile(path, 'utf8') : ''] as const;
  });
  return (await Promise.all(read)).sort(([a], [b]) => a.localeCompare(b));
}

describe('hostnic gc as a process', function () {
  this.timeout(60_000);
  let world: PluginWorld;

  before(async function () {
    requireLive(this, ['ip', 'nsenter', 'unshare']);
    world = await startPluginWorld();
  });
  after(() => world?.close());

  it('keeps the container that lives and gives the NIC back of the one that is gone', async () => {
    const confDir = join(world.folder, 'net.d');
    await mkdir(confDir);
    await writeFile(join(confDir, '10-hostnic.conf'), JSON.stringify(world.conf()));
    const gc = async (...args: readonly string[]) =>
      world.machine.run(world.executable, ['gc', '--conf-dir', confDir, ...args], { env: { PATH: process.env['PATH'] ?? '' } });
    for (const pod of ['lives', 'gone']) {
      await world.addPod(pod);
      const { code, stdout } = await world.call({ command: 'ADD', pod, stdin: world.conf() });
      expect(code, stdout).to.equal(0);
    }
    const [alive, gone] = world.emulator.nics().map(({ id }) => id);
    await world.removePod('gone');
    const dry = await gc('--json');
    expect(dry.code, dry.stdout + dry.stderr).to.equal(0);
    expect(JSON.parse(dry.stdout)).to.deep.equal({
      dryRun: true,
      removed: [{ nic: gone, of: 'gone eth0', why: 'its container is gone' }],
      records: [],
      failed: [],
      busy: [],
    });
    expect(world.emulator.nics()).to.have.length(2);
    const wet = await gc('--delete');
    expect(wet.code, wet.stdout + wet.stderr).to.equal(0);
    expect(wet.stdout).to.match(/gone eth0.*\n1 NIC removed\n$/);
    expect(world.emulator.nics().map(({ id }) => id)).to.deep.equal([alive]);
    const account = await gc('--account');
    expect([account.code, account.stdout]).to.deep.equal([0, '0 NICs would be removed\n']);
    expect((await gc('--help')).stdout).to.include('--account');
  });

  it('lists a gateway without users and leaves no trace, and removes it when told to', async () => {
    const confDir = join(world.folder, 'idle.d');
    await mkdir(confDir);
    await writeFile(join(confDir, '10-hostnic.conf'), JSON.stringify(world.conf({ gatewayIdleSeconds: 0 })));
    const gc = async (...args: readonly string[]) =>
      world.machine.run(world.executable, ['gc', '--conf-dir', confDir, ...args], { env: { PATH: process.env['PATH'] ?? '' } });
    const stdin = world.conf({ ipam: { routes: [{ dst: '10.96.0.0/12', gw: '0.0.0.0' }] } });
    await world.addPod('user');
    for (const command of ['ADD', 'DEL']) {
      const { code, stdout } = await world.call({ command, pod: 'user', stdin });
      expect(code, stdout).to.equal(0);
    }
    const gateway = world.emulator.nics().find(({ name }) => name.startsWith('hostnic-g'))?.id;
    const before = [await filesOf(world.folder), world.emulator.nics()];
    const dry = await gc('--json');
    expect(dry.code, dry.stdout + dry.stderr).to.equal(0);
    expect(JSON.parse(dry.stdout).removed).to.deep.equal([
      { nic: gateway, of: 'gateway in vxnet-a', why: 'no container has used it for a while' },
    ]);
    expect([await filesOf(world.folder), world.emulator.nics()]).to.deep.equal(before);
    const wet = await gc('--delete');
    expect(wet.code, wet.stdout + wet.stderr).to.equal(0);
    expect(wet.stdout)
      .to.include(gateway)
      .and.to.match(/\n1 NIC removed\n$/);
    expect(world.emulator.nics().map(({ id }) => id)).not.to.include(gateway);
  });

  it('makes no folder where nothing was ever added', async () => {
    const confDir = join(world.folder, 'new.d');
    await mkdir(confDir);
    const folders = { dataDir: join(world.folder, 'new-data'), hostDir: join(world.folder, 'new-host') };
    await writeFile(join(confDir, '10-hostnic.conf'), JSON.stringify(world.conf({ name: 'new', ...folders })));
    const before = await filesOf(world.folder);
    const { code, stdout, stderr } = await world.machine.run(world.executable, ['gc', '--conf-dir', confDir], {
      env: { PATH: process.env['PATH'] ?? '' },
    });
    expect([code, stdout], stderr).to.deep.equal([0, '0 NICs would be removed\n']);
    expect(await filesOf(world.folder), 'nothing was made').to.deep.equal(before);
  });
});
