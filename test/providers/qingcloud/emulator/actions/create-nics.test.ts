import { expect } from 'chai';
import type { EmulatorOptions } from '../../../../../providers/qingcloud/emulator/index.js';
import {
  type EmulatorBed,
  INSTANCE,
  LONE_VXNET,
  listParams,
  OTHER_VXNET,
  openEmulatorBed,
  VXNET,
} from '../../../../support/standing-emulator.js';

describe('CreateNics', () => {
  let bed: EmulatorBed;
  beforeEach(async () => {
    bed = await openEmulatorBed();
  });
  afterEach(() => bed.close());

  async function reopen(options: EmulatorOptions): Promise<void> {
    await bed.close();
    bed = await openEmulatorBed(options);
  }

  it('makes NICs that are available at once, each with a MAC of its own as id, and the lowest free addresses', async () => {
    const reply = await bed.call('CreateNics', { vxnet: VXNET, count: '3', nic_name: 'mine' });
    expect(reply).to.have.all.keys('action', 'nics', 'ret_code');
    expect(reply).to.include({ action: 'CreateNicsResponse', ret_code: 0 });
    const nics = reply['nics'];
    if (!Array.isArray(nics)) expect.fail('nics is no list');
    // .1 is the router's, .2 the primary NIC's.
    expect(nics.map((nic) => nic.private_ip)).to.deep.equal(['192.168.100.3', '192.168.100.4', '192.168.100.5']);
    expect(new Set(nics.map((nic) => nic.nic_id)).size).to.equal(3);
    for (const nic of nics) {
      expect(nic.nic_id).to.match(/^52:54(:[0-9a-f]{2}){4}$/);
      expect(await bed.nic(nic.nic_id)).to.include({ nic_name: 'mine', status: 'available', instance_id: '', vxnet_id: VXNET, role: 0 });
    }
  });

  it('makes one NIC without a count, and two for two calls that are the same', async () => {
    const first = await bed.call('CreateNics', { vxnet: VXNET, nic_name: 'same' });
    const second = await bed.call('CreateNics', { vxnet: VXNET, nic_name: 'same' });
    expect(first['nics']).to.have.length(1);
    expect(second['nics']).to.have.length(1);
    expect(first['nics']).to.not.deep.equal(second['nics']);
    expect(bed.emulator.nics().filter((nic) => nic.name === 'same')).to.have.length(2);
  });

  it('gives the wished addresses', async () => {
    const nics = await bed.create(2, listParams('private_ips', ['192.168.100.77', '192.168.100.20']));
    expect(nics.map((nic) => nic.address)).to.deep.equal(['192.168.100.77', '192.168.100.20']);
  });

  it('gives the address of a deleted NIC again', async () => {
    const [nic] = await bed.create();
    await bed.call('DeleteNics', { 'nics.1': nic?.id ?? '' });
    expect((await bed.create())[0]?.address).to.equal(nic?.address);
  });

  it('gives no address in a vxnet without VPC, nor with disable_ip', async () => {
    expect((await bed.create(1, { vxnet: LONE_VXNET }))[0]?.address).to.equal('');
    expect((await bed.create(1, { disable_ip: '1' }))[0]?.address).to.equal('');
  });

  const refused: { name: string; params: Record<string, string>; code: number; text: RegExp }[] = [
    { name: 'no vxnet', params: { vxnet: '' }, code: 1100, text: /\[vxnet\]/ },
    { name: 'an unknown vxnet', params: { vxnet: 'vxnet-zzzzzzz' }, code: 2100, text: /^ResourceNotFound, .*vxnet-zzzzzzz/ },
    { name: 'count 0', params: { count: '0' }, code: 1100, text: /\[count\]/ },
    { name: 'count 253', params: { count: '253' }, code: 1100, text: /\[count\]/ },
    { name: 'a count that is no number', params: { count: 'x' }, code: 1100, text: /\[count\]/ },
    { name: 'an address of another network', params: { 'private_ips.1': '192.168.101.5' }, code: 1100, text: /192\.168\.101\.5/ },
    { name: 'the router address', params: { 'private_ips.1': '192.168.100.1' }, code: 1400, text: /192\.168\.100\.1/ },
    { name: 'an address that is taken', params: { 'private_ips.1': '192.168.100.2' }, code: 1400, text: /192\.168\.100\.2/ },
    { name: 'fewer addresses than NICs', params: { count: '2', 'private_ips.1': '192.168.100.9' }, code: 1100, text: /\[count\]/ },
    {
      name: 'an address wished for twice',
      params: { count: '2', 'private_ips.1': '192.168.100.9', 'private_ips.2': '192.168.100.9' },
      code: 1100,
      text: /\[private_ips\]/,
    },
  ];
  for (const { name, params, code, text } of refused) {
    it(`refuses ${name} with ${code}, and makes nothing`, async () => {
      const reply = await bed.call('CreateNics', { vxnet: VXNET, ...params });
      expect(reply).to.have.all.keys('message', 'ret_code');
      expect(reply.ret_code).to.equal(code);
      expect(reply.message).to.match(text);
      expect(bed.emulator.nics()).to.have.length(1);
    });
  }

  it('fills a vxnet up to 252 NICs and not further', async () => {
    await bed.create(251);
    const reply = await bed.call('CreateNics', { vxnet: VXNET });
    expect(reply).to.include({ ret_code: 1400 });
    expect(reply.message).to.match(/^PermissionDenied, .*vxnet-aaaaaaa/);
    expect(await bed.create(1, { vxnet: OTHER_VXNET })).to.have.length(1);
  });

  it('refuses when the DHCP range is used up, with the code that was chosen', async () => {
    await reopen({
      vxnets: [{ id: VXNET, routerId: 'rtr-a', cidr: '10.0.0.0/24', dynRange: { start: '10.0.0.2', end: '10.0.0.4' } }],
      choices: { vxnetFullCode: 5200 },
    });
    await bed.create(2);
    expect(await bed.call('CreateNics', { vxnet: VXNET })).to.include({ ret_code: 5200 });
  });

  it('makes nothing where there is too little room, or as many as there is room for, as chosen', async () => {
    const vxnets = [{ id: VXNET, routerId: 'rtr-a', cidr: '10.0.0.0/24', dynRange: { start: '10.0.0.2', end: '10.0.0.4' } }];
    await reopen({ vxnets });
    expect(await bed.call('CreateNics', { vxnet: VXNET, count: '3' })).to.include({ ret_code: 1400 });
    expect(bed.emulator.nics()).to.have.length(1);
    await reopen({ vxnets, choices: { createAllOrNothing: false } });
    expect(await bed.create(3)).to.have.length(2);
  });

  it('counts wished addresses against the limit of the vxnet, too', async () => {
    await reopen({ limits: { nicsPerVxnet: 2 } });
    const wish = listParams('private_ips', ['192.168.100.8', '192.168.100.9']);
    expect(await bed.call('CreateNics', { vxnet: VXNET, count: '2', ...wish })).to.include({ ret_code: 1400 });
    expect(await bed.create(1, { 'private_ips.1': '192.168.100.9' })).to.have.length(1);
  });

  it('hands out addresses in the order that was chosen', async () => {
    await reopen({ choices: { addressOrder: 'highest' } });
    expect((await bed.create(2)).map((nic) => nic.address)).to.deep.equal(['192.168.100.253', '192.168.100.252']);
  });

  it('refuses more NICs than the account may have with 2500', async () => {
    await reopen({ limits: { nicsPerAccount: 3 } });
    const reply = await bed.call('CreateNics', { vxnet: VXNET, count: '3' });
    expect(reply.ret_code).to.equal(2500);
    expect(reply.message).to.match(/^QuotasExceeded, /);
    expect(await bed.create(2)).to.have.length(2);
  });

  it('ends with random numbers that are always the same', async () => {
    await reopen({ random: () => 0.999_999 });
    const ids = [...(await bed.create(3)), ...(await bed.create(1))].map((nic) => nic.id);
    expect(new Set(ids).size).to.equal(4);
    expect(bed.emulator.instances().map((instance) => instance.id)).to.deep.equal([INSTANCE]);
  });
});
