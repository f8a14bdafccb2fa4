import { expect } from 'chai';
import { type EmulatorBed, INSTANCE, openEmulatorBed, type Reply, VXNET } from '../../../../support/standing-emulator.js';

type Params = Readonly<Record<string, string>>;

const PRIMARY = '52:54:00:00:00:01';

/** Calls with one thing wrong, and the parameter that the refusal has to name. */
const REFUSED: readonly (readonly [string, string, Params, string])[] = [
  ['no vxnet', 'CreateNics', {}, 'vxnet'],
  ['a vxnet as a list', 'CreateNics', { 'vxnet.1': VXNET }, 'vxnet'],
  ['no NIC', 'CreateNics', { vxnet: VXNET, count: '0' }, 'count'],
  ['fewer than none', 'CreateNics', { vxnet: VXNET, count: '-1' }, 'count'],
  ['253 NICs', 'CreateNics', { vxnet: VXNET, count: '253' }, 'count'],
  ['a count that is no number', 'CreateNics', { vxnet: VXNET, count: 'NaN' }, 'count'],
  ['a count with a fraction', 'CreateNics', { vxnet: VXNET, count: '1.5' }, 'count'],
  ['an empty count', 'CreateNics', { vxnet: VXNET, count: '' }, 'count'],
  ['addresses that are no list', 'CreateNics', { vxnet: VXNET, private_ips: '192.168.100.9' }, 'private_ips'],
  ['a flag that is neither 0 nor 1', 'CreateNics', { vxnet: VXNET, disable_ip: 'yes' }, 'disable_ip'],
  ['no NICs', 'AttachNics', { instance: INSTANCE }, 'nics'],
  ['the instance under the name of the documentation’s example', 'AttachNics', { 'nics.1': PRIMARY, instance_id: INSTANCE }, 'instance'],
  ['no NICs', 'DetachNics', {}, 'nics'],
  ['no NICs', 'DeleteNics', {}, 'nics'],
  ['the list under the name of the documentation’s table', 'DeleteNics', { 'Nics.1': PRIMARY }, 'nics'],
  ['a NIC twice', 'DeleteNics', { 'nics.1': PRIMARY, 'nics.2': PRIMARY }, 'nics'],
  ['the NIC under the name of an old client', 'ModifyNicAttributes', { nic_id: PRIMARY, nic_name: 'x' }, 'nic'],
  ['a flag that is neither 0 nor 1', 'ModifyNicAttributes', { nic: PRIMARY, enable_aspoof: '2' }, 'enable_aspoof'],
  ['a status that is none', 'DescribeNics', { status: 'attached' }, 'status'],
  ['a status in a list that is none', 'DescribeNics', { 'status.1': 'available', 'status.2': 'x' }, 'status'],
  ['a type of vxnet that is none', 'DescribeNics', { vxnet_type: '3' }, 'vxnet_type'],
  ['a type of vxnet in a list that is none', 'DescribeNics', { 'vxnet_type.1': '3' }, 'vxnet_type'],
  ['a negative offset', 'DescribeNics', { offset: '-1' }, 'offset'],
  ['a negative limit', 'DescribeNics', { limit: '-1' }, 'limit'],
  ['an offset that is no number', 'DescribeNics', { offset: 'ten' }, 'offset'],
  ['a type that is none', 'DescribeVxnets', { vxnet_type: '3' }, 'vxnet_type'],
  ['a verbosity that is none', 'DescribeVxnets', { verbose: '2' }, 'verbose'],
  ['a status that is none', 'DescribeJobs', { 'status.1': 'done' }, 'status'],
  ['a verbosity that is none', 'DescribeJobs', { verbose: '1' }, 'verbose'],
  ['a status that is none', 'DescribeInstances', { 'status.1': 'on' }, 'status'],
  ['a flag that is neither 0 nor 1', 'DescribeInstances', { is_cluster_node: 'x' }, 'is_cluster_node'],
  ['a status that is none', 'DescribeRouters', { 'status.1': 'up' }, 'status'],
  ['no router', 'DescribeRouterVxnets', {}, 'router'],
];

