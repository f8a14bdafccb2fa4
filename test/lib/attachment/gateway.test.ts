import { expect } from 'chai';
import type { AttachRequest } from '../../../lib/attachment/index.js';
import { gatewayId, gatewayName } from '../../../lib/attachment/names.js';
import type { NetworkNamespace } from '../../../lib/driver.js';
import { createMemoryFolder } from '../../../lib/folder/index.js';
import type { Nic } from '../../../lib/nic.js';
import { lostAnswer, refusal } from '../../../providers/memory/index.js';
import { type AttachmentBed, createAttachmentBed, keyOf, pathOf, plugOriginalGateway, requestOf } from '../../support/attachment-bed.js';
import { rejection } from '../../support/rejection.js';

const viaHost: Partial<AttachRequest> = { routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }] };
const HOUR = 3_600_000;

function gateways(bed: AttachmentBed): readonly string[] {
  return bed
    .nics()
    .filter((nic) => nic.name === gatewayName('i-1', 'net-1'))
    .map((nic) => nic.id);
}

function nextHop(attachment: { readonly routes: readonly { readonly dst: string; readonly gateway?: string }[] }): string | undefined {
  return attachment.routes.find((route) => route.dst === '10.96.0.0/12')?.gateway;
}

describe('a route through this host', () => {
  it('leads by a NIC that is allocated for it, configured on the host and allowed to forward', async () => {
    const bed = await createAttachmentBed();
    bed.pod('c1');
    const attachment = await bed.attach('c1', viaHost);
    const [id] = gateways(bed);
    const nic = bed.nics().find((candidate) => candidate.id === id);
    expect(nextHop(attachment)).to.equal(nic?.addresses[0]);
    expect(bed.cloud.forwardingNics()).to.deep.equal([id]);
    const link = bed.kernel.findByMac(nic?.mac ?? '');
    expect(link?.namespace).to.equal(bed.kernel.initial);
    expect(link?.link.up).to.equal(true);
    expect(bed.kernel.initial.readSysctl(`ipv4/conf/${link?.link.name}/rp_filter`)).to.equal('2');
    expect(bed.kernel.initial.snapshot().addresses.map((entry) => entry.address)).to.include(`${nic?.addresses[0]}/24`);
  });

  it('names what forwarding misses on the host, and changes nothing of it', async () => {
    const bed = await createAttachmentBed();
    bed.pod('c1');
    expect(bed.kernel.initial.readSysctl('ipv4/ip_forward')).to.equal('0');
    await bed.attach('c1', viaHost);
    expect(bed.lines.some(({ level, message }) => level === 'warn' && message.includes('ip_forward'))).to.equal(true);
    expect(bed.kernel.initial.readSysctl('ipv4/ip_forward')).to.equal('0');
  });

  it("leads by the host's primary NIC when that is in the subnet", async () => {
    const bed = await createAttachmentBed({ primarySubnet: 'net-1' });
    bed.pod('c1');
    const attachment = await bed.attach('c1', viaHost);
    expect(nextHop(attachment)).to.equal(bed.primary.addresses[0]);
    expect(gateways(bed)).to.deep.equal([]);
  });

  it('costs no further call of the cloud once the gateway is known', async () => {
    for (const primarySubnet of ['net-1', 'net-host']) {
      const bed = await createAttachmentBed({ primarySubnet });
      for (const name of ['c1', 'c2']) bed.pod(name);
      await bed.attach('c1', viaHost);
      const before = bed.cloud.calls().length;
      await bed.attach('c2', viaHost);
      expect(
        bed.cloud
          .calls()
          .slice(before)
          .map((call) => call.action),
      ).to.deep.equal(['createNic', 'attachNics']);
    }
  });

  it("leads by the original plugin's gateway, but never by a NIC on its way to a container", async () => {
    const bed = await createAttachmentBed();
    bed.pod('c1');
    const passing = bed.cloud.addNic({ subnetId: 'net-1', name: 'hostnic_i-1', instanceId: 'i-1' });
    bed.kernel.addLink(bed.kernel.initial, { name: 'eth5', mac: passing.mac, up: true });
    const claimed = bed.cloud.addNic({ subnetId: 'net-1', name: 'hostnic_i-1', instanceId: 'i-1' });
    const eth6 = bed.kernel.addLink(bed.kernel.initial, { name: 'eth6', mac: claimed.mac, up: true });
    bed.kernel.initial.addAddress(eth6.index, `${claimed.addresses[0]}/24`, 'setup');
    bed.originals.write(
      '',
      'c0',
      JSON.stringify({ id: claimed.id, vxNet: { id: 'net-1' }, hardwareAddr: claimed.mac, address: '' }),
      'quick',
    );
    const gateway = bed.cloud.addNic({ subnetId: 'net-1', name: 'hostnic_i-1', instanceId: 'i-1' });
    const eth7 = bed.kernel.addLink(bed.kernel.initial, { name: 'eth7', mac: gateway.mac, up: true });
    bed.kernel.initial.addAddress(eth7.index, `${gateway.addresses[0]}/24`, 'setup');
    expect(nextHop(await bed.attach('c1', viaHost))).to.equal(gateway.addresses[0]);
  });

  it('is never taken by address range alone', async () => {
    const bed = await createAttachmentBed();
    bed.pod('c1');
    const bridge = bed.kernel.addLink(bed.kernel.initial, { name: 'docker0', mac: '02:42:00:00:00:01', kind: 'bridge', up: true });
    bed.kernel.initial.addAddress(bridge.index, '192.168.100.250/24', 'setup');
    await bed.attach('c1', viaHost);
    expect(gateways(bed)).to.have.length(1);
  });

  it('is one however many containers of however many networks need it at once', async () => {
    const second = createMemoryFolder('/var/lib/cni/second');
    const bed = await createAttachmentBed({ folders: [second] });
    const adding = Array.from({ length: 12 }, async (_, i) => {
      const name = `c${i}`;
      bed.pod(name);
      const { engine } = bed.process(i % 2 === 0 ? {} : { folder: second });
      const key = { ...keyOf(name), network: i % 2 === 0 ? 'pods' : 'others' };
      return engine.attach(requestOf(name, { ...viaHost, key }), bed.timing());
    });
    const hops = new Set((await Promise.all(adding)).map(nextHop));
    expect(hops.size).to.equal(1);
    expect(gateways(bed)).to.have.length(1);
    expect(bed.nics()).to.have.length(13);
  });

  it('keeps its gateway while a record of any network names it, and for a while after', async () => {
    const second = createMemoryFolder('/var/lib/cni/second');
    const bed = await createAttachmentBed({ folders: [second] });
    for (const name of ['c1', 'c2']) bed.pod(name);
    await bed.attach('c1', viaHost);
    const key = { ...keyOf('c2'), network: 'others' };
    const other = bed.process({ folder: second }).engine;
    await other.attach(requestOf('c2', { ...viaHost, key }), bed.timing());
    await bed.detach('c1');
    bed.clock.skip(HOUR);
    await bed.detach('nobody');
    bed.clock.skip(HOUR);
    await bed.detach('nobody');
    expect(gateways(bed), 'in use').to.have.length(1);
    await other.detach({ key, subnetIds: ['net-1'] }, bed.timing());
    bed.clock.skip(300_000);
    await bed.detach('nobody');
    expect(gateways(bed), 'idle for five minutes').to.have.length(1);
    bed.clock.skip(300_000);
    await bed.detach('nobody');
    expect(gateways(bed), 'idle for ten minutes').to.have.length(0);
    expect(bed.files()).to.deep.equal([]);
  });

  it('keeps its gateway while a record cannot be read', async () => {
    const bed = await createAttachmentBed();
    bed.pod('c1');
    await bed.attach('c1', viaHost);
    await bed.detach('c1');
    bed.folder.write('attachments', `${gatewayId('any')}.json`, 'torn', 'durable');
    for (let i = 0; i < 3; i++) {
      bed.clock.skip(HOUR);
      await bed.detach('nobody');
    }
    expect(gateways(bed)).to.have.length(1);
  });

  it('gets a new gateway while the old one is being removed, and neither is lost', async () => {
    const bed = await createAttachmentBed();
    for (const name of ['c1', 'c2']) bed.pod(name);
    await bed.attach('c1', viaHost);
    await bed.detach('c1');
    bed.clock.skip(HOUR);
    const sweeping = bed.process().engine.detach({ key: keyOf('nobody') }, bed.timing());
    const [attachment] = await Promise.all([bed.process().engine.attach(requestOf('c2', viaHost), bed.timing()), sweeping]);
    const left = gateways(bed);
    expect(left).to.have.length(1);
    expect(nextHop(attachment)).to.equal(bed.nics().find((nic) => nic.id === left[0])?.addresses[0]);
  });

  it('gets a working gateway after a process died in the middle of removing the old one', async () => {
    const bed = await createAttachmentBed({ cloud: { linkMs: 2000, jobMs: 3000 } });
    for (const name of ['c1', 'c2']) bed.pod(name);
    await bed.attach('c1', viaHost);
    await bed.clock.sleep(5000);
    await bed.detach('c1');
    bed.clock.skip(HOUR);
    const sweeper = bed.process();
    const [gateway] = gateways(bed);
    const dead = new Promise<void>((resolve) => {
      bed.cloud.onCall = (action, phase, args) => {
        if (action !== 'detachNics' || phase !== 'after' || !(args[0] as string[]).includes(gateway ?? '')) return;
        bed.cloud.onCall = undefined;
        sweeper.kill();
        resolve();
        return new Promise<never>(() => {});
      };
    });
    void sweeper.engine.detach({ key: keyOf('nobody') }, bed.timing());
    await dead;
    const attachment = await bed.attach('c2', viaHost);
    await bed.clock.sleep(5000);
    const [after] = gateways(bed);
    const nic = bed.nics().find((candidate) => candidate.id === after);
    expect(nic).to.deep.include({ status: 'in-use' });
    expect(nextHop(attachment)).to.equal(nic?.addresses[0]);
    expect(bed.kernel.findByMac(nic?.mac ?? '')?.link.up).to.equal(true);
  });

  it('has its gateway restored after a reboot', async () => {
    const bed = await createAttachmentBed();
    bed.pod('c1');
    await bed.attach('c1', viaHost);
    await bed.clock.sleep(1000);
    const [before] = gateways(bed);
    bed.reboot();
    bed.pod('c2');
    const { engine } = bed.process();
    const attachment = await engine.attach(requestOf('c2', viaHost), bed.timing());
    const nic = bed.nics().find((candidate) => candidate.id === before);
    expect(gateways(bed)).to.deep.equal([before]);
    expect(nextHop(attachment)).to.equal(nic?.addresses[0]);
    expect(bed.kernel.findByMac(nic?.mac ?? '')?.link.up).to.equal(true);
  });

  describe("that the original plugin's NIC leads by", () => {
    /** The original's gateway, configured, and a container that uses it. */
    async function withOriginalGateway(): Promise<{ readonly bed: AttachmentBed; readonly nic: Nic }> {
      const bed = await createAttachmentBed();
      for (const name of ['c1', 'c2']) bed.pod(name);
      const nic = await plugOriginalGateway(bed);
      expect(nextHop(await bed.attach('c1', viaHost))).to.equal(nic.addresses[0]);
      await bed.clock.sleep(1000);
      return { bed, nic };
    }

    it('is restored after a reboot, which the original did not do', async () => {
      const { bed, nic } = await withOriginalGateway();
      bed.reboot();
      bed.pod('c2');
      expect(nextHop(await bed.attach('c2', viaHost))).to.equal(nic.addresses[0]);
      expect(gateways(bed)).to.deep.equal([]);
      expect(bed.nics()).to.have.length(2);
      const link = bed.kernel.findByMac(nic.mac)?.link;
      expect(link?.up).to.equal(true);
      expect(bed.kernel.initial.readSysctl(`ipv4/conf/${link?.name}/rp_filter`)).to.equal('2');
      expect(bed.cloud.forwardingNics()).to.deep.equal([nic.id]);
      await bed.detach('c2');
      bed.clock.skip(HOUR);
      await bed.detach('c2');
      bed.clock.skip(HOUR);
      await bed.detach('c2');
      expect(bed.nics()).to.deep.equal([]);
    });

    it('is removed after a reboot when nobody needs it any more', async () => {
      const { bed } = await withOriginalGateway();
      bed.reboot();
      for (let i = 0; i < 3; i++) {
        await bed.detach('c2');
        bed.clock.skip(HOUR);
      }
      expect(bed.nics()).to.deep.equal([]);
      expect(bed.files()).to.deep.equal([]);
    });

    it("stays until then, for the original's containers, and when the host's software configures it again", async () => {
      const { bed, nic } = await withOriginalGateway();
      const linkOf = async (): Promise<readonly [NetworkNamespace, number]> => {
        const host = await bed.driver.open({ kind: 'own' });
        return [host, (await host.listLinks()).find(({ mac }) => mac === nic.mac)?.index ?? 0];
      };
      await bed.detach('c1');
      const [before, old] = await linkOf();
      // Somebody has taken it down, and may take it up again.
      await before.changeLink(old, { up: false });
      for (let i = 0; i < 3; i++) {
        bed.clock.skip(HOUR);
        await bed.detach('c2');
      }
      expect(bed.nics().map(({ id }) => id)).to.deep.equal([nic.id]);
      bed.reboot();
      const [after, index] = await linkOf();
      await after.changeLink(index, { up: true });
      await after.addAddress(index, `${nic.addresses[0]}/24`);
      for (let i = 0; i < 3; i++) {
        bed.clock.skip(HOUR);
        await bed.detach('c2');
      }
      expect(bed.nics().map(({ id }) => id)).to.deep.equal([nic.id]);
      bed.pod('c1');
      expect(nextHop(await bed.attach('c1', viaHost))).to.equal(nic.addresses[0]);
      expect(bed.nics()).to.have.length(2);
    });
  });

  it('finds a gateway whose record is lost by its name', async () => {
    const bed = await createAttachmentBed();
    for (const name of ['c1', 'c2']) bed.pod(name);
    await bed.attach('c1', viaHost);
    await bed.clock.sleep(1000);
    const before = gateways(bed);
    for (const name of bed.hostFolder.list('gateways')) bed.hostFolder.remove('gateways', name, 'quick');
    await bed.attach('c2', viaHost);
    expect(gateways(bed)).to.deep.equal(before);
  });

  it('gets another gateway when the recorded one is gone', async () => {
    const bed = await createAttachmentBed();
    for (const name of ['c1', 'c2']) bed.pod(name);
    await bed.attach('c1', viaHost);
    await bed.clock.sleep(1000);
    const [before = ''] = gateways(bed);
    await bed.fabric.unplug(before);
    bed.cloud.removeNic(before);
    const attachment = await bed.attach('c2', viaHost);
    const [after] = gateways(bed);
    expect(after).not.to.equal(before);
    expect(nextHop(attachment)).to.equal(bed.nics().find((nic) => nic.id === after)?.addresses[0]);
  });

  it('does not wait for the NIC of a lost answer: the next ADD gets a gateway, and one that appears late goes', async () => {
    const bed = await createAttachmentBed({ cloud: { features: { lateEffectMs: 90_000 } } });
    for (const name of ['c1', 'c2', 'c3']) bed.pod(name);
    const isGateway = (args: readonly unknown[]): boolean => (args[0] as { readonly name?: string }).name === gatewayName('i-1', 'net-1');
    bed.cloud.onCall = (action, phase, args) => {
      if (action === 'createNic' && phase === 'before' && isGateway(args)) throw lostAnswer(action);
    };
    await rejection(bed.attach('c1', viaHost), 'ERR_TRANSPORT');
    bed.cloud.onCall = undefined;
    const attachment = await bed.attach('c2', viaHost);
    const [gateway] = gateways(bed);
    const late = bed.cloud.addNic({ subnetId: 'net-1', name: gatewayName('i-1', 'net-1') });
    expect(nextHop(await bed.attach('c3', viaHost))).to.equal(nextHop(attachment));
    bed.clock.skip(HOUR);
    await bed.detach('nobody');
    expect(gateways(bed)).to.deep.equal([gateway]);
    expect(bed.nics().map((nic) => nic.id)).not.to.include(late.id);
    expect(bed.nics()).to.have.length(3);
  });

  it('is the NIC of the lost answer when that has appeared by the next ADD', async () => {
    const bed = await createAttachmentBed({ cloud: { features: { lateEffectMs: 90_000 } } });
    for (const name of ['c1', 'c2']) bed.pod(name);
    bed.cloud.onCall = (action, phase, args) => {
      const { name } = args[0] as { readonly name?: string };
      if (action === 'createNic' && phase === 'before' && name === gatewayName('i-1', 'net-1')) throw lostAnswer(action);
    };
    await rejection(bed.attach('c1', viaHost), 'ERR_TRANSPORT');
    bed.cloud.onCall = undefined;
    const late = bed.cloud.addNic({ subnetId: 'net-1', name: gatewayName('i-1', 'net-1') });
    const attachment = await bed.attach('c2', viaHost);
    bed.clock.skip(HOUR);
    await bed.detach('nobody');
    expect(gateways(bed)).to.deep.equal([late.id]);
    expect(nextHop(attachment)).to.equal(late.addresses[0]);
  });

  it('is made anew as soon as what was left of an uncertain one is gone', async () => {
    const bed = await createAttachmentBed({ cloud: { features: { lateEffectMs: 90_000 } } });
    for (const name of ['c1', 'c2']) bed.pod(name);
    let lost = false;
    bed.cloud.onCall = (action, phase, args) => {
      if (phase !== 'before') return;
      const { name } = args[0] as { readonly name?: string };
      if (action === 'createNic' && name === gatewayName('i-1', 'net-1') && !lost) {
        lost = true;
        throw lostAnswer(action);
      }
      if (action === 'allowForwarding' || action === 'detachNics') throw refusal(action, 'ERR_AUTH', 'no');
    };
    await rejection(bed.attach('c1', viaHost), 'ERR_AUTH');
    bed.cloud.onCall = undefined;
    const [before] = gateways(bed);
    const attachment = await bed.attach('c2', viaHost);
    const [after, ...others] = gateways(bed);
    expect(before).to.be.a('string').that.is.not.equal(after);
    expect(others).to.deep.equal([]);
    expect(nextHop(attachment)).to.equal(bed.nics().find((nic) => nic.id === after)?.addresses[0]);
  });

  it('fails with everything taken back when the gateway cannot be had', async () => {
    const bed = await createAttachmentBed();
    bed.pod('c1');
    bed.cloud.onCall = (action, phase) => {
      if (action === 'allowForwarding' && phase === 'before') throw refusal(action, 'ERR_AUTH', 'no');
    };
    await rejection(bed.attach('c1', viaHost), 'ERR_AUTH');
    expect(bed.nics()).to.deep.equal([]);
    expect(bed.files()).to.deep.equal([]);
    expect(bed.kernel.namespace(pathOf('c1')).links()).to.have.length(1);
  });

  it('works where the provider cannot allow forwarding', async () => {
    const bed = await createAttachmentBed({ cloud: { features: { forwarding: false } } });
    bed.pod('c1');
    await bed.attach('c1', viaHost);
    expect(gateways(bed)).to.have.length(1);
  });

  it('does not act on gateways of another instance', async () => {
    const bed = await createAttachmentBed();
    bed.pod('c1');
    await bed.attach('c1', viaHost);
    await bed.detach('c1');
    bed.cloud.addInstance('i-2');
    const copy = bed.process({ instanceId: 'i-2' }).engine;
    for (let i = 0; i < 3; i++) {
      bed.clock.skip(HOUR);
      await copy.detach({ key: keyOf('nobody') }, bed.timing());
    }
    expect(gateways(bed)).to.have.length(1);
  });
});
