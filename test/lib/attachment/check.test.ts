import { expect } from 'chai';
import type { KnownAttachment } from '../../../lib/attachment/index.js';
import { refusal } from '../../../providers/memory/index.js';
import { type AttachmentBed, createAttachmentBed, keyOf, pathOf } from '../../support/attachment-bed.js';
import { rejection } from '../../support/rejection.js';

async function withPod(): Promise<AttachmentBed> {
  const bed = await createAttachmentBed();
  bed.pod('c1');
  await bed.attach('c1', {
    routes: [
      { dst: '10.0.0.0/8', via: { kind: 'router' } },
      { dst: '10.96.0.0/12', via: { kind: 'host' } },
    ],
  });
  await bed.clock.sleep(1000);
  return bed;
}

function check(bed: AttachmentBed, known?: KnownAttachment): Promise<void> {
  const request = { key: keyOf('c1'), namespace: { kind: 'path', path: pathOf('c1') } as const };
  return bed.engine.check(known === undefined ? request : { ...request, known }, bed.timing());
}

describe('check()', () => {
  it('accepts what ADD made, with one call of the cloud, and changes nothing', async () => {
    const bed = await withPod();
    const before = [bed.nics(), bed.files(), bed.kernel.initial.snapshot(), bed.kernel.namespace(pathOf('c1')).snapshot()];
    const calls = bed.cloud.calls().length;
    await check(bed);
    expect(
      bed.cloud
        .calls()
        .slice(calls)
        .map((call) => call.action),
    ).to.deep.equal(['listNics']);
    expect([bed.nics(), bed.files(), bed.kernel.initial.snapshot(), bed.kernel.namespace(pathOf('c1')).snapshot()]).to.deep.equal(before);
  });

  it('accepts what the earlier result says', async () => {
    const bed = await withPod();
    const mac = bed.kernel.namespace(pathOf('c1')).links()[1]?.mac ?? '';
    await check(bed, {
      mac: mac.toUpperCase(),
      addresses: ['192.168.100.2/24'],
      routes: [{ dst: '0.0.0.0/0', gateway: '192.168.100.1' }, { dst: '10.0.0.0/8' }],
    });
  });

  const podLink = (bed: AttachmentBed) => {
    const pod = bed.kernel.namespace(pathOf('c1'));
    const link = pod.links().find((candidate) => candidate.name === 'eth0');
    if (link === undefined) throw new Error('the pod has no eth0');
    return { pod, link };
  };
  const damages: readonly {
    readonly name: string;
    readonly says: RegExp;
    damage(bed: AttachmentBed): unknown;
    readonly known?: KnownAttachment;
  }[] = [
    {
      name: 'the address gone',
      says: /address 192\.168\.100\.2\/24 is missing/,
      damage: (bed) => podLink(bed).pod.removeAddress(podLink(bed).link.index, '192.168.100.2/24', 'test'),
    },
    {
      name: 'a route gone',
      says: /route to 10\.0\.0\.0\/8 by 192\.168\.100\.1 is missing/,
      damage: (bed) => {
        const { pod, link } = podLink(bed);
        pod.removeRoute({ dst: '10.0.0.0/8', gateway: '192.168.100.1', linkIndex: link.index }, 'test');
      },
    },
    { name: 'the link down', says: /is down/, damage: (bed) => podLink(bed).pod.setUp(podLink(bed).link, false) },
    {
      name: 'the link under another name',
      says: /is called net9/,
      damage: (bed) => {
        const { pod, link } = podLink(bed);
        pod.rename(link, 'net9', 'test');
      },
    },
    { name: 'the link gone', says: /is not in/, damage: (bed) => bed.kernel.removeLink(podLink(bed).link) },
    {
      name: 'another namespace behind the path',
      says: /not the namespace/,
      damage: (bed) => {
        bed.kernel.removeNamespace(pathOf('c1'));
        bed.pod('c1');
      },
    },
    {
      name: 'the NIC gone from the cloud',
      says: /knows its NIC .* no more/,
      damage: (bed) => bed.cloud.removeNic(bed.nics().find((nic) => nic.name.startsWith('hostnic-p'))?.id ?? ''),
    },
    {
      name: 'the gateway down',
      says: /gateway NIC .* is not up/,
      damage: (bed) => {
        const gateway = bed.nics().find((nic) => nic.name.startsWith('hostnic-g'));
        const link = bed.kernel.initial.links().find((candidate) => candidate.mac === gateway?.mac);
        if (link === undefined) throw new Error('the host has no gateway link');
        bed.kernel.initial.setUp(link, false);
      },
    },
    {
      name: 'another address than the result says',
      says: /192\.168\.100\.99\/24 is missing/,
      damage: () => {},
      known: { addresses: ['192.168.100.99/24'] },
    },
    {
      name: 'another route than the result says',
      says: /11\.0\.0\.0\/8 is missing/,
      damage: () => {},
      known: { routes: [{ dst: '11.0.0.0/8' }] },
    },
    {
      name: 'another hardware address than the result says',
      says: /not 00:00:00:00:00:01/,
      damage: () => {},
      known: { mac: '00:00:00:00:00:01' },
    },
    {
      name: 'no record',
      says: /no record/,
      damage: (bed) => {
        for (const name of bed.folder.list('attachments')) bed.folder.remove('attachments', name, 'quick');
      },
    },
  ];
  for (const { name, says, damage, known } of damages) {
    it(`finds ${name}`, async () => {
      const bed = await withPod();
      await damage(bed);
      const error = await rejection(check(bed, known), 'ERR_CHECK');
      expect(error.message).to.match(says);
    });
  }

  it('finds a NIC that was detached', async () => {
    const bed = await withPod();
    const id = bed.nics().find((nic) => nic.name.startsWith('hostnic-p'))?.id ?? '';
    const link = bed.fabric.links.get(id);
    await bed.cloud.provider().detachNics([id]);
    await bed.cloud.finishJobs();
    // Its link is still there, as after a detach that the guest ignored.
    bed.kernel.addLink(bed.kernel.namespace(pathOf('c1')), { name: 'eth0', mac: link?.mac ?? '', up: true });
    await rejection(check(bed), 'ERR_CHECK');
  });

  it('takes a NIC whose attach job is under way as attached, and one whose job failed as not', async () => {
    const bed = await createAttachmentBed({ cloud: { linkMs: 100, jobMs: 20_000 } });
    bed.pod('c1');
    await bed.attach('c1');
    await check(bed);
    const calls = bed.cloud.calls().map((call) => call.action);
    expect(calls.slice(-2)).to.deep.equal(['listNics', 'describeJobs']);
    await bed.cloud.finishJobs('the slot broke');
    await rejection(check(bed), 'ERR_CHECK');
  });

  it('says so when the cloud cannot be asked', async () => {
    const bed = await withPod();
    bed.cloud.onCall = (action, phase) => {
      if (phase === 'before') throw refusal(action, 'ERR_TRANSPORT', 'connection refused');
    };
    await rejection(check(bed), 'ERR_TRANSPORT');
  });

  it('rejects for a namespace that is gone', async () => {
    const bed = await withPod();
    bed.kernel.removeNamespace(pathOf('c1'));
    await rejection(check(bed), 'ERR_NAMESPACE');
  });
});
