import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { DEFAULT_ACCOUNT } from '../../../providers/qingcloud/emulator/index.js';
import { requireLive } from '../../support/live.js';
import { ownFolders, type PluginWorld, startPluginWorld, worldInstanceId } from '../../support/plugin-world.js';

const fixture = (name: string): Promise<string> => readFile(new URL(`../../fixtures/hostnic/${name}`, import.meta.url), 'utf8');

describe('hostnic with the files of the original plugin', function () {
  this.timeout(60_000);
  let world: PluginWorld;

  before(async function () {
    requireLive(this, ['ip', 'nsenter', 'unshare']);
    world = await startPluginWorld({
      setup: (folder) => ownFolders(folder, ['/etc', '/var/lib']),
      emulator: {
        vxnets: [
          { id: 'vxnet-xxxxx', routerId: 'rtr-1', cidr: '192.168.100.0/24' },
          { id: 'vxnet-xxxx', routerId: 'rtr-1', cidr: '192.168.101.0/24' },
        ],
        jobs: { attachMs: 0, detachMs: 0 },
      },
    });
    const { port } = world.emulator;
    const client = (await fixture('client.yaml'))
      .replace('Your access key id', DEFAULT_ACCOUNT.accessKeyId)
      .replace('Your secret access key', DEFAULT_ACCOUNT.secretAccessKey);
    // Where the API is has a default that no test may reach.
    const whole = `${client}host: 127.0.0.1\nport: ${port}\nprotocol: http\n`;
    for (const [name, text] of [
      ['client.yaml', whole],
      ['instance-id', worldInstanceId],
    ] as const) {
      await writeFile(join(world.folder, name), text, { mode: 0o600 });
      const { code, stderr } = await world.machine.run('sh', [
        '-c',
        `mkdir -p /etc/qingcloud && cp ${world.folder}/${name} /etc/qingcloud/`,
      ]);
      expect(code, stderr).to.equal(0);
    }
    await world.addPod('pod-1');
  });

  after(() => world?.close());

  it('names the placeholders that are left in them', async () => {
    const end = await world.call({ command: 'ADD', pod: 'pod-1', stdin: await fixture('10-hostnic.conf') });
    expect(end.code).to.equal(1);
    const error = JSON.parse(end.stdout) as { readonly code: number; readonly msg: string; readonly details?: string };
    expect(error.code).to.equal(7);
    expect(`${error.msg} ${error.details ?? ''}`)
      .to.match(/ipam\.routes\[0\]\.dst must be/)
      .and.match(/ipam\.routes\[0\]\.gw must be/);
  });

  it('serves ADD and DEL once the placeholders are filled in', async () => {
    const stdin = (await fixture('10-hostnic.conf'))
      .replace('kubernetes service cidr', '10.96.0.0/12')
      .replace('hostip or 0.0.0.0', '0.0.0.0');
    const end = await world.call({ command: 'ADD', pod: 'pod-1', stdin });
    expect(end.code, end.stdout + end.stderr).to.equal(0);
    const result = JSON.parse(end.stdout) as {
      readonly cniVersion: string;
      readonly interfaces: readonly { readonly name: string }[];
      readonly ips: readonly { readonly version: string; readonly address: string; readonly gateway: string }[];
      readonly routes: readonly { readonly dst: string; readonly gw: string }[];
    };
    expect(result.cniVersion).to.equal('0.3.0');
    expect(result.interfaces.map(({ name }) => name)).to.deep.equal(['eth0']);
    const [ip] = result.ips;
    expect(ip?.version).to.equal('4');
    const services = result.routes.find(({ dst }) => dst === '10.96.0.0/12');
    const gateway = world.emulator.nics().find(({ address }) => address === services?.gw);
    expect(gateway?.instanceId).to.equal(worldInstanceId);
    expect(result.routes.find(({ dst }) => dst === '0.0.0.0/0')?.gw).to.equal(ip?.gateway);
    const records = await world.machine.run('sh', ['-c', 'ls -d /var/lib/cni/hostnic /var/lib/hostnic']);
    expect(records.code, records.stderr).to.equal(0);

    const del = await world.call({ command: 'DEL', pod: 'pod-1', stdin });
    expect(del.code, del.stdout + del.stderr).to.equal(0);
    const left = world.emulator.nics().filter(({ role }) => role === 0);
    expect(left.map(({ id }) => id)).to.deep.equal([gateway?.id], 'only the gateway is kept, for the next pod');
  });

  it('gives back the NIC of a container that the original plugin attached, known by its file', async () => {
    const nic = { id: '', vxNet: 'vxnet-xxxxx' };
    const stdin = (await fixture('10-hostnic.conf')).replace('kubernetes service cidr', '10.96.0.0/12').replace('hostip or 0.0.0.0', '');
    await world.addPod('old');
    const added = await world.call({ command: 'ADD', pod: 'old', stdin });
    expect(added.code, added.stdout).to.equal(0);
    const { interfaces, ips } = JSON.parse(added.stdout) as {
      readonly interfaces: readonly { readonly mac: string }[];
      readonly ips: readonly { readonly address: string }[];
    };
    nic.id = interfaces[0]?.mac ?? '';
    // What the original would have left: its own file, and no journal.
    const file = JSON.stringify({
      id: nic.id,
      vxNet: { id: nic.vxNet, gateway: '192.168.100.1', network: { IP: '192.168.100.0', Mask: '////AA==' } },
      hardwareAddr: nic.id,
      address: ips[0]?.address.split('/')[0],
    });
    const { code, stderr } = await world.machine.run(
      'sh',
      ['-c', 'rm -r /var/lib/cni/hostnic && mkdir -p /var/run/cni/hostnic && cat > /var/run/cni/hostnic/old'],
      { stdin: file },
    );
    expect(code, stderr).to.equal(0);
    await world.removePod('old');
    const del = await world.call({ command: 'DEL', pod: 'old', stdin, env: { CNI_NETNS: '' } });
    expect(del.code, del.stdout + del.stderr).to.equal(0);
    expect(world.emulator.nics().map(({ id }) => id)).not.to.include(nic.id);
  });
});
