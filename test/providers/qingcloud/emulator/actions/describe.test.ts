import { expect } from 'chai';
import type { EmulatorOptions } from '../../../../../providers/qingcloud/emulator/index.js';
import {
  type EmulatorBed,
  INSTANCE,
  JOB_MS,
  LONE_VXNET,
  listParams,
  OTHER_VXNET,
  openEmulatorBed,
  type Reply,
  VXNET,
} from '../../../../support/standing-emulator.js';

const PRIMARY = '52:54:00:00:00:01';

function setOf(reply: Reply, key: string): Readonly<Record<string, unknown>>[] {
  const set = reply[key];
  if (!Array.isArray(set)) throw new Error(`${key} is no list in ${JSON.stringify(reply)}`);
  return set;
}

describe('the lists of the emulator', () => {
  let bed: EmulatorBed;
  beforeEach(async () => {
    bed = await openEmulatorBed();
  });
  afterEach(() => bed.close());

  async function reopen(options: EmulatorOptions): Promise<void> {
    await bed.close();
    bed = await openEmulatorBed(options);
  }

  async function ids(params: Readonly<Record<string, string>>): Promise<unknown[]> {
    const reply = await bed.call('DescribeNics', params);
    return setOf(reply, 'nic_set').map((nic) => nic['nic_id']);
  }

  describe('DescribeNics', () => {
    it('shows a NIC with all its fields', async () => {
      const [nic] = setOf(await bed.call('DescribeNics'), 'nic_set');
      expect(nic).to.deep.equal({
        nic_id: PRIMARY,
        nic_name: '',
        status: 'in-use',
        instance_id: INSTANCE,
        vxnet_id: VXNET,
        private_ip: '192.168.100.2',
        role: 1,
        sequence: 0,
        security_group: '',
        tags: [],
        owner: 'usr-emul0001',
        root_user_id: 'usr-emul0001',
        create_time: '2017-08-17T03:04:05Z',
        status_time: '2017-08-17T03:04:05Z',
      });
    });

    it('gives 20 items unless told otherwise, never more than 100, and the number of all', async () => {
      const made = (await bed.create(120)).map((nic) => nic.id);
      const page = async (params: Record<string, string>): Promise<Reply> => bed.call('DescribeNics', { status: 'available', ...params });
      expect(setOf(await page({}), 'nic_set')).to.have.length(20);
      const first = await page({ limit: '252' });
      expect(first['total_count']).to.equal(120);
      expect(setOf(first, 'nic_set').map((nic) => nic['nic_id'])).to.deep.equal(made.slice(0, 100));
      const second = await page({ limit: '100', offset: '100' });
      expect(second['total_count']).to.equal(120);
      expect(setOf(second, 'nic_set').map((nic) => nic['nic_id'])).to.deep.equal(made.slice(100));
      expect(setOf(await page({ offset: '120' }), 'nic_set')).to.deep.equal([]);
      expect(setOf(await page({ limit: '0' }), 'nic_set')).to.deep.equal([]);
    });

    it('combines its filters with AND', async () => {
      const [a = { id: '' }, b = { id: '' }] = await bed.create(2, { nic_name: 'pod' });
      const [c = { id: '' }] = await bed.create(1, { vxnet: OTHER_VXNET, nic_name: 'pod' });
      const [d = { id: '' }] = await bed.create(1, { vxnet: LONE_VXNET });
      await bed.attached(b.id);
      expect(await ids({})).to.deep.equal([PRIMARY, a.id, b.id, c.id, d.id]);
      expect(await ids({ status: 'available' })).to.deep.equal([a.id, c.id, d.id]);
      expect(await ids({ 'status.1': 'in-use' })).to.deep.equal([PRIMARY, b.id]);
      expect(await ids({ 'instances.1': INSTANCE })).to.deep.equal([PRIMARY, b.id]);
      expect(await ids({ 'instances.1': 'i-zzzzzzzz' })).to.deep.equal([]);
      expect(await ids({ 'vxnets.1': OTHER_VXNET, 'vxnets.2': LONE_VXNET })).to.deep.equal([c.id, d.id]);
      expect(await ids({ 'vxnets.1': VXNET, status: 'available', nic_name: 'pod' })).to.deep.equal([a.id]);
      expect(await ids(listParams('nics', [c.id, a.id, '52:54:00:00:99:99']))).to.deep.equal([a.id, c.id]);
      expect(await ids({ vxnet_type: '1', 'nics.1': a.id })).to.deep.equal([a.id]);
      expect(await ids({ 'vxnet_type.1': '0' })).to.deep.equal([]);
      expect(await ids({ owner: 'usr-zzzzzzzz' })).to.deep.equal([]);
      expect(await ids({ search_word: 'od' })).to.deep.equal([a.id, b.id, c.id]);
    });

    it('filters by name as chosen', async () => {
      for (const [nameFilter, found] of [
        ['exact', 1],
        ['partial', 2],
        ['ignored', 4],
      ] as const) {
        await reopen({ choices: { nameFilter } });
        for (const name of ['pod', 'pod-2', 'else']) await bed.create(1, { nic_name: name });
        expect(await ids({ nic_name: 'pod' }), nameFilter).to.have.length(found);
      }
    });

    it('leaves unknown ids out, or refuses them with 2100, as chosen', async () => {
      expect(await ids({ 'nics.1': '52:54:00:00:99:99' })).to.deep.equal([]);
      await reopen({ choices: { unknownIds: 'error' } });
      const reply = await bed.call('DescribeNics', { 'nics.1': PRIMARY, 'nics.2': '52:54:00:00:99:99' });
      expect(reply.ret_code).to.equal(2100);
      expect(reply.message).to.match(/^ResourceNotFound, nic \[52:54:00:00:99:99\]/);
      expect(await bed.call('DescribeVxnets', { 'vxnets.1': 'vxnet-zzzzzzz' })).to.include({ ret_code: 2100 });
    });

    it('refuses a status, an offset or a limit that cannot be with 1100', async () => {
      for (const params of [{ status: 'attaching' }, { offset: '-1' }, { limit: 'all' }]) {
        expect(await bed.call('DescribeNics', params)).to.include({ ret_code: 1100 });
      }
    });
  });

  describe('DescribeJobs', () => {
    it('shows a job with all its fields', async () => {
      const [nic = { id: '' }] = await bed.create();
      await bed.clock.advance(1_000);
      const id = await bed.attach(nic.id);
      await bed.clock.advance(JOB_MS);
      const reply = await bed.call('DescribeJobs', { 'jobs.1': id });
      expect(reply['total_count']).to.equal(1);
      const [job] = setOf(reply, 'job_set');
      expect(job).to.deep.equal({
        job_id: id,
        job_action: 'AttachNics',
        status: 'successful',
        resource_ids: `${nic.id} ${INSTANCE}`,
        owner: 'usr-emul0001',
        error_codes: '',
        directive: JSON.stringify({ nics: [nic.id], instance: INSTANCE }),
        create_time: '2017-08-17T03:04:06Z',
        status_time: '2017-08-17T03:04:09Z',
      });
    });

    it('filters by status', async () => {
      const [a = { id: '' }, b = { id: '' }] = await bed.create(2);
      const first = await bed.attach(a.id);
      await bed.clock.advance(JOB_MS);
      const second = await bed.attach(b.id);
      const jobs = async (params: Record<string, string>): Promise<unknown[]> =>
        setOf(await bed.call('DescribeJobs', params), 'job_set').map((job) => job['job_id']);
      expect(await jobs({})).to.deep.equal([first, second]);
      expect(await jobs({ 'status.1': 'successful' })).to.deep.equal([first]);
      expect(await jobs({ 'status.1': 'pending', 'status.2': 'working' })).to.deep.equal([second]);
    });

    it('refuses an unknown id with 2100 and an unknown status with 1100', async () => {
      expect(await bed.call('DescribeJobs', { 'jobs.1': 'j-zzzzzzzz' })).to.include({ ret_code: 2100 });
      expect(await bed.call('DescribeJobs', { 'status.1': 'done' })).to.include({ ret_code: 1100 });
    });
  });

  describe('DescribeVxnets', () => {
    it('shows a vxnet in a VPC with its router, also when not verbose', async () => {
      const reply = await bed.call('DescribeVxnets', { 'vxnets.1': VXNET });
      expect(reply).to.deep.equal({
        action: 'DescribeVxnetsResponse',
        ret_code: 0,
        total_count: 1,
        vxnet_set: [
          {
            vxnet_id: VXNET,
            vxnet_name: VXNET,
            vxnet_type: 1,
            description: null,
            create_time: '2017-08-17T03:04:05Z',
            available_ip_count: 251,
            owner: 'usr-emul0001',
            tags: [],
            zone_id: 'pek3a',
            vpc_router_id: 'rtr-aaaaaaaa',
            router: {
              router_id: 'rtr-aaaaaaaa',
              router_name: 'rtr-aaaaaaaa',
              manager_ip: '192.168.100.1',
              ip_network: '192.168.100.0/24',
              dyn_ip_start: '192.168.100.2',
              dyn_ip_end: '192.168.100.254',
              mode: 0,
            },
          },
        ],
      });
    });

    it('shows no router for a vxnet in no VPC', async () => {
      const [vxnet] = setOf(await bed.call('DescribeVxnets', { 'vxnets.1': LONE_VXNET }), 'vxnet_set');
      expect(vxnet).to.not.have.any.keys('router', 'vpc_router_id', 'instance_ids');
    });

    it('counts free addresses, and names instances when verbose', async () => {
      await bed.create(10);
      const [vxnet] = setOf(await bed.call('DescribeVxnets', { 'vxnets.1': VXNET, verbose: '1' }), 'vxnet_set');
      expect(vxnet).to.deep.include({ available_ip_count: 241, instance_ids: [INSTANCE] });
    });

    it('shows basic networks only when their type is asked for, and empty texts where DHCP is off', async () => {
      await reopen({
        vxnets: [
          { id: VXNET, routerId: 'rtr-a', cidr: '10.0.0.0/24', dynRange: 'off' },
          { id: 'vxnet-0', type: 2, cidr: '10.0.1.0/24' },
        ],
      });
      expect(setOf(await bed.call('DescribeVxnets'), 'vxnet_set').map((vxnet) => vxnet['vxnet_id'])).to.deep.equal([VXNET]);
      expect(setOf(await bed.call('DescribeVxnets', { 'vxnets.1': 'vxnet-0' }), 'vxnet_set')).to.deep.equal([]);
      expect(setOf(await bed.call('DescribeVxnets', { vxnet_type: '2' }), 'vxnet_set').map((vxnet) => vxnet['vxnet_id'])).to.deep.equal([
        'vxnet-0',
      ]);
      const [vxnet] = setOf(await bed.call('DescribeVxnets'), 'vxnet_set');
      expect(vxnet?.['router']).to.include({ dyn_ip_start: '', dyn_ip_end: '', manager_ip: '10.0.0.1' });
    });

    it('leaves unknown ids out', async () => {
      const reply = await bed.call('DescribeVxnets', listParams('vxnets', [OTHER_VXNET, 'vxnet-zzzzzzz']));
      expect(setOf(reply, 'vxnet_set').map((vxnet) => vxnet['vxnet_id'])).to.deep.equal([OTHER_VXNET]);
    });
  });

  describe('DescribeInstances', () => {
    it('shows an instance with its NICs, the primary first', async () => {
      const [nic = { id: '', address: '' }] = await bed.create();
      await bed.attached(nic.id);
      const reply = await bed.call('DescribeInstances', { 'instances.1': INSTANCE });
      const [instance] = setOf(reply, 'instance_set');
      expect(instance).to.include({ instance_id: INSTANCE, status: 'running', transition_status: '', zone_id: 'pek3a' });
      const common = { vxnet_id: VXNET, vxnet_name: VXNET, vxnet_type: 1 };
      expect(instance?.['vxnets']).to.deep.equal([
        { nic_id: PRIMARY, private_ip: '192.168.100.2', role: 1, ...common },
        { nic_id: nic.id, private_ip: nic.address, role: 0, ...common },
      ]);
    });

    it('filters by id and status', async () => {
      expect(await bed.call('DescribeInstances', { 'status.1': 'stopped' })).to.include({ total_count: 0 });
      expect(await bed.call('DescribeInstances', { 'status.1': 'running', 'instances.1': INSTANCE })).to.include({ total_count: 1 });
      expect(await bed.call('DescribeInstances', { 'instances.1': 'i-zzzzzzzz' })).to.include({ total_count: 0, ret_code: 0 });
    });
  });

  describe('DescribeRouters and DescribeRouterVxnets', () => {
    it('show routers, and their vxnets when verbose', async () => {
      const [router] = setOf(await bed.call('DescribeRouters', { vxnet: VXNET, verbose: '1' }), 'router_set');
      expect(router).to.include({ router_id: 'rtr-aaaaaaaa', vpc_network: '192.168.0.0/16', status: 'active' });
      expect(router?.['vxnets']).to.deep.equal([
        { vxnet_id: VXNET, nic_id: '' },
        { vxnet_id: OTHER_VXNET, nic_id: '' },
      ]);
      expect(await bed.call('DescribeRouters', { vxnet: LONE_VXNET })).to.include({ total_count: 0 });
      expect(await bed.call('DescribeRouters', { 'routers.1': 'rtr-zzzzzzzz' })).to.include({ total_count: 0 });
    });

    it('show the vxnets of one router or of all', async () => {
      const [first, ...others] = setOf(await bed.call('DescribeRouterVxnets', { router: 'rtr-aaaaaaaa' }), 'router_vxnet_set');
      expect(first).to.include({ router_id: 'rtr-aaaaaaaa', vxnet_id: VXNET, manager_ip: '192.168.100.1', ip_network: '192.168.100.0/24' });
      expect(others).to.have.length(1);
      expect(await bed.call('DescribeRouterVxnets', { router: '*', vxnet: OTHER_VXNET })).to.include({ total_count: 1 });
      expect(await bed.call('DescribeRouterVxnets', { router: '*' })).to.include({ total_count: 2 });
      expect(await bed.call('DescribeRouterVxnets', { router: 'rtr-zzzzzzzz' })).to.include({ ret_code: 2100 });
      expect(await bed.call('DescribeRouterVxnets')).to.include({ ret_code: 1100 });
    });
  });
});
