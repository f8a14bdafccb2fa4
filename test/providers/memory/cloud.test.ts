import { expect } from 'chai';
import { NicError, type ProviderError } from '../../../lib/errors.js';
import type { NicFabric } from '../../../lib/fabric.js';
import { createMemoryCloud, lostAnswer, type MemoryCloudOptions, refusal } from '../../../providers/memory/index.js';
import { ManualClock } from '../../support/manual-clock.js';

const SUBNETS = [
  { id: 'net-1', networkId: 'vpc-1', cidr: '192.168.100.0/24' },
  { id: 'net-small', networkId: 'vpc-1', cidr: '10.0.0.0/29', gateway: '10.0.0.6' },
  { id: 'net-bare' },
];

class EventFabric implements NicFabric {
  readonly events: string[] = [];
  broken = false;

  async addSubnet(): Promise<void> {}
  async addInstance(): Promise<void> {}
  async plug(nic: { id: string; mac: string; address: string; subnetId: string }, instanceId: string): Promise<void> {
    if (this.broken) throw new Error('no veth today');
    this.events.push(`plug ${nic.id} ${nic.mac} ${nic.address} ${nic.subnetId} ${instanceId}`);
  }
  async unplug(nicId: string): Promise<void> {
    this.events.push(`unplug ${nicId}`);
  }
  async setAntiSpoofing(nicId: string, on: boolean): Promise<void> {
    this.events.push(`${on ? 'filter' : 'forward'} ${nicId}`);
  }
  async close(): Promise<void> {}
}

function createCloud(options: Partial<MemoryCloudOptions> = {}) {
  const cloud = createMemoryCloud({ instanceId: 'i-1', subnets: SUBNETS, ...options });
  return { cloud, provider: cloud.provider() };
}

async function rejection(promise: Promise<unknown>): Promise<ProviderError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof NicError) return error as ProviderError;
    throw error;
  }
  throw new Error('it resolved');
}

