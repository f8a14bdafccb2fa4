import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { gatewayName, nicName, nicPrefix } from '../../lib/attachment/names.js';
import { systemClock } from '../../lib/clock.js';
import { DEFAULT_ACCOUNT } from '../../providers/qingcloud/emulator/index.js';
import { requireLive } from '../support/live.js';
import { startPluginAccount } from '../support/plugin-world.js';
import { rawCall } from '../support/raw-qingcloud.js';
import { builds } from './builds.js';
import { atOnce, Host, NETWORK, ROOMY } from './host.js';
import { printFigures, scaled } from './scale.js';

const INSTANCES = ['i-isolated1', 'i-isolated2'];
const NETWORKS = ['red', 'blue'];
const VIA_GATEWAY = { ipam: { routes: [{ dst: '10.96.0.0/12', gw: '0.0.0.0' }] } };
/** A NIC without a record is collected from ten minutes on. */
const HOUR_MS = 3_600_000;

/** One network on one host. */
interface Part {
  readonly host: Host;
  readonly network: string;
  readonly pods: readonly string[];
}

describe('Hosts and networks of one account', function () {
  this.timeout(3_600_000);
  const build = builds.at(-1);
  let hosts: readonly Host[] = [];
  let lateByMs = 0;

  before(function () {
    requireLive(this, ['ip', 'nsenter', 'unshare']);
  });

  beforeEach(async () => {
    const worlds = await startPluginAccount(INSTANCES, {
      ...(build === undefined ? {} : { executable: await build.path() }),
      emulator: {
        ...ROOMY,
        jobs: { attachMs: 50, detachMs: 50, pendingMs: 0 },
        clock: { now: () => Date.now() - lateByMs, sleep: (ms, signal) => systemClock.sleep(ms, signal) },
      },
      listenHere: { host: '127.0.0.1', port: 0 },
    });
    hosts = worlds.map((world) => new Host(world, { gatewayIdleSeconds: 0 }));
  });

  afterEach(async () => {
    for (const host of hosts) await host.world.close();
    hosts = [];
  });

  const confOf = ({ host, network }: Part): Record<string, unknown> => ({
    ...VIA_GATEWAY,
    name: network,
    dataDir: join(host.world.folder, `data-${network}`),
  });

  const nicsOf = ({ host, network }: Part): readonly string[] =>
    host.world.emulator
      .nics()
      .filter((nic) => nic.name.startsWith(nicPrefix(host.world.instanceId, network)))
      .map((nic) => JSON.stringify([nic.id, nic.name, nic.vxnetId, nic.instanceId, nic.address, nic.plugged]))
      .sort();

  const journalOf = ({ host, network }: Part): Readonly<Record<string, string>> => {
    const folder = join(host.world.folder, `data-${network}`, 'attachments');
    return Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
  };

  const kernelOf = async ({ host, pods }: Part): Promise<readonly string[]> => {
    const show = 'ip -o link; ip -o addr; ip -4 route show table all; ip -6 route show table all; ip rule';
    const states: string[] = [];
    for (const pod of pods) {
      const look = async (): Promise<string> => {
        const { code, stdout, stderr } = await host.world.machine.run('ip', ['netns', 'exec', pod, 'sh', '-c', show]);
        expect(code, stderr).to.equal(0);
        return stdout;
      };
      let state = await look();
      // The kernel looks for duplicates of a new link-local address for a second or two.
      for (let tries = 0; state.includes(' tentative ') && tries < 100; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        state = await look();
      }
      states.push(state);
    }
    return states;
  };

  const gatewayOf = (host: Host): readonly string[] =>
    host
      .nics()
      .filter((nic) => nic.name === gatewayName(host.world.instanceId, 'vxnet-a'))
      .map((nic) => `${nic.id} ${nic.instanceId} ${nic.plugged}`);

  /** A NIC as an ADD that was killed an hour ago and whose record is lost leaves behind. */
  const leaveOrphan = async ({ host, network }: Part): Promise<void> => {
    const here = host.world.emulator.listening.at(-1);
    lateByMs = HOUR_MS;
    const client = {
      host: `${here?.host}:${here?.port}`,
      now: () => Date.now() - HOUR_MS,
      accessKeyId: DEFAULT_ACCOUNT.accessKeyId,
      secretAccessKey: DEFAULT_ACCOUNT.secretAccessKey,
    };
    const name = nicName(host.world.instanceId, { network, containerId: 'lost', ifname: 'eth0' });
    const reply = await rawCall(client, 'CreateNics', { vxnet: 'vxnet-a', count: '1', nic_name: name });
    lateByMs = 0;
    expect(JSON.parse(reply.text)).to.include({ ret_code: 0 });
  };

  it('are left alone by GC without valid attachments on another host or network: cloud, journal and kernel', async () => {
    const parts: readonly Part[] = hosts.flatMap((host) =>
      NETWORKS.map((network) => ({ host, network, pods: [`${network}-1`, `${network}-2`] })),
    );
    for (const part of parts) {
      await leaveOrphan(part);
      for (const pod of part.pods) {
        await part.host.world.addPod(pod);
        await part.host.succeed({ command: 'ADD', containerId: pod, conf: confOf(part) });
      }
      expect(nicsOf(part)).to.have.length(3);
    }
    let compared = 0;
    const left = new Set(parts);
    for (const part of parts) {
      left.delete(part);
      const others = await Promise.all(
        [...left].map(async (other) => ({
          other,
          nics: nicsOf(other),
          journal: journalOf(other),
          kernel: await kernelOf(other),
          gateway: gatewayOf(other.host),
        })),
      );
      await part.host.succeed({ command: 'GC', conf: { ...confOf(part), 'cni.dev/valid-attachments': [] } });
      expect(nicsOf(part), 'NICs of the network that was collected').to.deep.equal([]);
      expect(journalOf(part), 'records of the network that was collected').to.deep.equal({});
      for (const { other, nics, journal, kernel, gateway } of others) {
        const what = `${other.host.world.instanceId}, ${other.network}, after GC of ${part.host.world.instanceId}, ${part.network}`;
        expect(nicsOf(other), what).to.deep.equal(nics);
        expect(journalOf(other), what).to.deep.equal(journal);
        expect(await kernelOf(other), what).to.deep.equal(kernel);
        expect(gatewayOf(other.host), what).to.deep.equal(gateway);
        expect(gateway, what).to.have.length(1);
        compared += 1;
      }
    }
    printFigures(`isolation (${build?.name})`, { GCs: parts.length, 'others compared': compared });
    for (const host of hosts) expect(host.nics(), host.world.instanceId).to.deep.equal([]);
  });

  const EACH = scaled({ short: 1, full: 30 });
  it(`collect on two hosts at once while each adds ${EACH} containers and deletes as many`, async () => {
    const namesOf = (what: string): readonly string[] => Array.from({ length: EACH }, (_, i) => `${what}-${i}`);
    const [staying, going, coming] = [namesOf('stay'), namesOf('go'), namesOf('come')];
    const valid = [...staying, ...coming].map((containerID) => ({ containerID, ifname: 'eth0' }));
    const add = (host: Host) => async (containerId: string) =>
      void (await host.succeed({ command: 'ADD', containerId, conf: VIA_GATEWAY }));
    const del = (host: Host) => async (containerId: string) =>
      void (await host.succeed({ command: 'DEL', containerId, conf: VIA_GATEWAY }));
    const collect = (host: Host) => async () =>
      void (await host.succeed({ command: 'GC', conf: { ...VIA_GATEWAY, 'cni.dev/valid-attachments': valid } }));
    await Promise.all(
      hosts.map(async (host) => {
        const pods = [...staying, ...going, ...coming];
        const { code, stderr } = await host.world.machine.run('sh', ['-c', pods.map((pod) => `ip netns add ${pod}`).join(' && ')]);
        expect(code, stderr).to.equal(0);
        await atOnce([...staying, ...going], 8, add(host));
      }),
    );
    await Promise.all(
      hosts.flatMap((host) => [atOnce(coming, 8, add(host)), atOnce(going, 8, del(host)), atOnce(namesOf('gc'), 2, collect(host))]),
    );
    for (const host of hosts) {
      const names = [...staying, ...coming].map((containerId) =>
        nicName(host.world.instanceId, { network: NETWORK, containerId, ifname: 'eth0' }),
      );
      const wanted = [...names, gatewayName(host.world.instanceId, 'vxnet-a')].sort();
      const found = host.nics().filter((nic) => nic.instanceId === host.world.instanceId);
      expect(found.map((nic) => nic.name).sort(), host.world.instanceId).to.deep.equal(wanted);
      for (const containerId of [...staying, ...coming]) {
        const namespace = await host.openPod(containerId);
        const link = (await namespace.listLinks()).find((one) => one.name === 'eth0');
        namespace.close();
        expect({ mac: link?.mac, up: link?.up }, containerId).to.deep.equal({ mac: host.nicsOf(containerId)[0]?.id, up: true });
      }
      await atOnce([...staying, ...coming], 8, del(host));
      await host.succeed({ command: 'GC', conf: { 'cni.dev/valid-attachments': [] } });
    }
    printFigures(`GC on two hosts at once (${build?.name})`, {
      processes: hosts.reduce((sum, host) => sum + host.commands, 0),
      'slowest command in ms': Math.round(Math.max(...hosts.map((host) => host.slowestMs))),
    });
    for (const host of hosts) {
      expect(host.nics(), host.world.instanceId).to.deep.equal([]);
      expect(host.files(), host.world.instanceId).to.deep.equal([]);
    }
  });
});
