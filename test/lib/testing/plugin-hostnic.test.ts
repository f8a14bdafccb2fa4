import { basename } from 'node:path';
import { allVersions } from '../../../lib/cni/index.js';
import { describePlugin } from '../../../lib/testing/index.js';
import { requireLive } from '../../support/live.js';
import { type PluginWorld, startPluginWorld } from '../../support/plugin-world.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

describe('describePlugin() with hostnic on the emulated cloud', function () {
  this.timeout(120_000);
  let world: PluginWorld;
  let folder: TemporaryFolder;
  let command: string;
  let pods = 0;

  before(async function () {
    requireLive(this, ['ip', 'nsenter', 'unshare']);
    folder = await makeTemporaryFolder('contract');
    world = await startPluginWorld();
    command = await folder.script('hostnic', `exec nsenter --target ${world.machine.pid} --net --mount --pid -- ${world.executable}`);
  });

  after(async () => {
    await world?.close();
    await folder?.remove();
  });

  const ip = (netns: string, ...args: readonly string[]) => world.machine.run('ip', ['-n', basename(netns), ...args]);

  describePlugin({
    name: 'hostnic',
    describe,
    it,
    command: async () => command,
    versions: allVersions,
    ownNamespace: '/proc/1/ns/net',
    damage: async (netns, ifname) => void (await ip(netns, 'addr', 'flush', 'dev', ifname)),
    setup: async () => ({
      createNamespace: () => world.addPod(`pod${pods++}`),
      removeNamespace: (path) => world.removePod(basename(path)),
      config: world.conf(),
      path: '/opt/cni/bin',
      async verifyAdded(netns, ifname) {
        const { stdout } = await ip(netns, '-4', '-o', 'addr', 'show', ifname);
        if (!stdout.includes('192.168.100.')) throw new Error(`${ifname} has no address: ${stdout}`);
      },
      async verifyRemoved() {
        const left = world.emulator.nics().map(({ id }) => id);
        if (left.length > 0) throw new Error(`NICs are left: ${left.join(' ')}`);
      },
      teardown: async () => undefined,
    }),
  });
});