describe('createMemoryCloud()', () => {
  it('gives the lowest free address, and never the network, router or broadcast address', async () => {
    const { provider } = createCloud();
    const addresses: string[] = [];
    for (let i = 0; i < 5; i++) addresses.push(...(await provider.createNic({ subnetId: 'net-small', name: '' })).addresses);
    expect(addresses).to.deep.equal(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5']);
    const error = await rejection(provider.createNic({ subnetId: 'net-small', name: '' }));
    expect(error).to.include({ code: 'ERR_CAPACITY', outcome: 'refused', retryable: true });
  });

  it('counts free addresses down and up', async () => {
    const { provider } = createCloud();
    const free = async () => (await provider.describeSubnets(['net-1', 'net-small'])).map((subnet) => subnet.freeAddresses);
    expect(await free()).to.deep.equal([252, 5]);
    const nic = await provider.createNic({ subnetId: 'net-small', name: '' });
    expect(await free()).to.deep.equal([252, 4]);
    await provider.deleteNics([nic.id]);
    expect(await free()).to.deep.equal([252, 5]);
  });

  it('holds at most 252 NICs in a subnet', async () => {
    const { provider } = createCloud({ subnets: [{ id: 'big', networkId: 'vpc-1', cidr: '10.0.0.0/16' }] });
    for (let i = 0; i < 252; i++) await provider.createNic({ subnetId: 'big', name: '' });
    expect(await rejection(provider.createNic({ subnetId: 'big', name: '' }))).to.include({ code: 'ERR_CAPACITY' });
  });

  it('gives NICs of a subnet without range no address', async () => {
    const { provider } = createCloud();
    const nic = await provider.createNic({ subnetId: 'net-bare', name: 'x' });
    expect(nic.addresses).to.deep.equal([]);
    const [subnet] = await provider.describeSubnets(['net-bare']);
    expect(subnet).to.deep.include({ networkId: undefined, cidr: undefined, gateway: undefined });
  });

  it('refuses a wished address that is taken, reserved or out of range', async () => {
    const { provider } = createCloud();
    const wish = (address: string) => provider.createNic({ subnetId: 'net-1', name: '', address });
    expect((await wish('192.168.100.77')).addresses).to.deep.equal(['192.168.100.77']);
    expect(await rejection(wish('192.168.100.77'))).to.include({ code: 'ERR_STATE', outcome: 'refused' });
    for (const address of ['192.168.100.0', '192.168.100.1', '192.168.100.255', '192.168.101.2', 'x']) {
      expect((await rejection(wish(address))).code, address).to.equal('ERR_REQUEST');
    }
  });

  it('refuses more NICs on an instance than it holds, those under way included', async () => {
    const { cloud, provider } = createCloud({ jobMs: Number.POSITIVE_INFINITY, features: { maxNicsPerInstance: 3 } });
    cloud.addNic({ subnetId: 'net-1', instanceId: 'i-1', role: 'primary' });
    const ids = [1, 2, 3].map(() => cloud.addNic({ subnetId: 'net-1' }).id);
    await provider.attachNics(ids.slice(0, 1), 'i-1');
    expect((await rejection(provider.attachNics(ids.slice(1), 'i-1'))).code).to.equal('ERR_INSTANCE_FULL');
    await provider.attachNics(ids.slice(1, 2), 'i-1');
    await cloud.finishJobs();
    expect((await rejection(provider.attachNics(ids.slice(2), 'i-1'))).code).to.equal('ERR_INSTANCE_FULL');
  });

  it('refuses an address range that is none', () => {
    expect(() => createCloud({ subnets: [{ id: 'x', cidr: '10.0.0.0' }] })).to.throw(RangeError, 'subnet x: 10.0.0.0 is no range');
    expect(() => createCloud({ subnets: [{ id: 'x', cidr: '10.0.0.0/8', gateway: 'y' }] })).to.throw(RangeError, 'subnet x: y');
  });
});

describe('MemoryCloud jobs', () => {
  it('end with the next call once their time has come', async () => {
    const clock = new ManualClock();
    const { cloud, provider } = createCloud({ clock, jobMs: 5000 });
    const nic = await provider.createNic({ subnetId: 'net-1', name: 'x' });
    const job = await provider.attachNics([nic.id], 'i-1');
    await clock.advance(4999);
    expect(await provider.describeJobs([job])).to.deep.include.members([
      { id: job, status: 'running', reason: undefined, action: 'attach', nicIds: [nic.id], instanceId: 'i-1' },
    ]);
    await clock.advance(1);
    expect(cloud.nics()[0]?.status).to.equal('available');
    expect((await provider.describeJobs([job]))[0]?.status).to.equal('succeeded');
    expect(cloud.nics()[0]).to.include({ status: 'in-use', instanceId: 'i-1' });
  });

  it('end by themselves with timers', async () => {
    const clock = new ManualClock();
    const fabric = new EventFabric();
    const { cloud, provider } = createCloud({ clock, fabric, jobMs: 5000, linkMs: 2000, timers: true });
    const nic = await provider.createNic({ subnetId: 'net-1', name: 'x' });
    await provider.attachNics([nic.id], 'i-1');
    await clock.advance(2000);
    expect(fabric.events).to.deep.equal([`plug ${nic.id} ${nic.mac} 192.168.100.2 net-1 i-1`]);
    expect(cloud.nics()[0]?.status).to.equal('available');
    await clock.advance(3000);
    expect(cloud.jobs()[0]?.status).to.equal('succeeded');
    expect(fabric.events).to.have.length(1);
  });

  it('leave nothing behind when they fail after the link was seen', async () => {
    const clock = new ManualClock();
    const fabric = new EventFabric();
    const { cloud, provider } = createCloud({ clock, fabric, jobMs: 5000, linkMs: 0 });
    cloud.failJobs(1, 'no PCI slot');
    const nic = await provider.createNic({ subnetId: 'net-1', name: 'x' });
    const job = await provider.attachNics([nic.id], 'i-1');
    expect(fabric.events.map((event) => event.split(' ')[0])).to.deep.equal(['plug']);
    await clock.advance(5000);
    expect((await provider.describeJobs([job]))[0]).to.include({ status: 'failed', reason: 'no PCI slot' });
    expect(fabric.events.map((event) => event.split(' ')[0])).to.deep.equal(['plug', 'unplug']);
    expect(cloud.nics()[0]).to.include({ status: 'available', instanceId: undefined });
    await cloud.close();
  });

  it('fail when the fabric does', async () => {
    const fabric = new EventFabric();
    fabric.broken = true;
    const { cloud, provider } = createCloud({ fabric });
    const nic = await provider.createNic({ subnetId: 'net-1', name: 'x' });
    const job = await provider.attachNics([nic.id], 'i-1');
    expect((await provider.describeJobs([job]))[0]).to.include({ status: 'failed', reason: 'no veth today' });
    expect(cloud.nics()[0]?.status).to.equal('available');
  });

  it('wait for finishJobs() when they have no end', async () => {
    const fabric = new EventFabric();
    const { cloud, provider } = createCloud({ fabric, jobMs: Number.POSITIVE_INFINITY });
    const nic = await provider.createNic({ subnetId: 'net-1', name: 'x' });
    await provider.attachNics([nic.id], 'i-1');
    expect(fabric.events).to.deep.equal([]);
    await cloud.finishJobs('the host is full');
    expect(cloud.jobs()[0]).to.include({ status: 'failed', reason: 'the host is full' });
    await provider.attachNics([nic.id], 'i-1');
    await cloud.finishJobs();
    expect(cloud.jobs()[1]?.status).to.equal('succeeded');
    expect(fabric.events).to.have.length(1);
    await provider.detachNics([nic.id]);
    await cloud.finishJobs();
    expect(fabric.events.at(-1)).to.equal(`unplug ${nic.id}`);
    expect(cloud.nics()[0]).to.include({ status: 'available', instanceId: undefined });
  });
});

describe('MemoryCloud.onCall', () => {
  it('can lose an answer after the effect', async () => {
    const { cloud, provider } = createCloud();
    cloud.onCall = (action, phase) => {
      if (action === 'createNic' && phase === 'after') throw lostAnswer(action);
    };
    expect(await rejection(provider.createNic({ subnetId: 'net-1', name: 'lost' }))).to.include({ outcome: 'unknown', retryable: true });
    expect(cloud.nics().map((nic) => nic.name)).to.deep.equal(['lost']);
  });

  it('can refuse before the effect', async () => {
    const { cloud, provider } = createCloud();
    cloud.onCall = (action, phase) => {
      if (phase === 'before') throw refusal(action, 'ERR_QUOTA', 'enough');
    };
    expect(await rejection(provider.createNic({ subnetId: 'net-1', name: '' }))).to.include({
      code: 'ERR_QUOTA',
      outcome: 'refused',
      retryable: false,
      message: 'createNic: enough',
    });
    expect(cloud.nics()).to.deep.equal([]);
    expect(cloud.calls()).to.deep.equal([{ action: 'createNic', args: [{ subnetId: 'net-1', name: '' }] }]);
  });

  it('can delay a call, and the signal ends the wait', async () => {
    const { cloud, provider } = createCloud();
    const controller = new AbortController();
    cloud.onCall = () => new Promise(() => {});
    const pending = rejection(provider.listNics({}, { signal: controller.signal }));
    controller.abort();
    expect(await pending).to.include({ code: 'ERR_CANCELLED', outcome: 'unknown', action: 'listNics' });
    const early = await rejection(provider.listNics({}, { signal: AbortSignal.abort() }));
    expect(early).to.include({ code: 'ERR_CANCELLED', outcome: 'refused' });
    expect(cloud.calls()).to.have.length(1);
  });

  it('tells the fabric which NICs may forward', async () => {
    const fabric = new EventFabric();
    const { cloud, provider } = createCloud({ fabric });
    const nic = cloud.addNic({ subnetId: 'net-1' });
    await provider.allowForwarding(nic.id);
    expect(fabric.events).to.deep.equal([`forward ${nic.id}`]);
    expect(cloud.forwardingNics()).to.deep.equal([nic.id]);
    cloud.removeNic(nic.id);
    expect(cloud.forwardingNics()).to.deep.equal([]);
    expect((await rejection(provider.allowForwarding(nic.id))).code).to.equal('ERR_NOT_FOUND');
  });

  it('runs any number of jobs at once without a warning of the runtime', async () => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning.name);
    process.on('warning', onWarning);
    const { cloud, provider } = createCloud({ timers: true, jobMs: 60_000 });
    try {
      for (let i = 0; i < 12; i++) {
        const nic = await provider.createNic({ subnetId: 'net-1', name: `n${i}` });
        await provider.attachNics([nic.id], 'i-1');
      }
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('warning', onWarning);
      await cloud.close();
    }
    expect(cloud.jobs().filter((job) => job.status === 'running')).to.have.length(12);
    expect(warnings).to.deep.equal([]);
  });
});