describe('parameters', () => {
  let bed: EmulatorBed;
  const primary = (): { id: string; vxnetId: string } => {
    const [nic] = bed.emulator.nics();
    return { id: nic?.id ?? '', vxnetId: nic?.vxnetId ?? '' };
  };

  beforeEach(async () => {
    bed = await openEmulatorBed();
  });
  afterEach(() => bed.close());

  for (const [what, action, params, name] of REFUSED) {
    it(`${action} with ${what} is refused with 1100 and the name, and changes nothing`, async () => {
      const before = bed.emulator.nics();
      const reply = await bed.call(action, params);
      expect(reply).to.have.all.keys('message', 'ret_code');
      expect(reply.ret_code).to.equal(1100);
      expect(reply.message).to.match(new RegExp(`^InvalidRequestFormat, parameter \\[${name}\\]`));
      expect(bed.emulator.nics()).to.deep.equal(before);
      expect(bed.emulator.jobs()).to.deep.equal([]);
    });
  }

  it('what is wrong in several ways is refused with all of them, before anything is looked up', async () => {
    const reply = await bed.call('CreateNics', { vxnet: '', count: 'x', 'private_ips.1': '' });
    expect(reply.message).to.match(/\[vxnet\].*\[count\].*\[private_ips\]/);
  });

  const accepted: readonly (readonly [string, Params])[] = [
    ['a list from 0', { 'nics.0': PRIMARY }],
    ['a list with a gap', { 'nics.7': 'none', 'nics.9': PRIMARY }],
    ['an id twice', { 'nics.1': PRIMARY, 'nics.2': PRIMARY }],
    ['a status in a list', { 'status.1': 'in-use' }],
    ['two statuses', { 'status.1': 'in-use', 'status.2': 'available' }],
    ['a type of vxnet in a list', { 'vxnet_type.1': '1' }],
    ['a type of vxnet alone', { vxnet_type: '1' }],
    ['what other clients send', { verbose: '2', project_id: 'p', version: '1' }],
    ['a limit far above 100', { limit: '999999999' }],
  ];
  for (const [what, params] of accepted) {
    it(`DescribeNics with ${what} shows the one NIC there is, once`, async () => {
      const reply = await bed.call('DescribeNics', params);
      expect(reply).to.include({ ret_code: 0, total_count: 1 });
      expect(idsOf(reply)).to.deep.equal([primary().id]);
    });
  }

  it('DescribeNics with another type of vxnet shows none', async () => {
    expect(await bed.call('DescribeNics', { 'vxnet_type.1': '0', 'vxnet_type.2': '2' })).to.include({ ret_code: 0, total_count: 0 });
  });

  it('DescribeNics beyond the end, and with a limit of 0, shows none and counts all', async () => {
    for (const params of [{ offset: '999999999' }, { limit: '0' }]) {
      const reply = await bed.call('DescribeNics', params);
      expect(reply).to.include({ ret_code: 0, total_count: 1 });
      expect(idsOf(reply)).to.deep.equal([]);
    }
  });

  it('what the Go SDK always sends is taken', async () => {
    const paging = { limit: '20', offset: '0' };
    for (const [action, params] of [
      ['DescribeNics', paging],
      ['DescribeVxnets', { ...paging, verbose: '0' }],
      ['DescribeJobs', { ...paging, verbose: '0' }],
      ['DescribeInstances', { ...paging, is_cluster_node: '0', not_transition: '0' }],
      ['CreateNics', { vxnet: VXNET, count: '1' }],
    ] as const) {
      expect(await bed.call(action, params), action).to.include({ ret_code: 0 });
    }
  });

  it('nodes of clusters are shown only when they are asked for', async () => {
    await bed.close();
    bed = await openEmulatorBed({ instances: [{ id: INSTANCE }, { id: 'i-cluster', clusterNode: true }] });
    expect(await bed.call('DescribeInstances', { is_cluster_node: '0' })).to.include({ total_count: 1 });
    expect(await bed.call('DescribeInstances', { 'instances.1': 'i-cluster' })).to.include({ ret_code: 0, total_count: 0 });
    expect(await bed.call('DescribeInstances', { 'instances.1': 'i-cluster', is_cluster_node: '1' })).to.include({ total_count: 1 });
  });
});

function idsOf(reply: Reply): unknown[] {
  const items: unknown = reply['nic_set'];
  return Array.isArray(items) ? items.map((item) => item.nic_id) : [];
}
