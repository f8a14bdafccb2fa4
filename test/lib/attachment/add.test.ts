import { expect } from 'chai';
import type { AttachRequest } from '../../../lib/attachment/index.js';
import { nicName } from '../../../lib/attachment/names.js';
import { NetlinkError, NicError, type NicErrorCode } from '../../../lib/errors.js';
import { lostAnswer, refusal } from '../../../providers/memory/index.js';
import { type AttachmentBed, createAttachmentBed, keyOf, pathOf, requestOf } from '../../support/attachment-bed.js';
import { changeProvider, forgetsJobs } from '../../support/change-provider.js';
import { rejection } from '../../support/rejection.js';

function creates(bed: AttachmentBed): number {
  return bed.cloud.calls().filter((call) => call.action === 'createNic').length;
}

function subnetsAsked(bed: AttachmentBed): unknown[] {
  return bed.cloud
    .calls()
    .filter((call) => call.action === 'createNic')
    .map((call) => (call.args[0] as { subnetId: string }).subnetId);
}

describe('attach()', () => {
  it('gives the container a configured NIC and answers with what the kernel shows', async () => {
    const bed = await createAttachmentBed();
    bed.pod('c1');
    const attachment = await bed.attach('c1');
    const [nic] = bed.nics();
    expect(attachment).to.deep.equal({
      key: keyOf('c1'),
      nicId: nic?.id,
      subnetId: 'net-1',
      mac: nic?.mac,
      mtu: 1500,
      addresses: [{ address: '192.168.100.2/24', gateway: '192.168.100.1' }],
      routes: [{ dst: '0.0.0.0/0', gateway: '192.168.100.1' }],
    });
    const pod = bed.kernel.namespace(pathOf('c1'));
    const found = bed.kernel.findByMac(attachment.mac);
    expect(found?.namespace).to.equal(pod);
    expect(found?.link).to.deep.include({ name: 'eth0', up: true });
    expect(pod.announcements).to.deep.equal([{ linkName: 'eth0', address: '192.168.100.2' }]);
    await bed.clock.sleep(1000);
    expect(bed.nics()[0]).to.deep.include({ status: 'in-use', instanceId: 'i-1' });
  });

  it('costs three calls of the cloud, and two when the subnet is known', async () => {
    const bed = await createAttachmentBed();
    bed.pod('c1');
    bed.pod('c2');
    await bed.attach('c1');
    expect(bed.cloud.calls().map((call) => call.action)).to.deep.equal(['describeSubnets', 'createNic', 'attachNics']);
    await bed.attach('c2');
    expect(
      bed.cloud
        .calls()
        .map((call) => call.action)
        .slice(3),
    ).to.deep.equal(['createNic', 'attachNics']);
  });

  it('makes the container deaf to redirects', async () => {
    const bed = await createAttachmentBed();
    bed.pod('c1');
    const pod = bed.kernel.namespace(pathOf('c1'));
    expect(pod.readSysctl('ipv4/conf/all/accept_redirects')).to.equal('1');
    await bed.attach('c1');
    for (const name of ['ipv4/conf/all', 'ipv4/conf/eth0', 'ipv6/conf/all', 'ipv6/conf/eth0']) {
      expect(pod.readSysctl(`${name}/accept_redirects`), name).to.equal('0');
    }
  });

  it('takes a NIC that the host has taken up down before it moves it', async () => {
    const bed = await createAttachmentBed();
    bed.pod('c1');
    const seen: string[] = [];
    const stop = bed.kernel.initial.onLinkChange(() => {
      const link = bed.kernel.initial.links().find((candidate) => candidate.name === 'eth1');
      if (link === undefined) return;
      stop();
      bed.kernel.initial.setUp(link, true);
      bed.kernel.initial.addAddress(link.index, '192.168.100.2/24', 'dhclient');
    });
    bed.kernel.onOperation = ({ kind, op }) => {
      if (kind === 'link.change' || kind === 'link.move') seen.push(op);
    };
    await bed.attach('c1');
    expect(seen[0]).to.match(/down/);
    expect(seen[1]).to.match(/^link\.move/);
    expect(bed.kernel.initial.snapshot().addresses.filter((entry) => entry.address.startsWith('192.168.100.'))).to.deep.equal([]);
  });

  describe('with options', () => {
    const routed = async (patch: Partial<AttachRequest>): Promise<unknown> => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      return (await bed.attach('c1', patch)).routes;
    };

    it('installs routes by the router, by an address and the built-in default', async () => {
      const routes = await routed({
        routes: [
          { dst: '10.0.0.0/8', via: { kind: 'router' } },
          { dst: '10.96.0.0/12', via: { kind: 'address', address: '192.168.100.77' } },
        ],
      });
      expect(routes).to.deep.equal([
        { dst: '0.0.0.0/0', gateway: '192.168.100.1' },
        { dst: '10.0.0.0/8', gateway: '192.168.100.1' },
        { dst: '10.96.0.0/12', gateway: '192.168.100.77' },
      ]);
    });

    it("lets the request's default route replace the built-in one", async () => {
      const routes = await routed({ routes: [{ dst: '0.0.0.0/0', via: { kind: 'address', address: '192.168.100.77' } }] });
      expect(routes).to.deep.equal([{ dst: '0.0.0.0/0', gateway: '192.168.100.77' }]);
    });

    it('installs no default route for a second interface', async () => {
      expect(await routed({ defaultRoute: false })).to.deep.equal([]);
    });

    it('sets the MTU and takes the wished address', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      const attachment = await bed.attach('c1', { mtu: 1400, address: '192.168.100.50' });
      expect(attachment.mtu).to.equal(1400);
      expect(attachment.addresses).to.deep.equal([{ address: '192.168.100.50/24', gateway: '192.168.100.1' }]);
    });
  });

  describe('refuses before it changes anything', () => {
    const cases: readonly {
      readonly name: string;
      readonly patch: Partial<AttachRequest>;
      readonly code: NicErrorCode;
      readonly says: RegExp;
    }[] = [
      { name: 'no subnet', patch: { subnetIds: [] }, code: 'ERR_CONFIG', says: /no subnet is configured/ },
      { name: 'an unknown subnet', patch: { subnetIds: ['net-none'] }, code: 'ERR_CONFIG', says: /no subnet net-none/ },
      {
        name: 'a subnet in no private network',
        patch: { subnetIds: ['net-1', 'net-bare'] },
        code: 'ERR_CONFIG',
        says: /net-bare is in no/,
      },
      { name: 'subnets of two networks', patch: { subnetIds: ['net-1', 'net-other'] }, code: 'ERR_CONFIG', says: /net-other .*vpc-2/ },
      { name: 'a subnet named twice', patch: { subnetIds: ['net-1', 'net-1'] }, code: 'ERR_CONFIG', says: /net-1 is configured twice/ },
      {
        name: 'a next hop outside every subnet',
        patch: { routes: [{ dst: '10.0.0.0/8', via: { kind: 'address', address: '172.16.0.1' } }] },
        code: 'ERR_CONFIG',
        says: /routes\[0\].*172\.16\.0\.1/,
      },
      {
        name: 'next hops that no one subnet holds',
        patch: {
          subnetIds: ['net-1', 'net-2'],
          routes: [
            { dst: '10.0.0.0/8', via: { kind: 'address', address: '192.168.100.9' } },
            { dst: '11.0.0.0/8', via: { kind: 'address', address: '192.168.101.9' } },
          ],
        },
        code: 'ERR_CONFIG',
        says: /routes\[1\].*192\.168\.101\.9/,
      },
      {
        name: 'a destination with host bits',
        patch: { routes: [{ dst: '10.0.0.1/8', via: { kind: 'router' } }] },
        code: 'ERR_CONFIG',
        says: /must be 10\.0\.0\.0\/8/,
      },
      { name: 'a wished address of another range', patch: { address: '10.1.1.1' }, code: 'ERR_CONFIG', says: /10\.1\.1\.1/ },
      { name: 'an impossible MTU', patch: { mtu: 20 }, code: 'ERR_CONFIG', says: /MTU/ },
      {
        name: 'a path that is no namespace',
        patch: { namespace: { kind: 'path', path: '/etc/passwd' } },
        code: 'ERR_NAMESPACE',
        says: /\/etc\/passwd/,
      },
      { name: "the host's own namespace", patch: { namespace: { kind: 'own' } }, code: 'ERR_NAMESPACE', says: /own network namespace/ },
      { name: 'a taken interface name', patch: { key: { ...keyOf('c1'), ifname: 'lo' } }, code: 'ERR_LINK_EXISTS', says: /lo/ },
    ];
    for (const { name, patch, code, says } of cases) {
      it(name, async () => {
        const bed = await createAttachmentBed();
        bed.pod('c1');
        const error = await rejection(bed.attach('c1', patch), code);
        expect(error.message).to.match(says);
        expect(bed.cloud.calls().filter((call) => call.action !== 'describeSubnets')).to.deep.equal([]);
        expect(bed.files()).to.deep.equal([]);
      });
    }

    it('a provider that cannot be had', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      const { engine } = bed.process({ provider: () => Promise.reject(new NicError('ERR_CONFIG', '/etc/client.yaml: zone is missing')) });
      await rejection(engine.attach(requestOf('c1'), bed.timing()), 'ERR_CONFIG');
      expect(bed.files()).to.deep.equal([]);
    });

    it('a wished address where the provider knows none', async () => {
      const bed = await createAttachmentBed({ cloud: { features: { wishedAddress: false } } });
      bed.pod('c1');
      await rejection(bed.attach('c1', { address: '192.168.100.50' }), 'ERR_NOT_SUPPORTED');
      expect(creates(bed)).to.equal(0);
    });
  });

  it('needs no answer about the job: a link that appears is enough', async () => {
    const bed = await createAttachmentBed({ cloud: { linkMs: 3000, jobMs: 5000 } });
    bed.pod('c1');
    changeProvider(bed.cloud, forgetsJobs);
    const { nicId } = await bed.attach('c1');
    expect(bed.nics().map(({ id }) => id)).to.deep.equal([nicId]);
  });

  describe('chooses the subnet', () => {
    it('with the most free addresses', async () => {
      const bed = await createAttachmentBed();
      bed.cloud.addNic({ subnetId: 'net-1' });
      bed.pod('c1');
      expect((await bed.attach('c1', { subnetIds: ['net-1', 'net-2'] })).subnetId).to.equal('net-2');
    });

    it('whose range holds the next hop', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      const patch = {
        subnetIds: ['net-1', 'net-2'],
        routes: [{ dst: '10.0.0.0/8', via: { kind: 'address', address: '192.168.101.9' } as const }],
      };
      expect((await bed.attach('c1', patch)).subnetId).to.equal('net-2');
    });

    it('alternately while the description is old', async () => {
      const bed = await createAttachmentBed();
      const chosen: string[] = [];
      for (const name of ['c1', 'c2', 'c3', 'c4']) {
        bed.pod(name);
        chosen.push((await bed.attach(name, { subnetIds: ['net-1', 'net-2'] })).subnetId);
      }
      expect(chosen).to.deep.equal(['net-1', 'net-2', 'net-1', 'net-2']);
    });

    it('in turn when the cloud does not say what is free, after those of which it does', async () => {
      const bed = await createAttachmentBed();
      let told: string | undefined;
      changeProvider(bed.cloud, (provider) => ({
        describeSubnets: async (ids, options) =>
          (await provider.describeSubnets(ids, options)).map((subnet) => ({
            ...subnet,
            freeAddresses: subnet.id === told ? 5 : undefined,
          })),
      }));
      const subnetIds = ['net-1', 'net-2'];
      const chosen: string[] = [];
      for (const name of ['c1', 'c2', 'c3', 'c4']) {
        bed.pod(name);
        chosen.push((await bed.attach(name, { subnetIds })).subnetId);
      }
      expect(chosen).to.deep.equal(['net-1', 'net-2', 'net-1', 'net-2']);
      told = 'net-2';
      bed.clock.skip(301_000);
      for (const name of ['c5', 'c6']) {
        bed.pod(name);
        expect((await bed.attach(name, { subnetIds })).subnetId).to.equal('net-2');
      }
    });

    for (const code of ['ERR_QUOTA', 'ERR_CAPACITY', 'ERR_STATE', 'ERR_BUSY', 'ERR_SERVICE', 'ERR_NOT_FOUND'] as const) {
      it(`and the next one when the cloud refuses with ${code}, for a time`, async () => {
        const bed = await createAttachmentBed();
        bed.cloud.onCall = (action, phase, args) => {
          const { subnetId } = args[0] as { subnetId?: string };
          if (action === 'createNic' && phase === 'before' && subnetId === 'net-1') throw refusal(action, code, 'no room');
        };
        for (const name of ['c1', 'c2', 'c3']) bed.pod(name);
        expect((await bed.attach('c1', { subnetIds: ['net-1', 'net-2'] })).subnetId).to.equal('net-2');
        expect((await bed.attach('c2', { subnetIds: ['net-1', 'net-2'] })).subnetId).to.equal('net-2');
        expect(subnetsAsked(bed)).to.deep.equal(['net-1', 'net-2', 'net-2']);
        bed.clock.skip(61_000);
        await bed.attach('c3', { subnetIds: ['net-1', 'net-2'] });
        expect(subnetsAsked(bed).slice(3)).to.include('net-1');
      });
    }

    for (const code of ['ERR_REQUEST', 'ERR_AUTH', 'ERR_CLOCK', 'ERR_BALANCE', 'ERR_RATE_LIMIT', 'ERR_RESPONSE', 'ERR_CONFIG'] as const) {
      it(`and no other one when the cloud refuses with ${code}`, async () => {
        const bed = await createAttachmentBed();
        bed.cloud.onCall = (action, phase) => {
          if (action === 'createNic' && phase === 'before') throw refusal(action, code, 'no');
        };
        bed.pod('c1');
        await rejection(bed.attach('c1', { subnetIds: ['net-1', 'net-2'] }), code);
        expect(creates(bed)).to.equal(1);
        expect(bed.files()).to.deep.equal([]);
      });
    }

    it('and asks no more while all are set aside, until a NIC of this host comes free', async () => {
      const bed = await createAttachmentBed({ cloud: { maxNicsPerSubnet: 1 } });
      for (const name of ['c1', 'c2']) bed.pod(name);
      await bed.attach('c1');
      await rejection(bed.attach('c2'), 'ERR_CAPACITY');
      const asked = creates(bed);
      expect((await rejection(bed.attach('c2'), 'ERR_CAPACITY')).message).to.match(/net-1.*refused a NIC lately/);
      expect(creates(bed)).to.equal(asked);
      await bed.detach('c1');
      await bed.attach('c2');
      expect(bed.nics()).to.have.length(1);
    });

    it('and sets none aside for a refused wish', async () => {
      const bed = await createAttachmentBed();
      bed.cloud.addNic({ subnetId: 'net-1', address: '192.168.100.50' });
      for (const name of ['c1', 'c2']) bed.pod(name);
      await rejection(bed.attach('c1', { address: '192.168.100.50' }), 'ERR_STATE');
      await bed.attach('c2');
    });
  });

  describe('when an answer is lost', () => {
    const lose = (bed: AttachmentBed, lost: string, phase: 'before' | 'after', times = 1): void => {
      bed.cloud.onCall = (action, now) => {
        if (action === lost && now === phase && times-- > 0) throw lostAnswer(action);
      };
    };

    it('adopts the NIC that was created all the same', async () => {
      const bed = await createAttachmentBed({ cloud: { features: { lateEffectMs: 60_000 } } });
      bed.pod('c1');
      lose(bed, 'createNic', 'after');
      const attachment = await bed.attach('c1');
      expect(creates(bed)).to.equal(1);
      expect(bed.nics().map((nic) => nic.id)).to.deep.equal([attachment.nicId]);
    });

    it('creates another one after looking for it, and deletes the first when it comes late', async () => {
      const bed = await createAttachmentBed({ cloud: { features: { lateEffectMs: 60_000 } } });
      bed.pod('c1');
      lose(bed, 'createNic', 'before');
      const attachment = await bed.attach('c1');
      expect(creates(bed)).to.equal(2);
      const late = bed.cloud.addNic({ subnetId: 'net-1', name: bed.nics()[0]?.name ?? '' });
      bed.clock.skip(61_000);
      await bed.detach('somebody else');
      expect(
        bed.nics().map((nic) => nic.id),
        'NICs',
      ).to.deep.equal([attachment.nicId]);
      expect(late.id).not.to.equal(attachment.nicId);
    });

    it('gives up after the second one and watches for both', async () => {
      const bed = await createAttachmentBed({ cloud: { features: { lateEffectMs: 60_000 } } });
      bed.pod('c1');
      lose(bed, 'createNic', 'before', 2);
      await rejection(bed.attach('c1'), 'ERR_TRANSPORT');
      expect(bed.files().filter((file) => file.startsWith('attachments/'))).not.to.deep.equal([]);
      const error = await rejection(bed.detach('c1'), 'ERR_PENDING');
      expect(error.message).to.match(/may still appear/);
      bed.cloud.addNic({ subnetId: 'net-1', name: nicName('i-1', keyOf('c1')) });
      bed.clock.skip(61_000);
      await bed.detach('c1');
      expect(bed.nics()).to.deep.equal([]);
      expect(bed.files()).to.deep.equal([]);
    });

    for (const phase of ['before', 'after'] as const) {
      it(`to an attach request ${phase} it took effect, goes by the NIC's state`, async () => {
        const bed = await createAttachmentBed();
        bed.pod('c1');
        lose(bed, 'attachNics', phase);
        await bed.attach('c1');
        await bed.clock.sleep(1000);
        expect(bed.nics()[0]).to.deep.include({ status: 'in-use' });
      });
    }
  });

  it('creates nothing that it could not record', async () => {
    const bed = await createAttachmentBed();
    bed.pod('c1');
    const { engine } = bed.process({
      onFolder: (operation) => {
        if (operation.startsWith('before write durable attachments/')) throw new NicError('ERR_IO', 'the disk is full');
      },
    });
    await rejection(engine.attach(requestOf('c1'), bed.timing()), 'ERR_IO');
    expect(creates(bed)).to.equal(0);
  });

  describe('with little time left', () => {
    /** The cloud takes this long over an answer before the create request. */
    function delay(bed: AttachmentBed, action: 'describeSubnets' | 'attachNics', ms: number): void {
      bed.cloud.onCall = async (called, phase) => {
        if (called === action && phase === 'before') await bed.clock.sleep(ms);
      };
    }

    it('asks for no NIC when the answer may come too late, and leaves nothing', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      // Of 55 s, 42.9 s are for going forward: the last two of them are too late.
      delay(bed, 'describeSubnets', 41_000);
      const error = await rejection(bed.attach('c1'), 'ERR_DEADLINE');
      expect(error.message).to.match(/less than 2000 ms are left/);
      expect(creates(bed)).to.equal(0);
      expect(bed.files()).to.deep.equal([]);
    });

    it('asks for one while the answer can come in time', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      delay(bed, 'describeSubnets', 40_500);
      await bed.attach('c1');
      expect(creates(bed)).to.equal(1);
    });

    it('asks for no gateway then either, and gives the NIC back', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      const asked: string[] = [];
      bed.cloud.onCall = async (action, phase, args) => {
        const isLook = action === 'listNics' && (args[0] as { subnetIds?: unknown }).subnetIds !== undefined;
        if (action === 'createNic') asked.push(phase);
        if (isLook && phase === 'before') await bed.clock.sleep(41_000);
      };
      const error = await rejection(bed.attach('c1', { routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }] }), 'ERR_DEADLINE');
      expect(error.message).to.match(/less than 2000 ms are left/);
      expect(asked).to.deep.equal(['before', 'after']);
      expect(bed.nics()).to.deep.equal([]);
      expect(bed.files()).to.deep.equal([]);
    });

    it('serves a short deadline all the same where the cloud is quick', async () => {
      const bed = await createAttachmentBed({ cloud: { jobMs: 60, linkMs: 40 } });
      bed.pod('c1');
      delay(bed, 'describeSubnets', 400);
      await bed.engine.attach(requestOf('c1'), bed.timing(1000));
      expect(bed.nics()).to.have.length(1);
    });

    it('hands on how long its provider may hold the request back', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      const start = bed.clock.now();
      changeProvider(bed.cloud, () => ({
        createNic: async (_request, { signal, startSignal } = {}) => {
          // As a provider does that waits for a budget of calls.
          while (startSignal?.aborted === false) await bed.clock.sleep(100);
          expect(signal?.aborted, 'the answer to what was sent may come').to.equal(false);
          throw refusal('createNic', 'ERR_DEADLINE', 'too late to send it');
        },
      }));
      await rejection(bed.attach('c1'), 'ERR_DEADLINE');
      expect(bed.clock.now() - start).to.be.within(40_900, 42_000);
      expect(bed.files()).to.deep.equal([]);
    });
  });

  describe('reads back', () => {
    const damages: readonly { readonly name: string; readonly says: RegExp; damage(bed: AttachmentBed): void }[] = [
      {
        name: 'that a route is missing',
        says: /no route to 0\.0\.0\.0\/0/,
        damage: (bed) => {
          const { pod, link } = podLink(bed);
          pod.removeRoute({ dst: '0.0.0.0/0', gateway: '192.168.100.1', linkIndex: link.index }, 'test');
        },
      },
      {
        name: 'that the address is missing',
        says: /no address 192\.168\.100\.2\/24/,
        damage: (bed) => podLink(bed).pod.removeAddress(podLink(bed).link.index, '192.168.100.2/24', 'test'),
      },
      { name: 'that the link is down', says: /is down/, damage: (bed) => podLink(bed).pod.setUp(podLink(bed).link, false) },
      { name: 'that the link is gone', says: /no NIC/, damage: (bed) => bed.kernel.removeLink(podLink(bed).link) },
      { name: 'another name', says: /called x/, damage: (bed) => podLink(bed).pod.rename(podLink(bed).link, 'x', 'test') },
      { name: 'another MTU', says: /MTU is 1300/, damage: (bed) => podLink(bed).pod.setMtu(podLink(bed).link, 1300, 'test') },
    ];
    for (const { name, says, damage } of damages) {
      it(name, async () => {
        const bed = await createAttachmentBed();
        bed.pod('c1');
        // The default route comes last before the kernel is read back.
        bed.kernel.afterOperation = ({ kind }) => {
          if (kind === 'route.add') damage(bed);
        };
        const error = await rejection(bed.attach('c1', { mtu: 1400 }), 'ERR_CHECK');
        expect(error.message).to.match(says);
        expect(bed.files()).to.deep.equal([]);
      });
    }
  });

  describe('when attaching goes wrong', () => {
    it('waits for a slow attachment whose answer was lost', async () => {
      for (const phase of ['before', 'after'] as const) {
        const bed = await createAttachmentBed({ cloud: { linkMs: 15_000, jobMs: 18_000 } });
        bed.pod('c1');
        let times = 1;
        bed.cloud.onCall = (action, when) => {
          if (action === 'attachNics' && when === phase && times-- > 0) throw lostAnswer(action);
        };
        const attachment = await bed.attach('c1');
        await bed.engine.check({ key: keyOf('c1'), namespace: { kind: 'path', path: pathOf('c1') } }, bed.timing());
        expect(bed.nics()[0]).to.deep.include({ id: attachment.nicId, instanceId: phase === 'after' ? 'i-1' : undefined });
      }
    });

    it('does not wait for the cloud to show a NIC as attached when its answer came', async () => {
      const bed = await createAttachmentBed({ cloud: { linkMs: 100, jobMs: 30_000 } });
      bed.pod('c1');
      const before = bed.clock.now();
      await bed.attach('c1');
      expect(bed.clock.now() - before).to.be.at.most(200);
    });

    it('gives up a NIC that is refused for long', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      bed.cloud.onCall = (action, phase) => {
        if (action === 'attachNics' && phase === 'before') throw refusal(action, 'ERR_STATE', 'the instance is not running');
      };
      const before = bed.clock.now();
      await rejection(bed.attach('c1'), 'ERR_STATE');
      expect(bed.clock.now() - before).to.be.within(20_000, 30_000);
      expect(bed.nics()).to.deep.equal([]);
    });

    it('asks again for a NIC that is not ready yet', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      let refusals = 2;
      bed.cloud.onCall = (action, phase) => {
        if (action === 'attachNics' && phase === 'before' && refusals-- > 0) throw refusal(action, 'ERR_STATE', 'not ready');
      };
      await bed.attach('c1');
      expect(bed.cloud.calls().filter((call) => call.action === 'attachNics')).to.have.length(3);
    });

    it('unwinds when the job fails before the link appears', async () => {
      // A job that fails does so without ever plugging the link when both come at once.
      const quick = await createAttachmentBed({ cloud: { linkMs: 400, jobMs: 400 } });
      quick.pod('c1');
      quick.cloud.failJobs(1, 'no free slot');
      const error = await rejection(quick.attach('c1'), 'ERR_JOB');
      expect(error.message).to.match(/no free slot/);
      expect(quick.nics()).to.deep.equal([]);
      expect(quick.files()).to.deep.equal([]);
    });

    it('leaves a record while the job cannot be cancelled, and any later command finishes it', async () => {
      const bed = await createAttachmentBed({ cloud: { jobMs: Number.POSITIVE_INFINITY, linkMs: Number.POSITIVE_INFINITY } });
      bed.pod('c1');
      const error = await rejection(bed.attach('c1'), 'ERR_DEADLINE');
      expect(error.message).to.match(/no link/);
      expect(bed.nics()).to.have.length(1);
      await bed.cloud.finishJobs();
      bed.clock.skip(61_000);
      // Jobs of this cloud end only when told to.
      bed.cloud.onCall = async (action, phase) => {
        if (action === 'describeJobs' && phase === 'before') await bed.cloud.finishJobs();
      };
      await bed.detach('somebody else');
      expect(bed.nics()).to.deep.equal([]);
      expect(bed.files()).to.deep.equal([]);
    });

    it('keeps to its deadline', async () => {
      const bed = await createAttachmentBed({ cloud: { jobMs: Number.POSITIVE_INFINITY, linkMs: Number.POSITIVE_INFINITY } });
      bed.pod('c1');
      const { deadline } = bed.timing(20_000);
      await rejection(bed.engine.attach(requestOf('c1'), { deadline }), 'ERR_DEADLINE');
      expect(bed.clock.now()).to.be.at.most(deadline);
    });

    it('unwinds a move that put the NIC into the container under its old name', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      const pod = bed.kernel.namespace(pathOf('c1'));
      bed.kernel.onOperation = ({ kind }) => {
        if (kind === 'link.move') bed.kernel.addLink(pod, { name: 'eth0', kind: 'veth' });
      };
      await rejection(bed.attach('c1'), 'ERR_LINK_EXISTS');
      expect(bed.nics()).to.deep.equal([]);
      expect(bed.files()).to.deep.equal([]);
      expect(pod.links().map((link) => link.name)).to.deep.equal(['lo', 'eth0']);
    });

    it('moves again when somebody takes the NIC up in between', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      let refusals = 2;
      bed.kernel.onOperation = ({ kind, op }) => {
        if (kind === 'link.move' && refusals-- > 0) throw new NetlinkError({ op, errno: 'EBUSY' });
      };
      await bed.attach('c1');
    });

    it('puts a setting of the container back', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      bed.kernel.onOperation = ({ kind, op }) => {
        if (kind === 'route.add') throw new NetlinkError({ op, errno: 'ENETUNREACH' });
      };
      await rejection(bed.attach('c1'), 'ERR_NETLINK');
      expect(bed.kernel.namespace(pathOf('c1')).readSysctl('ipv4/conf/all/accept_redirects')).to.equal('1');
    });

    it('does not guess between two cards of one address', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      bed.cloud.onCall = (action, phase) => {
        if (action !== 'attachNics' || phase !== 'before') return;
        const mac = bed.nics()[0]?.mac ?? '';
        for (const name of ['tap1', 'tap2']) bed.kernel.addLink(bed.kernel.initial, { name, mac, permanentMac: mac });
      };
      await rejection(bed.attach('c1'), 'ERR_LINK');
      expect(bed.nics()).to.deep.equal([]);
    });
  });

  describe('a second time', () => {
    it('is refused while the NIC serves', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      const first = await bed.attach('c1');
      await rejection(bed.attach('c1'), 'ERR_ATTACHED');
      expect(bed.nics().map((nic) => nic.id)).to.deep.equal([first.nicId]);
      expect(bed.kernel.findByMac(first.mac)?.link.up).to.equal(true);
    });

    it('is refused, with nothing touched, when the kernel does not say whether the NIC still serves', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      const first = await bed.attach('c1');
      await bed.clock.sleep(1000);
      const before = [bed.nics(), bed.kernel.namespace(pathOf('c1')).snapshot()];
      let lists = 0;
      bed.kernel.onOperation = ({ kind, namespace, op }) => {
        // The first one is of the check whether the name is taken.
        if (kind === 'link.list' && namespace === pathOf('c1') && ++lists > 1) throw new NetlinkError({ op, errno: 'ENOBUFS' });
      };
      await rejection(bed.attach('c1'), 'ERR_NETLINK');
      expect(lists).to.be.above(1);
      bed.kernel.onOperation = undefined;
      // As a container with the right to do so may make it, to hide its NIC.
      const twin = bed.kernel.addLink(bed.kernel.namespace(pathOf('c1')), { name: 'twin', mac: first.mac, permanentMac: first.mac });
      await rejection(bed.attach('c1'), 'ERR_LINK');
      bed.kernel.removeLink(twin);
      expect([bed.nics(), bed.kernel.namespace(pathOf('c1')).snapshot()]).to.deep.equal(before);
    });

    it('unwinds the first one when its namespace is gone', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      const first = await bed.attach('c1');
      bed.kernel.removeNamespace(pathOf('c1'));
      bed.pod('c1');
      const second = await bed.attach('c1');
      expect(second.nicId).not.to.equal(first.nicId);
      expect(bed.nics().map((nic) => nic.id)).to.deep.equal([second.nicId]);
    });

    it('unwinds the first one when the NIC was taken out of it', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      const first = await bed.attach('c1');
      await bed.clock.sleep(1000);
      await bed.fabric.unplug(first.nicId);
      const second = await bed.attach('c1');
      expect(bed.nics().map((nic) => nic.id)).to.deep.equal([second.nicId]);
    });

    it('is refused when the first one cannot be unwound', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      await bed.attach('c1');
      bed.kernel.removeNamespace(pathOf('c1'));
      bed.pod('c1');
      bed.cloud.onCall = (action, phase) => {
        if (action === 'detachNics' && phase === 'before') throw refusal(action, 'ERR_AUTH', 'who are you');
      };
      await rejection(bed.attach('c1'), 'ERR_PENDING');
      expect(creates(bed)).to.equal(1);
    });
  });

  describe('is given up', () => {
    it('on a signal, and unwinds', async () => {
      const bed = await createAttachmentBed({ cloud: { jobMs: 4000, linkMs: 3000 } });
      bed.pod('c1');
      const controller = new AbortController();
      const adding = bed.engine.attach(requestOf('c1'), { ...bed.timing(), signal: controller.signal });
      await bed.clock.sleep(1000);
      controller.abort(new NicError('ERR_CANCELLED', 'SIGTERM'));
      await rejection(adding, 'ERR_CANCELLED');
      expect(bed.nics()).to.deep.equal([]);
      expect(bed.files()).to.deep.equal([]);
    });

    it('when the container is deleted meanwhile', async () => {
      const bed = await createAttachmentBed({ cloud: { jobMs: 10_000, linkMs: 9000 } });
      bed.pod('c1');
      const adding = rejection(bed.attach('c1'), 'ERR_CANCELLED');
      await bed.clock.sleep(1000);
      const began = bed.clock.now();
      await bed.process().engine.detach({ key: keyOf('c1'), subnetIds: ['net-1'] }, bed.timing());
      await adding;
      expect(bed.clock.now() - began).to.be.below(25_000);
      expect(bed.nics()).to.deep.equal([]);
      expect(bed.files()).to.deep.equal([]);
    });

    it('by no mark that a dead DEL left behind', async () => {
      const bed = await createAttachmentBed();
      bed.pod('c1');
      bed.folder.mark('attachments', `${(await idOf(bed)) ?? ''}.cancel`, 'of a dead process');
      await bed.attach('c1');
      expect(bed.nics()).to.have.length(1);
    });
  });

  describe('is refused', () => {
    it('when the instance is full, before anything is created', async () => {
      const bed = await createAttachmentBed({ cloud: { features: { maxNicsPerInstance: 3 } } });
      for (const name of ['c1', 'c2', 'c3']) bed.pod(name);
      await bed.attach('c1');
      await bed.attach('c2');
      await bed.clock.sleep(1000);
      await rejection(bed.attach('c3'), 'ERR_INSTANCE_FULL');
      expect(creates(bed)).to.equal(2);
      await bed.detach('c1');
      await bed.attach('c3');
    });

    it('when too much is left over', async () => {
      const bed = await createAttachmentBed({ limits: { maxPending: 1 } });
      for (const name of ['c1', 'c2', 'c3']) bed.pod(name);
      await bed.attach('c1');
      await bed.attach('c2');
      await bed.clock.sleep(1000);
      bed.cloud.onCall = (action, phase) => {
        if (action === 'detachNics' && phase === 'before') throw refusal(action, 'ERR_AUTH', 'who are you');
      };
      await rejection(bed.detach('c1'), 'ERR_PENDING');
      await rejection(bed.detach('c2'), 'ERR_PENDING');
      await rejection(bed.attach('c3'), 'ERR_PENDING');
      expect(creates(bed)).to.equal(2);
      bed.cloud.onCall = undefined;
      bed.clock.skip(61_000);
      await bed.attach('c3');
      expect(bed.nics()).to.have.length(1);
    });
  });
});

function podLink(bed: AttachmentBed) {
  const pod = bed.kernel.namespace(pathOf('c1'));
  const link = pod.links().find((candidate) => !candidate.loopback);
  if (link === undefined) throw new Error('the container has no NIC');
  return { pod, link };
}

/** The id under which a bed keeps the attachment `c1`, seen from a first ADD that is taken back. */
async function idOf(bed: AttachmentBed): Promise<string | undefined> {
  await bed.attach('c1');
  const id = bed
    .files()
    .map((file) => /^attachments\/([a-z2-7]+)\.json$/.exec(file)?.[1])
    .find((name) => name !== undefined);
  await bed.detach('c1');
  return id;
}
