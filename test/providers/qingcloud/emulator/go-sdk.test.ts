import { expect } from 'chai';
import { rawCall } from '../../../support/raw-qingcloud.js';
import { type EmulatorBed, INSTANCE, openEmulatorBed, VXNET } from '../../../support/standing-emulator.js';

/**
 * What the vendor's Go SDK needs of an answer, as its decoders are known to behave: times with a zone, numbers that are numbers, every field
 * that its users follow without looking. The SDK itself was not run against this.
 */
type Kind = 'text' | 'number' | 'time' | 'list' | 'object' | 'text or null';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

function isOf(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return Number.isSafeInteger(value);
    case 'time':
      return typeof value === 'string' && TIME.test(value);
    case 'list':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'text or null':
      return value === null || typeof value === 'string';
  }
}

const SETS: readonly (readonly [string, Record<string, string>, string, Readonly<Record<string, Kind>>])[] = [
  [
    'DescribeNics',
    {},
    'nic_set',
    {
      nic_id: 'text',
      nic_name: 'text',
      status: 'text',
      instance_id: 'text',
      vxnet_id: 'text',
      private_ip: 'text',
      role: 'number',
      sequence: 'number',
      security_group: 'text',
      tags: 'list',
      owner: 'text',
      root_user_id: 'text',
      create_time: 'time',
      status_time: 'time',
    },
  ],
  [
    'DescribeJobs',
    {},
    'job_set',
    {
      job_id: 'text',
      job_action: 'text',
      status: 'text',
      resource_ids: 'text',
      owner: 'text',
      error_codes: 'text',
      directive: 'text',
      create_time: 'time',
      status_time: 'time',
    },
  ],
  [
    'DescribeVxnets',
    { 'vxnets.1': VXNET, verbose: '1' },
    'vxnet_set',
    {
      vxnet_id: 'text',
      vxnet_name: 'text',
      vxnet_type: 'number',
      description: 'text or null',
      create_time: 'time',
      vpc_router_id: 'text',
      available_ip_count: 'number',
      owner: 'text',
      tags: 'list',
      zone_id: 'text',
      instance_ids: 'list',
      router: 'object',
    },
  ],
  [
    'DescribeInstances',
    {},
    'instance_set',
    {
      instance_id: 'text',
      instance_name: 'text',
      instance_type: 'text',
      status: 'text',
      transition_status: 'text',
      vcpus_current: 'number',
      memory_current: 'number',
      zone_id: 'text',
      owner: 'text',
      create_time: 'time',
      status_time: 'time',
      vxnets: 'list',
    },
  ],
];

describe('what the Go SDK needs of answers', () => {
  let bed: EmulatorBed;
  before(async () => {
    bed = await openEmulatorBed();
    const [nic = { id: '' }] = await bed.create();
    await bed.attached(nic.id);
  });
  after(() => bed.close());

  for (const [action, params, list, fields] of SETS) {
    it(`${action}: every field with its type, nothing unknown, and the number of all`, async () => {
      const reply = await bed.call(action, params);
      expect(reply).to.have.all.keys('action', 'ret_code', 'total_count', list);
      expect(reply).to.include({ action: `${action}Response`, ret_code: 0 });
      expect(reply['total_count']).to.satisfy(Number.isSafeInteger);
      const items: unknown = reply[list];
      if (!Array.isArray(items) || items.length === 0) expect.fail('the list is empty');
      for (const item of items) {
        expect(item).to.have.all.keys(...Object.keys(fields));
        for (const [name, kind] of Object.entries(fields)) expect(isOf(kind, item[name]), `${name} is ${kind}`).to.equal(true);
      }
    });
  }

  it('job_action is that of the call, and directive is JSON with the NICs', async () => {
    const reply = await bed.call('DescribeJobs');
    const [job] = Array.isArray(reply['job_set']) ? reply['job_set'] : [];
    expect(job.job_action).to.equal('AttachNics');
    expect(JSON.parse(job.directive).nics).to.deep.equal([bed.emulator.nics().at(-1)?.id]);
  });

  it('the router of a vxnet has the fields that plugins follow', async () => {
    const reply = await bed.call('DescribeVxnets', { 'vxnets.1': VXNET });
    const [vxnet] = Array.isArray(reply['vxnet_set']) ? reply['vxnet_set'] : [];
    for (const name of ['router_id', 'router_name', 'manager_ip', 'ip_network', 'dyn_ip_start', 'dyn_ip_end']) {
      expect(vxnet.router[name], name).to.be.a('string').that.is.not.empty;
    }
    expect(vxnet.router.mode).to.equal(0);
  });

  const calls: readonly (readonly [string, Record<string, string>])[] = [
    ['DescribeNics', {}],
    ['DeleteNics', { 'nics.1': 'none' }],
    ['AttachNics', { instance: INSTANCE }],
    ['DescribeMoon', {}],
  ];
  for (const method of ['GET', 'POST'] as const) {
    for (const [action, params] of calls) {
      it(`${method} ${action}: HTTP 200, exactly application/json, a ret_code that is a number, a message where it is not 0`, async () => {
        const reply = await rawCall({ ...bed.client, method }, action, params);
        expect([reply.status, reply.contentType]).to.deep.equal([200, 'application/json']);
        const body = JSON.parse(reply.text);
        expect(body.ret_code).to.satisfy(Number.isSafeInteger);
        if (body.ret_code !== 0) expect(body.message).to.match(/^[A-Z][A-Za-z]+, .+/);
      });
    }
  }
});
