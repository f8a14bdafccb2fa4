import { expect } from 'chai';
import type { EmulatorOptions } from '../../../../../providers/qingcloud/emulator/index.js';
import { type EmulatorBed, INSTANCE, JOB_MS, listParams, openEmulatorBed, VXNET } from '../../../../support/standing-emulator.js';

const PRIMARY = '52:54:00:00:00:01';

async function nicIds(bed: EmulatorBed, count: number): Promise<string[]> {
  return (await bed.create(count)).map((nic) => nic.id);
}

describe('AttachNics, DetachNics and DeleteNics', () => {
  let bed: EmulatorBed;
  beforeEach(async () => {
    bed = await openEmulatorBed();
  });
  afterEach(() => bed.close());

  async function reopen(options: EmulatorOptions): Promise<void> {
    await bed.close();
    bed = await openEmulatorBed(options);
  }

  it('lead a NIC from available to in-use, back, and away', async () => {
    const [id = ''] = await nicIds(bed, 1);
    const job = await bed.attach(id);
    expect(job).to.match(/^j-[a-z0-9]{8}$/);
    expect(await bed.jobStatus(job)).to.equal('pending');
    await bed.clock.advance(200);
    expect(await bed.jobStatus(job)).to.equal('working');
    expect(await bed.nic(id)).to.include({ status: 'available', instance_id: '' });
    await bed.clock.advance(JOB_MS - 201);
    expect(await bed.jobStatus(job)).to.equal('working');
    await bed.clock.advance(1);
    expect(await bed.jobStatus(job)).to.equal('successful');
    expect(await bed.nic(id)).to.include({ status: 'in-use', instance_id: INSTANCE, role: 0, sequence: 1 });

    const back = await bed.detach(id);
    await bed.clock.advance(JOB_MS - 1);
    expect(await bed.nic(id)).to.include({ status: 'in-use', instance_id: INSTANCE });
    await bed.clock.advance(1);
    expect(await bed.jobStatus(back)).to.equal('successful');
    expect(await bed.nic(id)).to.include({ status: 'available', instance_id: '', sequence: 0 });

    expect(await bed.call('DeleteNics', { 'nics.1': id })).to.deep.equal({ action: 'DeleteNicsResponse', ret_code: 0 });
    expect(await bed.nic(id)).to.equal(undefined);
  });

  it('give each NIC a place on the instance, and the place of one that left to the next', async () => {
    const [a = '', b = '', c = ''] = await nicIds(bed, 3);
    await bed.attached(a, b);
    expect([(await bed.nic(a))?.['sequence'], (await bed.nic(b))?.['sequence']]).to.deep.equal([1, 2]);
    await bed.detach(a);
    await bed.clock.advance(JOB_MS);
    await bed.attached(c);
    expect((await bed.nic(c))?.['sequence']).to.equal(1);
  });

  it('may show the new status from the start of the job on', async () => {
    await reopen({ choices: { statusChanges: 'job-start' } });
    const [id = ''] = await nicIds(bed, 1);
    const job = await bed.attach(id);
    expect(await bed.nic(id)).to.include({ status: 'in-use', instance_id: INSTANCE, sequence: 1 });
    expect(await bed.call('DetachNics', { 'nics.1': id })).to.include({ ret_code: 1400 });
    await bed.clock.advance(JOB_MS);
    expect(await bed.jobStatus(job)).to.equal('successful');
    expect(await bed.nic(id)).to.include({ status: 'in-use', instance_id: INSTANCE, sequence: 1 });
    await bed.detach(id);
    expect(await bed.nic(id)).to.include({ status: 'available', instance_id: '' });
    expect(await bed.call('DeleteNics', { 'nics.1': id })).to.include({ ret_code: 1400 });
    await bed.clock.advance(JOB_MS);
    expect(await bed.call('DeleteNics', { 'nics.1': id })).to.include({ ret_code: 0 });
  });

  it('go back to the old status when a job fails that showed the new one from its start on', async () => {
    await reopen({ choices: { statusChanges: 'job-start' } });
    const [id = ''] = await nicIds(bed, 1);
    bed.emulator.addFault({ fault: { kind: 'job', outcome: 'failed' } });
    await bed.attach(id);
    expect(await bed.nic(id)).to.include({ status: 'in-use', instance_id: INSTANCE });
    await bed.clock.advance(JOB_MS);
    expect(await bed.nic(id)).to.include({ status: 'available', instance_id: '', sequence: 0 });
    await bed.attached(id);
    bed.emulator.addFault({ fault: { kind: 'job', outcome: 'done with failure' } });
    await bed.detach(id);
    expect(await bed.nic(id)).to.include({ status: 'available', instance_id: '' });
    await bed.clock.advance(JOB_MS);
    expect(await bed.nic(id)).to.include({ status: 'in-use', instance_id: INSTANCE, sequence: 1 });
  });

  async function inTransition(kind: 'attach' | 'detach'): Promise<string> {
    const [id = ''] = await nicIds(bed, 1);
    if (kind === 'detach') await bed.attached(id);
    await (kind === 'attach' ? bed.attach(id) : bed.detach(id));
    return id;
  }

  for (const kind of ['attach', 'detach'] as const) {
    for (const action of ['AttachNics', 'DetachNics', 'DeleteNics']) {
      it(`refuse ${action} while a job to ${kind} is under way with 1400, and let that job end`, async () => {
        const id = await inTransition(kind);
        const reply = await bed.call(action, { 'nics.1': id, instance: INSTANCE });
        expect(reply.ret_code).to.equal(1400);
        expect(reply.message).to.match(new RegExp(`^PermissionDenied, nic \\[${id}\\]`));
        await bed.clock.advance(JOB_MS);
        expect((await bed.nic(id))?.['status']).to.equal(kind === 'attach' ? 'in-use' : 'available');
      });
    }
  }

  const refused: {
    name: string;
    action: string;
    ids: (bed: EmulatorBed) => Promise<string[]>;
    params?: Record<string, string>;
    code: number;
    text: RegExp;
  }[] = [
    { name: 'attaching what is attached', action: 'AttachNics', ids: async () => [PRIMARY], code: 1400, text: /not available/ },
    {
      name: 'attaching what does not exist',
      action: 'AttachNics',
      ids: async () => ['52:54:00:00:99:99'],
      code: 2100,
      text: /^ResourceNotFound, nic/,
    },
    {
      name: 'attaching to no instance',
      action: 'AttachNics',
      ids: (bed) => nicIds(bed, 1),
      params: { instance: '' },
      code: 1100,
      text: /\[instance\]/,
    },
    {
      name: 'attaching to an instance that does not exist',
      action: 'AttachNics',
      ids: (bed) => nicIds(bed, 1),
      params: { instance: 'i-zzzzzzzz' },
      code: 2100,
      text: /^ResourceNotFound, instance/,
    },
    { name: 'attaching six NICs at once', action: 'AttachNics', ids: (bed) => nicIds(bed, 6), code: 1400, text: /\[5\]/ },
    { name: 'attaching no NIC', action: 'AttachNics', ids: async () => [], code: 1100, text: /\[nics\]/ },
    {
      name: 'naming a NIC twice',
      action: 'AttachNics',
      ids: async (bed) => {
        const [id = ''] = await nicIds(bed, 1);
        return [id, id];
      },
      code: 1100,
      text: /twice/,
    },
    { name: 'detaching what is not attached', action: 'DetachNics', ids: (bed) => nicIds(bed, 1), code: 1400, text: /not in use/ },
    { name: 'detaching the primary NIC', action: 'DetachNics', ids: async () => [PRIMARY], code: 1400, text: /primary/ },
    { name: 'detaching what does not exist', action: 'DetachNics', ids: async () => ['x'], code: 2100, text: /^ResourceNotFound, / },
    { name: 'deleting what is in use', action: 'DeleteNics', ids: async () => [PRIMARY], code: 1400, text: /in use/ },
    { name: 'deleting what does not exist', action: 'DeleteNics', ids: async () => ['x'], code: 2100, text: /^ResourceNotFound, / },
    {
      name: 'deleting one that exists with one that does not',
      action: 'DeleteNics',
      ids: async (bed) => [...(await nicIds(bed, 1)), 'x'],
      code: 2100,
      text: /^ResourceNotFound, /,
    },
  ];
  for (const { name, action, ids, params, code, text } of refused) {
    it(`refuse ${name} with ${code}, and change nothing`, async () => {
      const list = await ids(bed);
      const before = bed.emulator.nics();
      const reply = await bed.call(action, { instance: INSTANCE, ...listParams('nics', list), ...params });
      expect(reply).to.have.all.keys('message', 'ret_code');
      expect(reply.ret_code).to.equal(code);
      expect(reply.message).to.match(text);
      expect(bed.emulator.nics()).to.deep.equal(before);
      expect(bed.emulator.jobs()).to.deep.equal([]);
    });
  }

  it('refuse an instance that is not running with the text of the real service', async () => {
    const [id = ''] = await nicIds(bed, 1);
    bed.emulator.setInstanceStatus(INSTANCE, 'stopped');
    const reply = await bed.call('AttachNics', { instance: INSTANCE, 'nics.1': id });
    expect(reply.ret_code).to.equal(1400);
    expect(reply.message).to.match(new RegExp(`^PermissionDenied, instance \\[${INSTANCE}\\] is not running, can not `));
    bed.emulator.setInstanceStatus(INSTANCE, 'running');
    expect(await bed.call('AttachNics', { instance: INSTANCE, 'nics.1': id })).to.include({ ret_code: 0 });
  });

  it('let an instance hold 64 NICs, with the primary and those on their way', async () => {
    const ids = await nicIds(bed, 64);
    for (let i = 0; i < 60; i += 5) await bed.attach(...ids.slice(i, i + 5));
    expect(await bed.call('AttachNics', { instance: INSTANCE, ...listParams('nics', ids.slice(60, 64)) })).to.include({ ret_code: 1400 });
    await bed.attach(...ids.slice(60, 63));
    const reply = await bed.call('AttachNics', { instance: INSTANCE, 'nics.1': ids[63] ?? '' });
    expect(reply.message).to.match(/\[64\] nics/);
    await bed.clock.advance(JOB_MS);
    expect(bed.emulator.nics().filter((nic) => nic.instanceId === INSTANCE)).to.have.length(64);
    expect(new Set(bed.emulator.nics().map((nic) => nic.sequence)).size).to.equal(64);
  });

  it('take other limits and other codes for them', async () => {
    await reopen({ limits: { nicsPerInstance: 2, nicsPerCall: 1 }, choices: { instanceFullCode: 2500 } });
    const [a = '', b = ''] = await nicIds(bed, 2);
    expect(await bed.call('AttachNics', { instance: INSTANCE, ...listParams('nics', [a, b]) })).to.include({ ret_code: 1400 });
    await bed.attached(a);
    expect(await bed.call('AttachNics', { instance: INSTANCE, 'nics.1': b })).to.include({ ret_code: 2500 });
  });
});

