import { expect } from 'chai';
import type { EmulatorOptions, JobFault } from '../../../../providers/qingcloud/emulator/index.js';
import { RecordingFabric } from '../../../support/recording-fabric.js';
import { type EmulatorBed, INSTANCE, JOB_MS, openEmulatorBed, VXNET } from '../../../support/standing-emulator.js';

const PRIMARY = '52:54:00:00:00:01';

describe('jobs of the emulator, with a fabric', () => {
  let fabric: RecordingFabric;
  let bed: EmulatorBed;
  let warnings: string[];

  async function open(options: EmulatorOptions = {}): Promise<void> {
    fabric = new RecordingFabric();
    warnings = [];
    bed = await openEmulatorBed({
      fabric,
      instances: [{ id: INSTANCE, namespace: { kind: 'own' }, primaryNic: { vxnetId: VXNET, id: PRIMARY } }],
      log: { debug() {}, info() {}, warn: (message) => warnings.push(message) },
      ...options,
    });
  }

  beforeEach(() => open());
  afterEach(() => bed.close());

  async function newNic(): Promise<string> {
    const [nic] = await bed.create();
    return nic?.id ?? '';
  }

  async function attachWith(fault: Omit<JobFault, 'kind'>): Promise<{ readonly id: string; readonly job: string }> {
    bed.emulator.addFault({ action: 'AttachNics', fault: { kind: 'job', ...fault } });
    const id = await newNic();
    return { id, job: await bed.attach(id) };
  }

  it('start with switches, machines and primary NICs in place', () => {
    expect(fabric.subnets).to.deep.equal([
      { id: VXNET, cidr: '192.168.100.0/24', gateway: '192.168.100.1', networkId: 'rtr-aaaaaaaa' },
      { id: 'vxnet-bbbbbbb', cidr: '192.168.101.0/24', gateway: '192.168.101.1', networkId: 'rtr-aaaaaaaa' },
      { id: 'vxnet-ccccccc', cidr: '192.168.102.0/24', gateway: '192.168.102.1', networkId: 'vxnet-ccccccc' },
    ]);
    expect(fabric.instances).to.deep.equal([INSTANCE]);
    expect([...fabric.plugged.values()]).to.deep.equal([
      { nic: { id: PRIMARY, mac: PRIMARY, address: '192.168.100.2', subnetId: VXNET, antiSpoofing: true }, instanceId: INSTANCE },
    ]);
    expect(bed.emulator.nics()[0]?.plugged).to.equal(true);
  });

  it('leave a primary NIC alone that the machine has already', async () => {
    await bed.close();
    await open({ instances: [{ id: INSTANCE, namespace: { kind: 'own' }, primaryNic: { vxnetId: VXNET, plug: false } }] });
    expect(fabric.plugged.size).to.equal(0);
  });

  it('plug a NIC with its MAC when they end, and unplug it likewise', async () => {
    const [nic = { id: '', address: '' }] = await bed.create();
    const job = await bed.attach(nic.id);
    await bed.clock.advance(JOB_MS - 1);
    expect(fabric.plugged.has(nic.id)).to.equal(false);
    await bed.clock.advance(1);
    expect(fabric.plugged.get(nic.id)).to.deep.equal({
      nic: { id: nic.id, mac: nic.id, address: nic.address, subnetId: VXNET, antiSpoofing: true },
      instanceId: INSTANCE,
    });
    const shown = bed.emulator.jobs().find((entry) => entry.id === job);
    expect(shown?.linksAt).to.equal((shown?.createdAt ?? 0) + JOB_MS);
    await bed.detach(nic.id);
    await bed.clock.advance(JOB_MS - 1);
    expect(fabric.plugged.has(nic.id)).to.equal(true);
    await bed.clock.advance(1);
    expect(fabric.plugged.has(nic.id)).to.equal(false);
  });

  it('plug what may not send under foreign addresses, unless it was told before, and switch that while it is plugged', async () => {
    const [early, late] = [await newNic(), await newNic()];
    await bed.call('ModifyNicAttributes', { nic: early, enable_aspoof: '0' });
    await bed.attached(early, late);
    expect([...fabric.filtered]).to.deep.equal([PRIMARY, late]);
    await bed.call('ModifyNicAttributes', { nic: late, enable_aspoof: '0' });
    expect([...fabric.filtered]).to.deep.equal([PRIMARY]);
    await bed.call('ModifyNicAttributes', { nic: early, enable_aspoof: '1' });
    expect([...fabric.filtered]).to.deep.equal([PRIMARY, early]);
  });

  it('switch a NIC to what it was told while it was being plugged', async () => {
    const id = await newNic();
    const plug = fabric.plug.bind(fabric);
    fabric.plug = async (nic, instanceId) => {
      await bed.call('ModifyNicAttributes', { nic: nic.id, enable_aspoof: '0' });
      await plug(nic, instanceId);
    };
    await bed.attach(id);
    await bed.clock.advance(JOB_MS);
    await bed.emulator.idle();
    expect([...fabric.filtered]).to.deep.equal([PRIMARY]);
  });

  it('filter nothing where anti-spoofing is declined', async () => {
    await bed.close();
    await open({ antiSpoofing: false });
    await bed.attached(await newNic());
    expect([...fabric.filtered]).to.deep.equal([]);
  });

  it('fail: nothing is plugged, and the NIC is available again', async () => {
    const { id, job } = await attachWith({ outcome: 'failed', errorCodes: '5200' });
    await bed.clock.advance(JOB_MS);
    expect(await bed.jobStatus(job)).to.equal('failed');
    expect(bed.emulator.jobs()[0]?.errorCodes).to.equal('5200');
    expect(fabric.plugs).to.deep.equal([PRIMARY]);
    expect(await bed.nic(id)).to.include({ status: 'available', instance_id: '' });
    await bed.attached(id);
    expect(await bed.nic(id)).to.include({ status: 'in-use' });
  });

  it('fail after the NIC was seen: it is taken away again', async () => {
    const { id, job } = await attachWith({ outcome: 'failed', linksAfterMs: 1_000 });
    await bed.clock.advance(1_000);
    expect(fabric.plugged.has(id)).to.equal(true);
    expect(await bed.jobStatus(job)).to.equal('working');
    await bed.clock.advance(JOB_MS);
    expect(await bed.jobStatus(job)).to.equal('failed');
    expect(fabric.plugged.has(id)).to.equal(false);
    expect(bed.emulator.nics().find((nic) => nic.id === id)?.plugged).to.equal(false);
  });

  it('end done with failure although the NIC is there, when told so', async () => {
    const { id, job } = await attachWith({ outcome: 'done with failure', landed: true });
    await bed.clock.advance(JOB_MS);
    expect(await bed.jobStatus(job)).to.equal('done with failure');
    expect(fabric.plugged.has(id)).to.equal(true);
    expect(await bed.nic(id)).to.include({ status: 'in-use', instance_id: INSTANCE });
  });

  it('are stuck: never ended, the NIC neither deleted nor attached meanwhile', async () => {
    const { id, job } = await attachWith({ outcome: 'stuck' });
    await bed.clock.advance(3_600_000);
    expect(await bed.jobStatus(job)).to.equal('working');
    expect(await bed.nic(id)).to.include({ status: 'available' });
    expect(await bed.call('DeleteNics', { 'nics.1': id })).to.include({ ret_code: 1400 });
    await bed.emulator.idle();
  });

  it('show the NIC long before they end', async () => {
    const { id, job } = await attachWith({ linksAfterMs: 0 });
    await bed.clock.advance(0);
    expect(fabric.plugged.has(id)).to.equal(true);
    expect(await bed.jobStatus(job)).to.equal('pending');
    expect(await bed.nic(id)).to.include({ status: 'available' });
    await bed.clock.advance(JOB_MS);
    expect(await bed.nic(id)).to.include({ status: 'in-use' });
  });

  it('show the NIC only after they have ended', async () => {
    const { id, job } = await attachWith({ linksAfterMs: 10_000 });
    await bed.clock.advance(JOB_MS);
    expect(await bed.jobStatus(job)).to.equal('successful');
    expect(await bed.nic(id)).to.include({ status: 'in-use' });
    expect(fabric.plugged.has(id)).to.equal(false);
    await bed.clock.advance(10_000 - JOB_MS);
    expect(fabric.plugged.has(id)).to.equal(true);
  });

  it('do not show a NIC late that has been detached meanwhile', async () => {
    const { id } = await attachWith({ linksAfterMs: 10_000 });
    await bed.clock.advance(JOB_MS);
    await bed.detach(id);
    await bed.clock.advance(20_000);
    expect(await bed.nic(id)).to.include({ status: 'available' });
    expect(fabric.plugged.has(id)).to.equal(false);
  });

  it('do not show a NIC late that is being detached', async () => {
    const { id } = await attachWith({ linksAfterMs: 10_000 });
    await bed.clock.advance(8_000);
    await bed.detach(id);
    await bed.clock.advance(2_500);
    expect(await bed.nic(id)).to.include({ status: 'in-use' });
    expect(fabric.plugs).to.deep.equal([PRIMARY]);
  });

  it('never show the NIC although they succeed', async () => {
    const { id, job } = await attachWith({ linksAfterMs: 'never' });
    await bed.clock.advance(3_600_000);
    expect(await bed.jobStatus(job)).to.equal('successful');
    expect(fabric.plugged.has(id)).to.equal(false);
  });

  it('take the time that a fault gives them', async () => {
    const { job } = await attachWith({ durationMs: 50_000 });
    await bed.clock.advance(49_999);
    expect(await bed.jobStatus(job)).to.equal('working');
    await bed.clock.advance(1);
    expect(await bed.jobStatus(job)).to.equal('successful');
  });

  it('put a NIC back whose detach fails after its link had gone', async () => {
    const id = await newNic();
    await bed.attached(id);
    bed.emulator.addFault({ action: 'DetachNics', fault: { kind: 'job', outcome: 'failed', linksAfterMs: 500 } });
    await bed.detach(id);
    await bed.clock.advance(500);
    expect(fabric.plugged.has(id)).to.equal(false);
    await bed.clock.advance(JOB_MS);
    expect(fabric.plugged.get(id)?.instanceId).to.equal(INSTANCE);
    expect(await bed.nic(id)).to.include({ status: 'in-use', instance_id: INSTANCE, sequence: 1 });
  });

  it('take a link away late, also of a NIC deleted meanwhile', async () => {
    const id = await newNic();
    await bed.attached(id);
    bed.emulator.addFault({ action: 'DetachNics', fault: { kind: 'job', linksAfterMs: 9_000 } });
    await bed.detach(id);
    await bed.clock.advance(JOB_MS);
    await bed.call('DeleteNics', { 'nics.1': id });
    expect(fabric.plugged.has(id)).to.equal(true);
    await bed.clock.advance(9_000);
    expect(fabric.plugged.has(id)).to.equal(false);
  });

  it('fail when the fabric refuses, with all of their NICs unplugged and a warning that says why', async () => {
    const [good, bad] = [await newNic(), await newNic()];
    fabric.onPlug = (nic) => {
      if (nic.id === bad) throw new Error('no sockets left');
    };
    const job = await bed.attach(good, bad);
    await bed.clock.advance(JOB_MS);
    await bed.emulator.idle();
    expect(await bed.jobStatus(job)).to.equal('failed');
    expect([fabric.plugged.has(good), fabric.plugged.has(bad)]).to.deep.equal([false, false]);
    expect(await bed.nic(good)).to.include({ status: 'available' });
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.match(new RegExp(`job ${job} failed`));
  });

  it('wait while they are held, and then take their time', async () => {
    bed.emulator.holdJobs();
    const id = await newNic();
    const job = await bed.attach(id);
    await bed.clock.advance(3_600_000);
    expect(await bed.jobStatus(job)).to.equal('pending');
    bed.emulator.releaseJobs();
    await bed.clock.advance(JOB_MS);
    expect(await bed.jobStatus(job)).to.equal('successful');
  });

  it('detach NICs of different machines at once, and put each back on its own when they fail', async () => {
    await bed.close();
    await open({ instances: ['i-aaaaaaaa', 'i-bbbbbbbb'].map((id) => ({ id, namespace: { kind: 'own' } as const })) });
    const [one, two] = [await newNic(), await newNic()];
    await bed.attached(one);
    await bed.call('AttachNics', { instance: 'i-bbbbbbbb', 'nics.1': two });
    await bed.clock.advance(JOB_MS);
    bed.emulator.addFault({ action: 'DetachNics', fault: { kind: 'job', outcome: 'failed', linksAfterMs: 0 } });
    await bed.detach(one, two);
    await bed.clock.advance(JOB_MS);
    expect([fabric.plugged.get(one)?.instanceId, fabric.plugged.get(two)?.instanceId]).to.deep.equal(['i-aaaaaaaa', 'i-bbbbbbbb']);
    expect((await bed.nic(two))?.['instance_id']).to.equal('i-bbbbbbbb');
    await bed.detach(one, two);
    expect(bed.emulator.nics().map((nic) => nic.transition?.instanceId)).to.deep.equal(['i-aaaaaaaa', 'i-bbbbbbbb']);
    await bed.clock.advance(JOB_MS);
    expect(fabric.plugged.size).to.equal(0);
  });

  it('stop where they are when the emulator is closed, held or not', async () => {
    const [running, held] = [await newNic(), await newNic()];
    await bed.attach(running);
    bed.emulator.holdJobs();
    await bed.attach(held);
    await bed.emulator.close();
    await bed.clock.advance(3_600_000);
    expect([fabric.plugged.has(running), fabric.plugged.has(held)]).to.deep.equal([false, false]);
    expect(warnings).to.deep.equal([]);
  });
});
