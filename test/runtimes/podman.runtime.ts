import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { requireLive } from '../support/live.js';
import type { CommandEnd } from '../support/machine.js';
import { makeImageArchive } from './support/image.js';
import { requireVariant } from './support/require-variant.js';
import { pluginVariants, type RuntimeWorld, startRuntimeWorld } from './support/runtime-world.js';

const image = 'localhost/bb:1';

/** Podman takes lists only, and asks every plugin in them for its VERSION at each start. */
const networkList = {
  cniVersion: '0.4.0',
  name: 'hostnic',
  plugins: [
    {
      type: 'hostnic',
      provider: 'qingcloud',
      args: { providerConfigFile: '/etc/qingcloud/client.yaml', vxNets: ['vxnet-xxxxx'] },
      ipam: { routes: [{ dst: '10.96.0.0/12', gw: '0.0.0.0' }] },
    },
  ],
};

function formatContainersConf(folder: string): string {
  return `[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[network]
network_backend = "cni"
cni_plugin_dirs = ["/opt/cni/bin"]
network_config_dir = "${folder}/podman-net"
default_network = "hostnic"
`;
}

for (const variant of pluginVariants) {
  describe(`podman with hostnic ${variant.name}`, function () {
    this.timeout(120_000);
    let world: RuntimeWorld;
    let env: NodeJS.ProcessEnv;

    const podman = (...args: string[]): Promise<CommandEnd> => world.machine.run('podman', args, { env });

    before(async function () {
      requireLive(this, ['ip', 'nsenter', 'unshare', 'podman', 'runc', 'conmon', 'busybox']);
      world = await startRuntimeWorld(await requireVariant(this, variant));
      const { folder } = world;
      env = {
        PATH: process.env['PATH'],
        HOME: folder,
        CONTAINERS_CONF: join(folder, 'containers.conf'),
        CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
      };
      await writeFile(join(folder, 'containers.conf'), formatContainersConf(folder));
      const storage = `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/pstore"\nrunroot = "${folder}/prun"\n`;
      await writeFile(join(folder, 'storage.conf'), storage);
      await writeFile(join(folder, 'policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}');
      const made = await world.machine.run('mkdir', ['-p', `${folder}/podman-net`]);
      expect(made.code, made.stderr).to.equal(0);
      await writeFile(join(folder, 'podman-net/10-hostnic.conflist'), JSON.stringify(networkList));
      await makeImageArchive(world.rootFilesystem, image, ['/bin/sh'], join(folder, 'bb.tar'));
      const loaded = await podman('load', '--signature-policy', join(folder, 'policy.json'), '-i', join(folder, 'bb.tar'));
      expect(loaded.code, loaded.stdout + loaded.stderr).to.equal(0);
    });

    after(() => world?.close());

    it('gives a container its own NIC and takes it back', async () => {
      const script = 'ip -o link show eth0; ip route; ping -c1 -W2 192.168.100.1 && echo reached';
      const end = await podman('run', '--rm', '--cgroup-parent', `/${world.unique}`, image, '/bin/sh', '-c', script);
      expect(end.code, end.stdout + end.stderr).to.equal(0);
      expect(end.stdout)
        .to.include('reached')
        .and.match(/^default via 192\.168\.100\.1 /m);
      const mac = /link\/ether (\S+)/.exec(end.stdout)?.[1] ?? '';
      expect(JSON.stringify(world.emulator.calls().filter(({ action }) => action === 'AttachNics'))).to.include(mac);
      expect(world.secondaryNics()).to.deep.equal([]);
    });

    it('refuses a wished MAC in words that name it, and leaves no NIC', async () => {
      const wished = ['--network', 'hostnic:mac=92:aa:bb:cc:dd:01'];
      const end = await podman('run', '--rm', '--cgroup-parent', `/${world.unique}`, ...wished, image, '/bin/sh', '-c', 'echo started');
      expect(end.code).not.to.equal(0);
      expect(end.stderr).to.include('92:aa:bb:cc:dd:01').and.include('cannot be chosen');
      expect(world.secondaryNics()).to.deep.equal([]);
    });
  });
}
