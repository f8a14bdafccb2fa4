import { join } from 'node:path';
import { expect } from 'chai';
import { requireLive } from '../support/live.js';
import { ownFolders, type PluginWorld, startPluginWorld, worldInstanceId } from '../support/plugin-world.js';

describe('the example attach-nic', () => {
  let world: PluginWorld | undefined;

  before(async function () {
    requireLive(this, ['ip', 'nsenter', 'unshare']);
    this.timeout(60_000);
    world = await startPluginWorld({
      setup: (folder) => `${ownFolders(folder, ['/etc'])}\nmkdir -p /etc/qingcloud\necho ${worldInstanceId} >/etc/qingcloud/instance-id`,
    });
  });

  after(() => world?.close());

  it('attaches a NIC to a namespace and takes it back', async function () {
    if (world === undefined) throw new Error('there is no world');
    this.timeout(60_000);
    const path = await world.addPod('demo');
    const program = join(process.cwd(), 'examples/attach-nic.ts');
    const args = ['--import', 'tsx', program, path, world.providerFile, 'vxnet-a', join(world.folder, 'example')];
    const { code, stdout, stderr } = await world.machine.run(
      'sh',
      ['-c', 'cd "$0" && exec "$@"', process.cwd(), process.execPath, ...args],
      {
        stdin: '\n',
      },
    );
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout).to.match(
      /^\/run\/netns\/demo has \S+ as nic0 with 192\.168\.100\.\d+\/24; press Enter to take it back\n\S+ is detached and deleted\n$/,
    );
    expect(world.emulator.nics()).to.deep.equal([]);
    const actions = world.emulator.calls().map((call) => call.action);
    for (const action of ['CreateNics', 'AttachNics', 'DetachNics', 'DeleteNics']) expect(actions).to.include(action);
  });
});
