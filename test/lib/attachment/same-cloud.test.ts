import { expect } from 'chai';
import type { AttachmentEngine, AttachRequest } from '../../../lib/attachment/index.js';
import type { NicProvider } from '../../../lib/provider.js';
import { createMemoryCloud, lostAnswer, type MemoryCloud } from '../../../providers/memory/index.js';
import { type AttachmentBed, createAttachmentBed, keyOf, pathOf, requestOf, SUBNETS } from '../../support/attachment-bed.js';
import { rejection } from '../../support/rejection.js';

const HOUR = 3_600_000;
const viaHost: Partial<AttachRequest> = { routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }] };
const detachOf = (name: string) => ({ key: keyOf(name), subnetIds: ['net-1'] });

interface Strayed {
  readonly bed: AttachmentBed;
  /** Runs with the settings of another account, which has subnets of the same names and knows nothing of this host. */
  readonly strange: AttachmentEngine;
  readonly strangeCloud: MemoryCloud;
  /** Runs with other settings for the same account. */
  readonly other: AttachmentEngine;
}

function withIdentity(provider: NicProvider, identity: string): NicProvider {
  return new Proxy(provider, {
    get(target, name) {
      if (name === 'identity') return identity;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function strayed(...names: readonly string[]): Promise<Strayed> {
  const bed = await createAttachmentBed({ cloud: { features: { lateEffectMs: 90_000 } }, limits: { gatewayIdleMs: HOUR } });
  const strangeCloud = createMemoryCloud({ instanceId: 'i-elsewhere', subnets: SUBNETS, clock: bed.clock });
  for (const name of names) {
    bed.pod(name);
    await bed.attach(name, viaHost);
  }
  await bed.clock.sleep(1000);
  for (const name of names) bed.kernel.removeNamespace(pathOf(name));
  await bed.clock.sleep(1000);
  return {
    bed,
    strangeCloud,
    strange: bed.process({ provider: async () => withIdentity(strangeCloud.provider({ instanceId: 'i-1' }), 'another account') }).engine,
    other: bed.process({ provider: async () => withIdentity(bed.cloud.provider({ instanceId: 'i-1' }), 'another key') }).engine,
  };
}

/** Calls that a cloud was asked to change something by. */
function changes(cloud: MemoryCloud): readonly string[] {
  return cloud.calls().flatMap(({ action }) => (/^(create|attach|detach|delete)/.test(action) ? [action] : []));
}

describe('with the settings of another account, which knows none of this host', () => {
  it('DEL does not take the NIC for gone', async () => {
    const { bed, strange, strangeCloud } = await strayed('c1');
    const error = await rejection(strange.detach(detachOf('c1'), bed.timing()), 'ERR_PENDING');
    expect(error.message).to.include('check account and zone');
    expect(changes(strangeCloud)).to.deep.equal([]);
    expect(bed.nics()).to.have.length(2);
    bed.clock.skip(HOUR);
    await bed.detach('c1');
    expect(bed.nics()).to.have.length(1);
    expect(bed.files().filter((file) => file.startsWith('attachments/'))).to.deep.equal([]);
  });

  it('neither the sweep nor GC forgets what is left to do, gateways included', async () => {
    const { bed, strange, strangeCloud } = await strayed('c1');
    const nics = bed.nics();
    for (let i = 0; i < 4; i++) {
      await strange.detach(detachOf('unknown'), bed.timing());
      const { failed } = await strange.collect({ network: 'pods', valid: [], subnetIds: ['net-1'] }, bed.timing());
      expect(failed.map(({ key }) => key)).to.deep.equal([keyOf('c1')]);
      bed.clock.skip(2 * HOUR);
    }
    expect(bed.nics()).to.deep.equal(nics);
    expect(changes(strangeCloud)).to.deep.equal([]);
    for (let i = 0; i < 3; i++) {
      await bed.detach('unknown');
      bed.clock.skip(2 * HOUR);
    }
    expect(bed.nics()).to.deep.equal([]);
    expect(bed.files()).to.deep.equal([]);
  });

  it('a NIC whose answer was lost is not taken for one that never came', async () => {
    const { bed, strange } = await strayed();
    bed.pod('c1');
    bed.cloud.onCall = (action, phase) => {
      if (action !== 'createNic') return;
      if (phase === 'after') throw lostAnswer(action);
    };
    const dying = bed.process();
    const adding = dying.engine.attach(requestOf('c1'), bed.timing(8000)).catch(() => {});
    await bed.clock.sleep(1);
    dying.kill();
    void adding;
    bed.cloud.onCall = undefined;
    expect(bed.nics()).to.have.length(1);
    bed.clock.skip(HOUR);
    await rejection(strange.detach(detachOf('c1'), bed.timing()), 'ERR_PENDING');
    bed.clock.skip(HOUR);
    await bed.detach('c1');
    expect(bed.nics()).to.deep.equal([]);
  });
});

describe('with other settings for the same account, as after a key was exchanged', () => {
  it('DEL gives back the NIC, or finds that it is gone', async () => {
    const { bed, other } = await strayed('c1', 'c2');
    const [, second] = bed.nics().filter(({ name }) => name.startsWith('hostnic-p'));
    await bed.fabric.unplug(second?.id ?? '');
    bed.cloud.removeNic(second?.id ?? '');
    await other.detach(detachOf('c1'), bed.timing());
    await other.detach(detachOf('c2'), bed.timing());
    expect(bed.nics()).to.have.length(1);
    expect(bed.files().filter((file) => file.startsWith('attachments/'))).to.deep.equal([]);
  });

  it('the NIC itself is proof enough where the cloud does not show the primary one', async () => {
    const { bed, other } = await strayed('c1');
    await bed.cloud.provider().detachNics(bed.nics().map(({ id }) => id));
    await bed.clock.sleep(1000);
    bed.cloud.removeNic(bed.primary.id);
    await other.detach(detachOf('c1'), bed.timing());
    expect(bed.nics()).to.have.length(1);
  });
});
