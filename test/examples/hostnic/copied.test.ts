import { copyFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { runCommand } from '../../support/machine.js';
import { pluginExecutable } from '../../support/plugin-executable.js';

describe('hostnic for Node.js, copied instead of linked', () => {
  let folder: string;
  let executable: string;

  before(async function () {
    // The standalone file may be copied.
    if ((process.env['HOSTNIC_PLUGIN'] ?? '') !== '') this.skip();
    executable = await pluginExecutable();
    folder = await mkdtemp(join(tmpdir(), 'hostnic-copied-'));
  });

  after(async () => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  async function call(path: string, command: string): Promise<{ readonly code: number; readonly msg: string; readonly details: string }> {
    const stdin = JSON.stringify({
      cniVersion: '1.1.0',
      name: 'net',
      provider: 'qingcloud',
      args: { providerConfigFile: '/c.yaml', vxNets: ['vxnet-a'] },
      dataDir: join(folder, 'data'),
      hostDir: join(folder, 'host'),
    });
    const variables = {
      CNI_CONTAINERID: 'c1',
      CNI_IFNAME: 'eth0',
      CNI_NETNS: command === 'ADD' ? '/run/netns/none' : '',
      CNI_PATH: '/opt/cni/bin',
    };
    const end = await runCommand(path, [], { stdin, env: { PATH: process.env['PATH'], CNI_COMMAND: command, ...variables } });
    expect(end.code, end.stdout + end.stderr).to.equal(1);
    return JSON.parse(end.stdout);
  }

  for (const command of ['VERSION', 'ADD']) {
    it(`says so on ${command} when its modules are not beside it`, async () => {
      const copy = join(folder, 'hostnic');
      await copyFile(executable, copy);
      const error = await call(copy, command);
      expect(error.code).to.equal(999);
      expect(error.msg).to.include('link to dist/hostnic of the package instead of copying it');
    });
  }

  it('says which package is missing when its whole folder was copied', async () => {
    const copy = join(folder, 'dist');
    await cp(dirname(executable), copy, { recursive: true });
    const error = await call(join(copy, 'hostnic'), 'DEL');
    expect(error.code).to.equal(999);
    expect(error.msg).to.include('a package that hostnic needs is missing: install the package hostnic-cni with its dependencies');
    expect(error.details).to.equal("Cannot find module 'koffi'");
  });
});
