import { mkdir, mkdtemp, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type CommandEnd, runCommand } from '../support/machine.js';
import { statusThroughProxy } from '../support/status-through-proxy.js';
import { requireVariant } from './support/require-variant.js';
import { pluginVariants } from './support/runtime-world.js';

const [, variant] = pluginVariants;

const conf = {
  cniVersion: '1.1.0',
  name: 'net',
  type: 'hostnic',
  provider: 'cloudy',
  args: { providerConfigFile: '/c.yaml', vxNets: ['a'] },
};

describe('the standalone plugin', function () {
  this.timeout(60_000);
  let executable: string;
  let folder: string;

  before(async function () {
    if (variant === undefined) throw new RangeError('there are two variants');
    executable = await requireVariant(this, variant);
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hostnic-standalone-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const call = (command: string, cwd: string, env: Readonly<Record<string, string>> = {}): Promise<CommandEnd> =>
    runCommand(executable, [], {
      cwd,
      stdin: JSON.stringify(conf),
      limitMs: 10_000,
      env: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: 'c1',
        CNI_NETNS: '/run/netns/none',
        CNI_IFNAME: 'eth0',
        CNI_PATH: '/opt/cni/bin',
        ...env,
      },
    });

  const expectVersion = (end: CommandEnd): void => {
    expect(end.code, end.stdout + end.stderr).to.equal(0);
    expect(JSON.parse(end.stdout)).to.have.property('supportedVersions').with.length(7);
  };
  const expectRefusal = (end: CommandEnd): void => {
    expect(end.code, end.stdout + end.stderr).to.equal(1);
    expect(JSON.parse(end.stdout)).to.include({ code: 7, msg: 'provider "cloudy" is not known; known: qingcloud' });
  };

  it('needs no PATH, no HOME and no Node.js', async () => {
    expectVersion(await call('VERSION', '/'));
    expectRefusal(await call('ADD', '/'));
  });

  it('reaches the API through the proxy that its environment names', async () => {
    const { end, requests, reached } = await statusThroughProxy(executable);
    expect(end.code, end.stdout + end.stderr).to.equal(0);
    expect(requests).to.have.length(1);
    expect(reached).to.equal(1);
  });

  it('runs nothing and reads nothing of a hostile working directory', async () => {
    const marker = join(folder, 'ran');
    const evil = `require('fs').writeFileSync(${JSON.stringify(marker)}, '');`;
    const files = {
      'evil.js': evil,
      'bunfig.toml': 'preload = ["./evil.js"]\n[run]\npreload = ["./evil.js"]\n',
      '.env': 'CNI_COMMAND=STATUS\nCNI_IFNAME=from-dotenv\nDEBUG=*\n',
      '.env.local': 'CNI_CONTAINERID=from-dotenv\n',
      '.env.production': 'CNI_CONTAINERID=from-dotenv\n',
      'tsconfig.json': '{ "compilerOptions": { "paths": { "*": ["./evil.js"] } } }',
      'package.json': '{ "name": "evil", "type": "commonjs", "imports": { "#libc": "./evil.js" } }',
      'libc.so.6': 'no library',
      'libc.so': 'no library',
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    for (const name of ['koffi', 'got', 'debug']) {
      await mkdir(join(folder, 'node_modules', name), { recursive: true });
      await writeFile(join(folder, 'node_modules', name, 'index.js'), evil);
    }
    expectVersion(await call('VERSION', folder));
    expectRefusal(await call('ADD', folder));
    // An empty variable counts as missing: a value from the folder's .env would have filled it.
    const missing = await call('ADD', folder, { CNI_IFNAME: '' });
    expect(JSON.parse(missing.stdout)).to.include({ code: 4, msg: 'required env variables [CNI_IFNAME] missing' });
    // Up to the point where the kernel is called: the namespace does not exist.
    const stdin = JSON.stringify({ ...conf, provider: 'qingcloud', dataDir: join(folder, 'data'), hostDir: join(folder, 'host') });
    const env = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/none', CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin' };
    const native = await runCommand(executable, [], { cwd: folder, stdin, env });
    expect(JSON.parse(native.stdout), native.stdout).to.include({ code: 8 });
    expect(await readdir(folder)).not.to.include('ran');
  });

  it('unpacks nothing into the folder of temporary files', async () => {
    const temporary = join(folder, 'tmp');
    await mkdir(temporary);
    expectRefusal(await call('ADD', folder, { TMPDIR: temporary, BUN_TMPDIR: temporary, HOME: temporary }));
    expect(await readdir(temporary)).to.deep.equal([]);
  });

  it('answers in a working directory that was deleted', async () => {
    for (const [command, expectAnswer] of [
      ['VERSION', expectVersion],
      ['ADD', expectRefusal],
    ] as const) {
      const gone = join(folder, 'gone');
      await mkdir(gone);
      const script = 'rmdir "$PWD"; exec "$0"';
      const end = await runCommand('sh', ['-c', script, executable], {
        cwd: gone,
        stdin: JSON.stringify(conf),
        env: {
          PATH: process.env['PATH'],
          CNI_COMMAND: command,
          CNI_CONTAINERID: 'c1',
          CNI_NETNS: '/run/netns/none',
          CNI_IFNAME: 'eth0',
          CNI_PATH: '/opt/cni/bin',
        },
      });
      expectAnswer(end);
      await rmdir(gone).catch(() => undefined);
    }
  });
});
