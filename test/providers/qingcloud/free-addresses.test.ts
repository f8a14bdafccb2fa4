import { expect } from 'chai';
import { guessFree } from '../../../providers/qingcloud/free-addresses.js';
import { createScriptedProvider, refuse, type ScriptedProvider } from '../../support/scripted-provider.js';
import { cut, json } from '../../support/scripted-server.js';

const router = { router_id: 'rtr-1', manager_ip: '192.168.100.1', ip_network: '192.168.100.0/24' };
const vxnet = (more: object = {}) => ({ vxnet_id: 'vxnet-a', router: { ...router, ...more } });

describe('guessFree()', () => {
  for (const [what, more, nics, free] of [
    ['the whole of a small network', { ip_network: '192.168.100.0/28' }, 3, 10],
    ['at most 252 NICs of a large one', {}, 0, 252],
    ['the range of DHCP', { dyn_ip_start: '192.168.100.2', dyn_ip_end: '192.168.100.101' }, 60, 40],
    ['the range of DHCP without the router', { dyn_ip_start: '192.168.100.1', dyn_ip_end: '192.168.100.100' }, 60, 39],
    ['the network where DHCP is off', { ip_network: '192.168.100.0/28', dyn_ip_start: '', dyn_ip_end: '' }, 0, 13],
    [
      'the network where the range lies elsewhere',
      { ip_network: '192.168.100.0/28', dyn_ip_start: '10.0.0.1', dyn_ip_end: '10.0.0.9' },
      0,
      13,
    ],
    [
      'never nothing, since addresses may be wished outside of the range',
      { dyn_ip_start: '192.168.100.2', dyn_ip_end: '192.168.100.9' },
      30,
      1,
    ],
  ] as const) {
    it(`counts ${what}`, () => expect(guessFree(vxnet(more), nics)).to.equal(free));
  }

  it('says nothing of a vxnet without a router', () => {
    expect(guessFree({ vxnet_id: 'vxnet-a' }, 0)).to.equal(undefined);
  });
});

describe('describeSubnets() where the service does not say what is free', () => {
  let bed: ScriptedProvider;
  beforeEach(async () => {
    bed = await createScriptedProvider();
  });
  afterEach(() => bed.close());

  const described = json({ ret_code: 0, total_count: 1, vxnet_set: [vxnet()] });
  const free = async () => (await bed.provider.describeSubnets(['vxnet-a']))[0]?.freeAddresses;

  it('counts the NICs by one small request', async () => {
    bed.server.script(described, json({ ret_code: 0, total_count: 130, nic_set: [] }));
    expect(await free()).to.equal(122);
    expect(bed.sent().slice(1)).to.deep.equal([{ action: 'DescribeNics', 'vxnets.1': 'vxnet-a', offset: '0', limit: '1' }]);
  });

  for (const [what, answer] of [
    ['is refused', refuse(1400)],
    ['breaks', cut()],
    ['gives no count', json({ ret_code: 0, nic_set: [] })],
  ] as const) {
    it(`does without, and asks once, where counting ${what}`, async () => {
      bed.server.script(described, answer);
      expect(await free()).to.equal(undefined);
      expect(bed.actions()).to.deep.equal(['DescribeVxnets', 'DescribeNics']);
    });
  }
});
