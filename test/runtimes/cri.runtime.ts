import { join } from 'node:path';
import { expect } from 'chai';
import { requireLive } from '../support/live.js';
import { type Containerd, startContainerd } from './support/containerd.js';
import { type CriClient, createCriClient } from './support/cri-client.js';
import { makeImageArchive } from './support/image.js';
import { requireVariant } from './support/require-variant.js';
import { pluginVariants, type RuntimeWorld, startRuntimeWorld } from './support/runtime-world.js';

const pauseImage = 'localhost/pause:1';

for (const variant of pluginVariants) {
  describe(`containerd's CRI service with hostnic ${variant.name}`, function () {
    this.timeout(120_000);
    let world: RuntimeWorld;
    let containerd: Containerd;
    let cri: CriClient;

    before(async function () {
      requireLive(this, ['ip', 'nsenter', 'unshare', 'containerd', 'ctr', 'runc', 'busybox']);
      world = await startRuntimeWorld(await requireVariant(this, variant));
      const { configFolder, pluginFolder } = world;
      containerd = await startContainerd(world.machine, { folder: `${world.folder}/c`, cri: { configFolder, pluginFolder, pauseImage } });
      const archive = join(world.folder, 'pause.tar');
      await makeImageArchive(world.rootFilesystem, pauseImage, ['/bin/sleep', '100000'], archive);
      const end = await world.machine.run('ctr', ['--address', containerd.socket, '-n', 'k8s.io', 'image', 'import', archive]);
      expect(end.code, end.stderr).to.equal(0);
      cri = createCriClient(containerd.socket);
    });

    after(async () => {
      await containerd?.close();
      await world?.close();
    });

    const pod = (name: string) => ({ name, namespace: 'shop', uid: `uid-${name}`, cgroup: `/${world.unique}/${name}` });

    it('reports the network as ready', async () => {
      expect(await cri.status()).to.deep.include({ type: 'NetworkReady', status: true, message: '' });
    });

    it('runs two pods with NICs of their own at the same time, and takes both back', async () => {
      const ids = await Promise.all([cri.runPodSandbox(pod('one')), cri.runPodSandbox(pod('two'))]);
      const addresses = await Promise.all(ids.map((id) => cri.podAddress(id)));
      expect(world.secondaryNics().map(({ address }) => address)).to.have.members(addresses);
      expect(new Set(addresses).size).to.equal(2);
      const ping = await world.machine.run('ping', ['-c1', '-W2', addresses[0] ?? '']);
      expect(ping.code, ping.stdout + ping.stderr).to.equal(0);
      for (const id of ids) {
        await cri.stopPodSandbox(id);
        await cri.removePodSandbox(id);
      }
      expect(world.secondaryNics()).to.deep.equal([]);
    });

    it('shows the kubelet what is wrong, and leaves no NIC', async () => {
      world.emulator.addFault({ action: 'AttachNics', fault: { kind: 'job', outcome: 'failed', linksAfterMs: 'never' }, times: 'always' });
      let said = '';
      try {
        await cri.runPodSandbox(pod('three'));
      } catch (error) {
        said = error instanceof Error ? error.message : String(error);
      }
      world.emulator.clearFaults();
      expect(said).to.match(/failed to setup network for sandbox .*plugin type="hostnic".* failed \(add\): NIC \S+ could not be attached/);
      expect(said).to.match(/job/i);
      expect(world.secondaryNics()).to.deep.equal([]);
    });
  });
}
