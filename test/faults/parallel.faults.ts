import { join } from 'node:path';
import { expect } from 'chai';
import { gatewayName } from '../../lib/attachment/names.js';
import { requireLive } from '../support/live.js';
import { startPluginWorld } from '../support/plugin-world.js';
import { seededRandom } from '../support/random.js';
import { builds } from './builds.js';
import { expectGone, type Slot } from './crossing.js';
import { type Answer, atOnce, Host, type HostCommand, ROOMY } from './host.js';
import { printFigures, scaled } from './scale.js';

const VIA_GATEWAY = { ipam: { routes: [{ dst: '10.96.0.0/12', gw: '0.0.0.0' }] } };

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How many answered what: 0 for success, else the code. The first answer of each unexpected code comes with its words. */
function tally(answers: readonly Answer[], expected: readonly number[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code = -1, message } of answers) {
    const known = Object.keys(counts).find((key) => key === `${code}` || key.startsWith(`${code}: `));
    const key = known ?? (expected.includes(code) ? `${code}` : `${code}: ${message}`);
    counts[key] = (counts[key] ?? 0) + 1;
  }
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
    // A gateway without users goes at once. How fast this machine is decides nothing: hundreds of processes take as long as they need.
    host = new Host(world, { gatewayIdleSeconds: 0, deadlineSeconds: scaled({ short: 110, full: 600 }) });
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

  /**
   * Runs all at once, and again those that answer 11, as a kubelet does: on a machine that is short of time the cloud's answers are
   * too late now and then, and what a lost one may have made is waited for. Everything has to end well all the same.
   * @param ends how many end with each answer
   * @returns how many had to be repeated
   */
  const persist = async (
    commands: readonly HostCommand[],
    ends: Readonly<Record<number, number>> = { 0: commands.length },
  ): Promise<number> => {
    let repeated = 0;
    const last: Answer[] = [];
    for (let left = commands; left.length > 0; ) {
      const answers = await host.runAtOnce(left);
      last.push(...answers.filter(({ code }) => code !== 11));
      left = left.filter((_, i) => answers[i]?.code === 11);
      repeated += left.length;
      expect(repeated, `repeated commands; ${answers.find(({ code }) => code === 11)?.message}`).to.be.below(20 * commands.length + 200);
      if (left.length > 0) await sleep(2000);
    }
    expect(tally(last, Object.keys(ends).map(Number))).to.deep.equal(ends);
    return repeated;
  };

  /** Each container has the one NIC that its record names; any other of its name is work that the record holds. */
  const expectAttached = async (): Promise<void> => {
    for (const slot of slots) {
      const nics = host.nicsOf(slot.pod).map((nic) => nic.id);
      const record = host.recordOf(slot.pod);
      expect(record?.state, slot.pod).to.equal('complete');
      expect(record?.nicId, slot.pod).to.equal(await linkOf(slot));
      expect(nics, slot.pod).to.include(record?.nicId);
      const isWatched = record?.create !== undefined || record?.uncertainAt !== undefined;
      for (const id of nics) expect(isWatched || record?.nics.some((nic) => nic.id === id), `${slot.pod}, ${id}`).to.equal(true);
    }
    const attached = new Set(slots.map(({ pod }) => host.recordOf(pod)?.nicId));
    expect(attached.size).to.equal(slots.length);
  };

  const finish = (conf: HostCommand['conf']): Promise<number> => persist([{ command: 'GC', conf: conf ?? {} }]);

  const linkOf = async ({ namespace }: Slot): Promise<string | undefined> =>
    (await namespace.listLinks()).find((link) => link.name === 'eth0' && link.up)?.mac;

  const COUNT = scaled({ short: 4, full: 200 });
  it(`attach and detach ${COUNT} containers, with the limits of cloud and configuration raised`, async () => {
    await start(COUNT);
    const again = await persist(slots.map(({ pod }) => ({ command: 'ADD', containerId: pod })));
    const adding = host.slowestMs;
    await expectAttached();
    const nics = host.nics();
    expect(new Set(nics.map((nic) => nic.address)).size).to.equal(nics.length);
    host.slowestMs = 0;
    const repeated = await persist(slots.map(({ pod }) => ({ command: 'DEL', containerId: pod })));
    printFigures(`ADDs at once (${build?.name}, 1,000 NICs allowed)`, {
      ADDs: COUNT,
      NICs: nics.length,
      'slowest ADD in ms': Math.round(adding),
      'slowest DEL in ms': Math.round(host.slowestMs),
      'ADDs repeated': again,
      'DELs repeated': repeated,
    });
    for (const slot of slots) await expectGone(host, slot, slot.pod);
    await host.expectAsBefore(state);
  });

  const SHARING = scaled({ short: 4, full: 50 });
  it(`make exactly one gateway for ${SHARING} containers of two networks with folders of their own`, async () => {
    await start(SHARING);
    const confOf = (index: number): Record<string, unknown> => ({
      ...VIA_GATEWAY,
      name: `network-${index % 2}`,
      dataDir: join(host.world.folder, `data-${index % 2}`),
    });
    const again = await persist(slots.map(({ pod }, index) => ({ command: 'ADD', containerId: pod, conf: confOf(index) })));
    const name = gatewayName(host.world.instanceId, 'vxnet-a');
    const isGateway = (nic: { readonly name: string }): boolean => nic.name === name;
    const gateways = host.nics().filter(isGateway);
    const asked = host.world.emulator.calls().filter((call) => call.action === 'CreateNics' && call.params['nic_name'] === name);
    expect(gateways.map((nic) => nic.instanceId)).to.deep.equal([host.world.instanceId]);
    // One whose answer came too late was perhaps asked for again.
    expect(asked.filter((call) => (call.tookMs ?? Number.POSITIVE_INFINITY) < 20_000)).to.have.length.at.most(1);
    expect(asked).not.to.deep.equal([]);
    const hops = await Promise.all(
      slots.map(async ({ namespace }) => (await namespace.listRoutes()).find((route) => route.dst === '10.96.0.0/12')?.gateway),
    );
    expect(new Set(hops)).to.deep.equal(new Set([gateways[0]?.address]));
    const repeated = await persist(slots.map(({ pod }, index) => ({ command: 'DEL', containerId: pod, conf: confOf(index) })));
    printFigures(`gateways of two networks (${build?.name})`, {
      ADDs: SHARING,
      'gateways made': asked.length,
      'ADDs repeated': again,
      'DELs repeated': repeated,
    });
    // The last DELs may each have seen the other's record.
    await finish({ ...confOf(0), 'cni.dev/valid-attachments': [] });
    await host.expectAsBefore(state, ['data-0', 'data-1']);
  });

  const RACING = scaled({ short: 4, full: 200 });
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
    expect(made, 'gateways made').to.be.at.least(scaled({ short: 1, full: 2 }));
    await finish({ 'cni.dev/valid-attachments': [] });
    await host.expectAsBefore(state);
  });

  const TWICE = scaled({ short: 2, full: 100 });
  it(`ADD each of ${TWICE} containers twice and DEL each twice, all at once, with GC in between`, async () => {
    await start(TWICE);
    const valid = slots.map(({ pod }) => ({ containerID: pod, ifname: 'eth0' }));
    const collect = (list: readonly object[]): Promise<unknown> =>
      persist([{ command: 'GC', conf: { 'cni.dev/valid-attachments': list } }]);
    const twice = slots.flatMap((slot) => [slot, slot]);
    const [again] = await Promise.all([
      persist(
        twice.map(({ pod }) => ({ command: 'ADD', containerId: pod })),
        { 0: TWICE, 104: TWICE },
      ),
      ...Array.from({ length: 4 }, () => collect(valid)),
    ]);
    await collect(valid);
    await expectAttached();
    const [repeated] = await Promise.all([
      persist(twice.map(({ pod }) => ({ command: 'DEL', containerId: pod }))),
      ...Array.from({ length: 4 }, () => collect([])),
    ]);
    printFigures(`ADD twice, DEL twice (${build?.name})`, {
      containers: TWICE,
      processes: host.commands,
      'ADDs repeated': again,
      'DELs repeated': repeated,
      'slowest command in ms': Math.round(host.slowestMs),
    });
    for (const slot of slots) await expectGone(host, slot, slot.pod);
    await host.expectAsBefore(state);
  });

  const CROWD = scaled({ short: 4, full: 100 });
  it(`ADD one container ${CROWD} times at once, and DEL it as often, with GC in between`, async () => {
    await start(1);
    const crowd = Array.from({ length: CROWD }, () => 'pod0');
    const conf = { 'cni.dev/valid-attachments': [{ containerID: 'pod0', ifname: 'eth0' }] };
    const [again] = await Promise.all([
      persist(
        crowd.map((containerId) => ({ command: 'ADD', containerId })),
        { 0: 1, 104: CROWD - 1 },
      ),
      persist([{ command: 'GC', conf }]),
    ]);
    await expectAttached();
    await Promise.all([
      persist(crowd.map((containerId) => ({ command: 'DEL', containerId }))),
      persist([{ command: 'GC', conf: { 'cni.dev/valid-attachments': [] } }]),
    ]);
    printFigures(`one container (${build?.name})`, {
      ADDs: CROWD,
      DELs: CROWD,
      'ADDs repeated': again,
      'slowest command in ms': Math.round(host.slowestMs),
    });
    for (const slot of slots) await expectGone(host, slot, slot.pod);
    await host.expectAsBefore(state);
  });
});
