import { expect } from 'chai';
import { requireLive } from '../support/live.js';
import { type Containerd, startContainerd } from './support/containerd.js';
import { requireVariant } from './support/require-variant.js';
import { pluginVariants, type RuntimeWorld, startRuntimeWorld } from './support/runtime-world.js';

for (const variant of pluginVariants) {
  describe(`ctr run --cni with hostnic ${variant.name}`, function () {
    this.timeout(120_000);
    let world: RuntimeWorld;
    let containerd: Containerd;

    before(async function () {
      requireLive(this, ['ip', 'nsenter', 'unshare', 'containerd', 'ctr', 'runc', 'busybox']);
      world = await startRuntimeWorld(await requireVariant(this, variant));
      containerd = await startContainerd(world.machine, { folder: `${world.folder}/c` });
    });

    after(async () => {
      await containerd?.close();
      await world?.close();
    });

    const run = (id: string, script: string) =>
      world.machine.run('ctr', [
        ...['--address', containerd.socket, '--namespace', world.unique, 'run', '--rm', '--cni'],
        ...['--rootfs', world.rootFilesystem, id, '/bin/sh', '-c', script],
      ]);

    it('gives a container its own NIC, reachable and reaching, and takes it back', async () => {
      const script =
        'ip -o link show eth0; ip -4 -o addr show eth0; ip route; ping -c1 -W2 192.168.100.1 && ping -c1 -W2 192.168.100.2 && echo reached';
      const primary = world.emulator.nics().find(({ role }) => role === 1)?.address ?? '';
      const end = await run('one', script.replaceAll('192.168.100.2 ', `${primary} `));
      expect(end.code, `${end.stdout}${end.stderr}${containerd.log()}`).to.equal(0);
      expect(end.stdout).to.include('reached');
      const attached = world.emulator.calls().filter(({ action }) => action === 'AttachNics');
      expect(attached).to.have.length(1);
      const mac = /link\/ether (\S+)/.exec(end.stdout)?.[1];
      expect(JSON.stringify(attached)).to.include(mac);
      expect(end.stdout).to.match(/^default via 192\.168\.100\.1 /m);
      // The machine's own primary NIC is in the vxnet: it serves as gateway, and none was allocated.
      expect(end.stdout).to.include(`10.96.0.0/12 via ${primary} `);
      expect(world.secondaryNics()).to.deep.equal([]);
    });

    it('fails the container, and leaves no NIC, when the cloud has none to give', async () => {
      world.emulator.addFault({ action: 'CreateNics', fault: { kind: 'error', error: 'quota' }, times: 'always' });
      const end = await run('two', 'echo started');
      world.emulator.clearFaults();
      expect(end.code).not.to.equal(0);
      expect(end.stdout).not.to.include('started');
      expect(end.stderr).to.match(/quota/i);
      expect(world.secondaryNics()).to.deep.equal([]);
      for (const args of [
        ['task', 'kill', '-s', 'SIGKILL', 'two'],
        ['task', 'rm', '-f', 'two'],
        ['container', 'rm', 'two'],
      ]) {
        await world.machine.run('ctr', ['--address', containerd.socket, '--namespace', world.unique, ...args]);
      }
    });
  });
}
