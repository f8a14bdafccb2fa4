import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { attachmentId, gatewayName } from '../../lib/attachment/names.js';
import { requireLive } from '../support/live.js';
import { startPluginWorld } from '../support/plugin-world.js';
import { seededRandom } from '../support/random.js';
import { builds } from './builds.js';
import { expectGone, type Slot } from './crossing.js';
import { type Answer, atOnce, Host, NETWORK, ROOMY } from './host.js';
import { printFigures, scaled } from './scale.js';

const VIA_GATEWAY = { ipam: { routes: [{ dst: '10.96.0.0/12', gw: '0.0.0.0' }] } };

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code } of answers)
    counts[code === 0 ? 'succeeded' : `code ${code}`] = (counts[code === 0 ? 'succeeded' : `code ${code}`] ?? 0) + 1;
  return counts;
}

describe('Many processes of the plugin at once', function () {
  this.timeout(3_600_000);
  const build = builds.at(-1);
  let host: Host;
  let state: string;
  let slots: Slot[] = [];

  before(function () {
    requireLive(this, ['ip', 'nsenter', 'unshare']);
  });

  const start = async (pods: number): Promise<void> => {
    const world = await startPluginWorld({
      ...(build === undefined ? {} : { executable: await build.path() }),
      emulator: { ...ROOMY, jobs: { attachMs: 200, detachMs: 100, pendingMs: 0 } },
    });
    // Nothing is called idle for long here.
    host = new Host(world, { gatewayIdleSeconds: 0 });
    const names = Array.from({ length: pods }, (_, i) => `pod${i}`);
    const { code, stderr } = await world.machine.run('sh', ['-c', names.map((name) => `ip netns add ${name}`).join(' && ')]);
    expect(code, stderr).to.equal(0);
    for (const pod of names) slots.push({ pod, namespace: await host.openPod(pod) });
    await host.succeed({ command: 'ADD', containerId: 'first', pod: 'pod0' });
    await host.succeed({ command: 'DEL', containerId: 'first', pod: 'pod0' });
    state = await host.networkState();
  };

  afterEach(async () => {
    for (const { namespace } of slots) namespace.close();
    slots = [];
    await host?.world.close();
  });

  const linkOf = async ({ namespace }: Slot): Promise<string | undefined> =>
    (await namespace.listLinks()).find((link) => link.name === 'eth0' && link.up)?.mac;

  const COUNT = scaled({ short: 6, full: 200 });
  it(`attach and detach ${COUNT} containers, with the limits of cloud and configuration raised`, async () => {
    await start(COUNT);
    await atOnce(slots, COUNT, async ({ pod }) => void (await host.succeed({ command: 'ADD', containerId: pod })));
    const adding = host.slowestMs;
    const nics = host.nics();
    expect(nics).to.have.length(COUNT);
    expect(new Set(nics.map((nic) => nic.address)).size).to.equal(COUNT);
    for (const slot of slots) expect([await linkOf(slot)], slot.pod).to.deep.equal(host.nicsOf(slot.pod).map((nic) => nic.id));
    host.slowestMs = 0;
    await atOnce(slots, COUNT, async ({ pod }) => void (await host.succeed({ command: 'DEL', containerId: pod })));
    printFigures(`ADDs at once (${build?.name}, 1,000 NICs allowed)`, {
      ADDs: COUNT,
      'slowest ADD in ms': Math.round(adding),
      'slowest DEL in ms': Math.round(host.slowestMs),
    });
    for (const slot of slots) await expectGone(host, slot, slot.pod);
    await host.expectAsBefore(state);
  });

  const SHARING = scaled({ short: 6, full: 50 });
  it(`make exactly one gateway for ${SHARING} containers of two networks with folders of their own`, async () => {
    await start(SHARING);
    const confOf = (index: number): Record<string, unknown> => ({
      ...VIA_GATEWAY,
      name: `network-${index % 2}`,
      dataDir: join(host.world.folder, `data-${index % 2}`),
    });
    await atOnce(
      slots,
      SHARING,
      async ({ pod }, index) => void (await host.succeed({ command: 'ADD', containerId: pod, conf: confOf(index) })),
    );
    const name = gatewayName(host.world.instanceId, 'vxnet-a');
    const isGateway = (nic: { readonly name: string }): boolean => nic.name === name;
    const gateways = host.nics().filter(isGateway);
    const asked = host.world.emulator.calls().filter((call) => call.action === 'CreateNics' && call.params['nic_name'] === name);
    expect(gateways.map((nic) => nic.instanceId)).to.deep.equal([host.world.instanceId]);
    expect(asked).to.have.length(1);
    expect(host.nics()).to.have.length(SHARING + 1);
    const hops = await Promise.all(
      slots.map(async ({ namespace }) => (await namespace.listRoutes()).find((route) => route.dst === '10.96.0.0/12')?.gateway),
    );
    expect(new Set(hops)).to.deep.equal(new Set([gateways[0]?.address]));
    await atOnce(
      slots,
      SHARING,
      async ({ pod }, index) => void (await host.succeed({ command: 'DEL', containerId: pod, conf: confOf(index) })),
    );
    printFigures(`gateways of two networks (${build?.name})`, { ADDs: SHARING, 'gateways made': asked.length });
    // The last DELs may each have seen the other's record.
    await host.succeed({ command: 'GC', conf: { ...confOf(0), 'cni.dev/valid-attachments': [] } });
    await host.expectAsBefore(state, ['data-0', 'data-1']);
  });

  const RACING = scaled({ short: 6, full: 200 });
  it(`race ${RACING} ADDs against a gateway that expires whenever nobody uses it`, async () => {
    const random = seededRandom();
    await start(scaled({ short: 2, full: 4 }));
    const name = gatewayName(host.world.instanceId, 'vxnet-a');
    let begun = 0;
    await atOnce(slots, slots.length, async (slot) => {
      while (begun < RACING) {
        const containerId = `racer-${begun++}`;
        const request = { containerId, pod: slot.pod, conf: VIA_GATEWAY };
        await host.succeed({ ...request, command: 'ADD' });
        const route = (await slot.namespace.listRoutes()).find((entry) => entry.dst === '10.96.0.0/12');
        // While this container lives its gateway does.
        const gateway = host.nics().find((nic) => nic.name === name && nic.address === route?.gateway);
        expect(gateway, `${random.label}, ${containerId}: gateway ${route?.gateway}`).to.include({
          instanceId: host.world.instanceId,
          plugged: true,
        });
        await sleep(random.next() * 60);
        const now = host.nics().filter((nic) => nic.name === name);
        expect(
          now.map((nic) => nic.id),
          `${random.label}, ${containerId}: gateways a while later`,
        ).to.deep.equal([gateway?.id]);
        await host.succeed({ ...request, command: 'DEL' });
        await expectGone(host, slot, containerId);
        await sleep(random.next() * 120);
      }
    });
    const made = host.world.emulator.calls().filter((call) => call.action === 'CreateNics' && call.params['nic_name'] === name).length;
    printFigures(`ADDs racing an expiring gateway (${build?.name}, ${random.label})`, {
      ADDs: RACING,
      'gateways made': made,
      'slowest command in ms': Math.round(host.slowestMs),
    });
    expect(made, 'gateways made').to.be.at.least(2);
    await host.succeed({ command: 'GC', conf: { 'cni.dev/valid-attachments': [] } });
    await host.expectAsBefore(state);
  });

  const TWICE = scaled({ short: 4, full: 100 });
  it(`ADD each of ${TWICE} containers twice and DEL each twice, all at once, with GC in between`, async () => {
    await start(TWICE);
    const valid = slots.map(({ pod }) => ({ containerID: pod, ifname: 'eth0' }));
    const collect = async (list: readonly object[]): Promise<void> => {
      const answer = await host.run({ command: 'GC', conf: { 'cni.dev/valid-attachments': list } });
      expect(answer.code, answer.message).to.equal(0);
    };
    const answers: Answer[] = [];
    const twice = slots.flatMap((slot) => [slot, slot]);
    await Promise.all([
      atOnce(twice, twice.length, async ({ pod }) => void answers.push(await host.run({ command: 'ADD', containerId: pod }))),
      ...Array.from({ length: 4 }, () => collect(valid)),
    ]);
    expect(tally(answers)).to.deep.equal({ succeeded: TWICE, 'code 104': TWICE });
    await collect(valid);
    expect(host.nics()).to.have.length(TWICE);
    for (const slot of slots) expect([await linkOf(slot)], slot.pod).to.deep.equal(host.nicsOf(slot.pod).map((nic) => nic.id));
    await Promise.all([
      atOnce(twice, twice.length, async ({ pod }) => void (await host.succeed({ command: 'DEL', containerId: pod }))),
      ...Array.from({ length: 4 }, () => collect([])),
    ]);
    printFigures(`ADD twice, DEL twice (${build?.name})`, {
      containers: TWICE,
      processes: host.commands,
      'slowest command in ms': Math.round(host.slowestMs),
    });
    for (const slot of slots) await expectGone(host, slot, slot.pod);
    await host.expectAsBefore(state);
  });

  const CROWD = scaled({ short: 6, full: 100 });
  it(`ADD one container ${CROWD} times at once, and DEL it as often, with GC in between`, async () => {
    await start(1);
    const crowd = Array.from({ length: CROWD }, (_, i) => i);
    const conf = { 'cni.dev/valid-attachments': [{ containerID: 'pod0', ifname: 'eth0' }] };
    const answers: Answer[] = [];
    await Promise.all([
      atOnce(crowd, CROWD, async () => void answers.push(await host.run({ command: 'ADD', containerId: 'pod0' }))),
      host.succeed({ command: 'GC', conf }),
    ]);
    expect(tally(answers)).to.deep.equal({ succeeded: 1, 'code 104': CROWD - 1 });
    const [nic] = host.nics();
    const id = attachmentId({ network: NETWORK, containerId: 'pod0', ifname: 'eth0' });
    expect(readFileSync(join(host.world.folder, 'data/attachments', `${id}.json`), 'utf8')).to.include(`"nicId":"${nic?.id}"`);
    await Promise.all([
      atOnce(crowd, CROWD, async () => void (await host.succeed({ command: 'DEL', containerId: 'pod0' }))),
      host.succeed({ command: 'GC', conf: { 'cni.dev/valid-attachments': [] } }),
    ]);
    printFigures(`one container (${build?.name})`, { ADDs: CROWD, DELs: CROWD, 'slowest command in ms': Math.round(host.slowestMs) });
    for (const slot of slots) await expectGone(host, slot, slot.pod);
    await host.expectAsBefore(state);
  });
});