describe('ModifyNicAttributes', () => {
  let bed: EmulatorBed;
  beforeEach(async () => {
    bed = await openEmulatorBed();
  });
  afterEach(() => bed.close());

  it('changes name, address and vxnet of a NIC that is not attached', async () => {
    const [id = ''] = await nicIds(bed, 1);
    expect(await bed.call('ModifyNicAttributes', { nic: id, nic_name: 'new', private_ip: '192.168.100.200' })).to.deep.equal({
      action: 'ModifyNicAttributesResponse',
      ret_code: 0,
    });
    expect(await bed.nic(id)).to.include({ nic_name: 'new', private_ip: '192.168.100.200', vxnet_id: VXNET });
    await bed.call('ModifyNicAttributes', { nic: id, vxnet: 'vxnet-bbbbbbb' });
    expect(await bed.nic(id)).to.include({ nic_name: 'new', private_ip: '192.168.101.2', vxnet_id: 'vxnet-bbbbbbb' });
    await bed.call('ModifyNicAttributes', { nic: id, vxnet: 'vxnet-ccccccc' });
    expect(await bed.nic(id)).to.include({ private_ip: '', vxnet_id: 'vxnet-ccccccc' });
  });

  it('switches the filter for foreign source addresses, also while the NIC is attached', async () => {
    const [id = ''] = await nicIds(bed, 1);
    await bed.attached(id);
    const shown = (): boolean | undefined => bed.emulator.nics().find((nic) => nic.id === id)?.antiSpoofing;
    expect(shown()).to.equal(true);
    expect(await bed.call('ModifyNicAttributes', { nic: id, enable_aspoof: '0' })).to.include({ ret_code: 0 });
    expect(shown()).to.equal(false);
    await bed.call('ModifyNicAttributes', { nic: id, enable_aspoof: '1' });
    expect(shown()).to.equal(true);
  });

  it('keeps an address that is set once more', async () => {
    const [nic = { id: '', address: '' }] = await bed.create();
    expect(await bed.call('ModifyNicAttributes', { nic: nic.id, private_ip: nic.address })).to.include({ ret_code: 0 });
    expect(await bed.nic(nic.id)).to.include({ private_ip: nic.address });
  });

  it('refuses a new address while a job to attach is under way', async () => {
    const [id = ''] = await nicIds(bed, 1);
    await bed.attach(id);
    expect(await bed.call('ModifyNicAttributes', { nic: id, private_ip: '192.168.100.9' })).to.include({ ret_code: 1400 });
  });

  it('keeps what it is not told to change', async () => {
    const [id = ''] = await nicIds(bed, 1);
    const before = await bed.nic(id);
    await bed.call('ModifyNicAttributes', { nic: id });
    expect(await bed.nic(id)).to.deep.equal(before);
  });

  const refused: { name: string; params: Record<string, string>; code: number }[] = [
    { name: 'no NIC, as one old client sends it', params: { nic: '', nic_id: PRIMARY }, code: 1100 },
    { name: 'an unknown NIC', params: { nic: '52:54:00:00:99:99' }, code: 2100 },
    { name: 'a new address while it is attached', params: { nic: PRIMARY, private_ip: '192.168.100.9' }, code: 1400 },
    { name: 'a flag that is none', params: { enable_aspoof: 'no' }, code: 1100 },
    { name: 'an address that is taken', params: { private_ip: '192.168.100.2' }, code: 1400 },
    { name: 'an address outside', params: { private_ip: '10.0.0.1' }, code: 1100 },
    { name: 'an unknown vxnet', params: { vxnet: 'vxnet-zzzzzzz' }, code: 2100 },
  ];
  for (const { name, params, code } of refused) {
    it(`refuses ${name} with ${code}, and changes nothing`, async () => {
      const [id = ''] = await nicIds(bed, 1);
      const before = bed.emulator.nics();
      expect(await bed.call('ModifyNicAttributes', { nic: id, ...params })).to.include({ ret_code: code });
      expect(bed.emulator.nics()).to.deep.equal(before);
    });
  }
});
