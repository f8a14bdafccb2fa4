import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { isNicError } from '../../../lib/errors.js';
import type { VethFabricOptions } from '../../../netlink/fabric/index.js';
import { isNamespace } from '../../../netlink/namespace.js';
import { FabricWorld, fabricSubnets, testNic } from '../../support/fabric-world.js';
import { requireLive } from '../../support/live.js';
import { ping } from '../../support/ping.js';

/** How long to look for what must not be there. */
const inVainMs = 250;

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: unknown) => (isNicError(error) ? error.code : error instanceof Error ? error.name : 'unknown'),
  );
}

describe('createVethFabric()', () => {
  let world: FabricWorld | undefined;
  const build = async (options?: VethFabricOptions): Promise<FabricWorld> => {
    world = await FabricWorld.build(options);
    return world;
  };

  before(function () {
    requireLive(this);
  });

  afterEach(async () => {
    await world?.tearDown();
    world = undefined;
  });

  it('plug() makes a NIC appear in the machine, down and bare, under a free name', async () => {
    const { fabric, host } = await build();
    const first = testNic(1, 'vxnet-a', '192.168.100.11');
    const second = testNic(2, 'vxnet-b', '192.168.101.12');
    await fabric.plug(first, 'i-1');
    await fabric.plug(second, 'i-1');
    const links = (await host.listLinks()).filter((link) => !link.loopback);
    expect(links.map(({ name, mac, up, masterIndex }) => ({ name, mac, up, masterIndex }))).to.deep.equal([
      { name: 'eth0', mac: first.mac, up: false, masterIndex: undefined },
      { name: 'eth1', mac: second.mac, up: false, masterIndex: undefined },
    ]);
    for (const link of links) expect(await host.listAddresses(link.index)).to.deep.equal([]);
  });

  it('plug() gives the name that it is told to', async () => {
    const { fabric, seen } = await build({ nicName: (taken, card) => `ens${taken.size}x${card.mac.slice(-2)}` });
    await fabric.plug(testNic(0xab, 'vxnet-a', '192.168.100.11'), 'i-1');
    expect((await seen.call(world, '52:54:00:00:00:ab')).name).to.equal('ens1xab');
  });

  it('plugs many NICs at once, each under a name of its own', async () => {
    const { fabric, host } = await build();
    const cards = Array.from({ length: 30 }, (_, n) => testNic(n + 1, n % 2 === 0 ? 'vxnet-a' : 'vxnet-c', `192.168.100.${n + 10}`));
    await Promise.all(cards.map((card) => fabric.plug(card, 'i-1')));
    const links = (await host.listLinks()).filter((link) => !link.loopback);
    expect(new Set(links.map((link) => link.mac))).to.deep.equal(new Set(cards.map((card) => card.mac)));
    expect(new Set(links.map((link) => link.name)).size).to.equal(30);
    await Promise.all(cards.map((card) => fabric.unplug(card.id)));
    expect((await host.listLinks()).map((link) => link.name)).to.deep.equal(['lo']);
  });

  it('lets pods of one private network reach each other and their routers, across subnets', async () => {
    const built = await build();
    const cards = [
      testNic(1, 'vxnet-a', '192.168.100.11'),
      testNic(2, 'vxnet-a', '192.168.100.12'),
      testNic(3, 'vxnet-b', '192.168.101.13'),
    ] as const;
    for (const card of cards) await built.fabric.plug(card, 'i-1');
    const first = await built.give(cards[0], 'pod1', '192.168.100.1');
    await built.give(cards[1], 'pod2', '192.168.100.1');
    await built.give(cards[2], 'pod3', '192.168.101.1');
    for (const address of ['192.168.100.1', '192.168.100.12', '192.168.101.13', '192.168.101.1']) {
      expect((await ping(first, address)).answered, `ping ${address}`).to.equal(true);
    }
  });

  it('keeps private networks apart, even with the same addresses', async () => {
    const built = await build();
    const here = testNic(1, 'vxnet-a', '192.168.100.11');
    const there = testNic(2, 'vxnet-c', '192.168.100.12');
    for (const card of [here, there]) await built.fabric.plug(card, 'i-1');
    const pod = await built.give(here, 'pod1', '192.168.100.1');
    const other = await built.give(there, 'pod2', '192.168.100.1');
    expect((await ping(pod, '192.168.100.1')).answered).to.equal(true);
    expect((await ping(other, '192.168.100.1')).answered).to.equal(true);
    expect((await ping(other, '192.168.102.1')).answered).to.equal(true);
    for (const address of ['192.168.100.12', '192.168.102.1']) {
      expect((await ping(pod, address, inVainMs)).answered, `ping ${address}`).to.equal(false);
    }
    const networks = [built.fabric.network('rtr-1'), built.fabric.network('rtr-2')];
    expect(new Set(networks.map((network) => network?.cookie)).size).to.equal(2);
    expect(built.fabric.network('rtr-3')).to.equal(undefined);
  });

  it('unplug() takes a NIC out of whatever namespace it is in, twice, and it does not come back', async () => {
    const built = await build({ returnDelayMs: 0 });
    const card = testNic(1, 'vxnet-a', '192.168.100.11');
    await built.fabric.plug(card, 'i-1');
    await built.give(card, 'pod1', '192.168.100.1');
    await built.fabric.unplug(card.id);
    await built.fabric.unplug(card.id);
    expect((await built.pod('pod1').listLinks()).map((link) => link.name)).to.deep.equal(['lo']);
    const back = built.watch.waitFor((links) => links.find((link) => link.mac === card.mac), { signal: AbortSignal.timeout(inVainMs) });
    expect(await codeOf(back)).to.equal('ERR_DEADLINE');
    // And its id can be plugged again.
    await built.fabric.plug(card, 'i-1');
    expect((await built.seen(card.mac)).up).to.equal(false);
  });

  it('brings a NIC back to the machine, down and under its last name, when its namespace dies, and it works again', async () => {
    const built = await build();
    const card = testNic(1, 'vxnet-a', '192.168.100.11');
    await built.fabric.plug(card, 'i-1');
    await built.fabric.setAntiSpoofing(card.id, true);
    const first = await built.give(card, 'pod1', '192.168.100.1', 'net1');
    expect((await ping(first, '192.168.100.1')).answered).to.equal(true);
    await built.lastSeenAs(card, 'net1');
    built.killPod('pod1');
    const back = await built.seen(card.mac);
    expect({ name: back.name, up: back.up }).to.deep.equal({ name: 'net1', up: false });
    expect([...built.fabric.filtered]).to.deep.equal([card.id]);
    const second = await built.give(card, 'pod2', '192.168.100.1');
    expect((await ping(second, '192.168.100.1')).answered).to.equal(true);
    await built.fabric.unplug(card.id);
    expect((await built.pod('pod2').listLinks()).map((link) => link.name)).to.deep.equal(['lo']);
  });

  it('returnNic() brings a NIC back from a namespace that lives on, which can be told to do so', async () => {
    const built = await build();
    const card = testNic(1, 'vxnet-a', '192.168.100.11');
    expect(await codeOf(built.fabric.returnNic?.(card.id) ?? Promise.resolve())).to.equal('ERR_NOT_FOUND');
    await built.fabric.plug(card, 'i-1');
    await built.give(card, 'pod1', '192.168.100.1', 'net1');
    await built.lastSeenAs(card, 'net1');
    await built.fabric.returnNic?.(card.id);
    expect((await built.pod('pod1').listLinks()).map((link) => link.name)).to.deep.equal(['lo']);
    expect(await built.seen(card.mac)).to.include({ name: 'net1', up: false });
    const again = await built.give(card, 'pod1', '192.168.100.1');
    expect((await ping(again, '192.168.100.1')).answered).to.equal(true);
  });

  it('lets a NIC be lost with its namespace where it is told that none returns', async () => {
    const told: string[] = [];
    let lost = (): void => {};
    const gone = new Promise<void>((resolve) => {
      lost = resolve;
    });
    const info = (message: string): void => {
      told.push(message);
      lost();
    };
    const built = await build({ returnDelayMs: 'never', log: { debug() {}, info, warn: (message) => told.push(message) } });
    const card = testNic(1, 'vxnet-a', '192.168.100.11');
    await built.fabric.plug(card, 'i-1');
    await built.give(card, 'pod1', '192.168.100.1');
    built.killPod('pod1');
    await gone;
    expect(told).to.deep.equal(['a NIC was lost with a namespace that died']);
    expect((await built.host.listLinks()).map((link) => link.name)).to.deep.equal(['lo']);
    await built.fabric.unplug(card.id);
    await built.fabric.plug(card, 'i-1');
    expect((await built.seen(card.mac)).name).to.equal('eth0');
  });

  it('brings NICs back under another name where theirs is taken', async () => {
    const built = await build();
    const cards = [testNic(1, 'vxnet-a', '192.168.100.11'), testNic(2, 'vxnet-a', '192.168.100.12')] as const;
    for (const card of cards) await built.fabric.plug(card, 'i-1');
    for (const card of cards) {
      await built.give(card, `pod of ${card.id}`, '192.168.100.1', 'net1');
      await built.lastSeenAs(card, 'net1');
    }
    for (const card of cards) built.killPod(`pod of ${card.id}`);
    const names = [];
    for (const card of cards) names.push((await built.seen(card.mac)).name);
    expect(names.filter((name) => name === 'net1')).to.have.length(1);
    expect(names.filter((name) => /^dev[0-9]+$/.test(name))).to.have.length(1);
  });

  it('does not bring back a NIC that is unplugged while it is away', async () => {
    let release = (): void => {};
    const away = new Promise<void>((resolve) => {
      release = resolve;
    });
    let left = (): void => {};
    const gone = new Promise<void>((resolve) => {
      left = resolve;
    });
    const sleep = async (): Promise<void> => {
      left();
      await away;
    };
    const built = await build({ clock: { now: () => 0, sleep } });
    const card = testNic(1, 'vxnet-a', '192.168.100.11');
    await built.fabric.plug(card, 'i-1');
    await built.give(card, 'pod1', '192.168.100.1');
    built.killPod('pod1');
    await gone;
    await built.fabric.unplug(card.id);
    release();
    const back = built.watch.waitFor((links) => links.find((link) => link.mac === card.mac), { signal: AbortSignal.timeout(inVainMs) });
    expect(await codeOf(back)).to.equal('ERR_DEADLINE');
  });

  it('refuses what it does not know and what is there already', async () => {
    const { fabric, machine } = await build();
    const card = testNic(1, 'vxnet-a', '192.168.100.11');
    expect(await codeOf(fabric.plug(card, 'i-2'))).to.equal('ERR_NOT_FOUND');
    expect(await codeOf(fabric.plug({ ...card, subnetId: 'vxnet-x' }, 'i-1'))).to.equal('ERR_NOT_FOUND');
    expect(await codeOf(fabric.setAntiSpoofing(card.id, true))).to.equal('ERR_NOT_FOUND');
    await fabric.plug(card, 'i-1');
    expect(await codeOf(fabric.plug(card, 'i-1'))).to.equal('ERR_STATE');
    expect(await codeOf(fabric.addSubnet(fabricSubnets.a))).to.equal('ERR_STATE');
    expect(await codeOf(fabric.addInstance('i-1', { kind: 'fd', fd: machine.fd }))).to.equal('ERR_STATE');
    expect(await codeOf(fabric.addInstance('i-2', { kind: 'path', path: '/dev/null' }))).to.equal('ERR_NAMESPACE');
    expect(await codeOf(fabric.addSubnet({ ...fabricSubnets.a, id: 'vxnet-e', gateway: '10.0.0.1' }))).to.equal('RangeError');
    await fabric.close();
    expect(await codeOf(fabric.plug(testNic(2, 'vxnet-a', '192.168.100.12'), 'i-1'))).to.equal('ERR_STATE');
  });

  it('close() takes every NIC away, twice, and leaves no descriptor', async () => {
    const open = (): number => readdirSync('/proc/self/fd').length;
    const before = open();
    const built = await build();
    for (let n = 1; n <= 5; n++) await built.fabric.plug(testNic(n, n % 2 === 0 ? 'vxnet-a' : 'vxnet-c', `192.168.100.${10 + n}`), 'i-1');
    await built.give(testNic(1, 'vxnet-c', '192.168.100.11'), 'pod1', '192.168.100.1');
    await built.fabric.close();
    await built.fabric.close();
    expect((await built.host.listLinks()).map((link) => link.name)).to.deep.equal(['lo']);
    expect((await built.pod('pod1').listLinks()).map((link) => link.name)).to.deep.equal(['lo']);
    await built.tearDown();
    expect(open()).to.equal(before);
  });

  it('shows its networks under the names it is given, until it is closed', async () => {
    const name = (networkId: string): string => `hn-${process.pid}-${Math.random().toString(36).slice(2, 8)}-${networkId}`;
    const made: string[] = [];
    const built = await build({
      namespaceName: (networkId) => {
        made.push(name(networkId));
        return made.at(-1) ?? '';
      },
    });
    expect(made).to.have.length(2);
    const named = made.map((entry) => ({ kind: 'path', path: `/run/netns/${entry}` }) as const);
    for (const ref of named) expect(await isNamespace(ref)).to.equal(true);
    await built.fabric.close();
    for (const ref of named) expect(await isNamespace(ref)).to.equal(false);
  });

  it('leaves nothing when its process is killed', async () => {
    const built = await build();
    const card = testNic(1, 'vxnet-a', '192.168.100.11');
    const program = fileURLToPath(new URL('../../support/plug-a-nic.ts', import.meta.url));
    const args = [`/proc/${process.pid}/fd/${built.machine.fd}`, JSON.stringify(fabricSubnets.a), JSON.stringify(card)];
    const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    try {
      await built.seen(card.mac);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const gone = await built.watch.waitFor((links) => links.every((link) => link.mac !== card.mac) || undefined, {
      signal: AbortSignal.timeout(10_000),
    });
    expect(gone).to.equal(true);
  });
});
