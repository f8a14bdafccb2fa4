import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { toAbortError } from '../../../lib/clock.js';
import { NicError, ProviderError } from '../../../lib/errors.js';
import { type Logger, silentLogger } from '../../../lib/log.js';
import type { NicProvider } from '../../../lib/provider.js';
import { createQingCloudProvider, type QingCloudProviderOptions } from '../../../providers/qingcloud/index.js';
import { loopbackConfig } from '../../support/loopback-config.js';
import { type Answer, cut, json, type ScriptedServer, startScriptedServer, text } from '../../support/scripted-server.js';

const MAC = '52:54:00:00:12:34';
const COMMON = ['access_key_id', 'signature', 'signature_method', 'signature_version', 'time_stamp', 'zone'];

const refuse = (retCode: number, message = 'x'): Answer => json({ ret_code: retCode, message });
const BUSY = refuse(5100, 'ServerBusy, try again later');
const UPDATING = refuse(5300);
const BROKEN = refuse(5000);
const TOO_OFTEN = refuse(2500, 'QuotasExceeded, access too frequently');
const DONE = json({ action: 'DeleteNicsResponse', ret_code: 0 });
const CREATED = json({ action: 'CreateNicsResponse', ret_code: 0, nics: [{ nic_id: MAC, private_ip: '192.168.100.20' }] });
const STARTED = json({ action: 'AttachNicsResponse', ret_code: 0, job_id: 'j-bm6ym3r8' });

const nicWire = (last: number, more: object = {}): object => ({
  nic_id: `52:54:00:00:00:${last.toString(16).padStart(2, '0')}`,
  nic_name: 'pod',
  status: 'available',
  instance_id: '',
  vxnet_id: 'vxnet-a',
  private_ip: `10.0.0.${last}`,
  role: 0,
  create_time: '2017-08-17T03:04:05Z',
  ...more,
});
const nicPage = (total: number | undefined, ...items: readonly object[]): Answer =>
  json({ ret_code: 0, total_count: total, nic_set: items });

async function failure(call: Promise<unknown>): Promise<ProviderError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ProviderError) return error;
    throw error;
  }
  throw new Error('it resolved');
}

describe('createQingCloudProvider()', () => {
  let server: ScriptedServer;
  let folder: string;
  let slept: number[];
  const open: NicProvider[] = [];

  function createProvider(options: Partial<QingCloudProviderOptions> = {}): NicProvider {
    const provider = createQingCloudProvider({
      config: loopbackConfig(server.port),
      instanceIdFile: join(folder, 'instance-id'),
      clock: {
        now: () => Date.UTC(2017, 7, 17, 3, 4, 5),
        sleep: async (ms, signal) => {
          if (signal?.aborted === true) throw toAbortError(signal, 'wait');
          slept.push(ms);
        },
      },
      random: () => 0,
      ...options,
    });
    open.push(provider);
    return provider;
  }

  /** The action and its own parameters of each request. */
  function sent(): readonly Readonly<Record<string, string>>[] {
    return server.requests.map(({ params }) => Object.fromEntries(Object.entries(params).filter(([name]) => !COMMON.includes(name))));
  }

  const actions = (): readonly (string | undefined)[] => sent().map((params) => params['action']);

  beforeEach(async () => {
    slept = [];
    server = await startScriptedServer();
    folder = await mkdtemp(join(tmpdir(), 'hostnic-provider-'));
    await writeFile(join(folder, 'instance-id'), 'i-0abcdef1\n');
  });

  afterEach(async () => {
    for (const provider of open.splice(0)) await provider.close();
    await server.close();
    await rm(folder, { recursive: true });
  });

  describe('requests', () => {
    it('hold the common parameters', async () => {
      server.script(DONE);
      await createProvider().deleteNics([MAC]);
      expect(server.requests[0]?.params).to.include({
        access_key_id: 'QYACCESSKEYIDEXAMPLE',
        signature_method: 'HmacSHA256',
        signature_version: '1',
        time_stamp: '2017-08-17T03:04:05Z',
        zone: 'pek3a',
      });
      // The vector "delete-nics" of the vendor's SDK.
      expect(server.requests[0]?.params['signature']).to.equal('EMMOw/+N9fGmZTXv9GyMe3GWPAML2V/Sj8Q8jhMj8BU=');
    });

    type Call = (provider: NicProvider) => Promise<unknown>;
    const forms: readonly (readonly [string, Call, Answer, Readonly<Record<string, string>>])[] = [
      [
        'CreateNics',
        (p) => p.createNic({ subnetId: 'vxnet-a', name: 'pod' }),
        CREATED,
        { action: 'CreateNics', vxnet: 'vxnet-a', count: '1', nic_name: 'pod' },
      ],
      [
        'CreateNics with a wished address',
        (p) => p.createNic({ subnetId: 'vxnet-a', name: 'pod', address: '192.168.100.20' }),
        CREATED,
        { action: 'CreateNics', vxnet: 'vxnet-a', count: '1', nic_name: 'pod', 'private_ips.1': '192.168.100.20' },
      ],
      [
        'AttachNics',
        (p) => p.attachNics([MAC, '52:54:00:00:12:35'], 'i-0abcdef1'),
        STARTED,
        { action: 'AttachNics', 'nics.1': MAC, 'nics.2': '52:54:00:00:12:35', instance: 'i-0abcdef1' },
      ],
      ['DetachNics', (p) => p.detachNics([MAC]), STARTED, { action: 'DetachNics', 'nics.1': MAC }],
      ['DeleteNics', (p) => p.deleteNics([MAC]), DONE, { action: 'DeleteNics', 'nics.1': MAC }],
      ['ModifyNicAttributes', (p) => p.allowForwarding(MAC), DONE, { action: 'ModifyNicAttributes', nic: MAC, enable_aspoof: '0' }],
      [
        'DescribeNics by every field',
        (p) => p.listNics({ ids: [MAC], instanceId: 'i-1', subnetIds: ['vxnet-a', 'vxnet-b'], status: 'in-use', name: 'pod' }),
        nicPage(0),
        {
          action: 'DescribeNics',
          'nics.1': MAC,
          'instances.1': 'i-1',
          'vxnets.1': 'vxnet-a',
          'vxnets.2': 'vxnet-b',
          status: 'in-use',
          offset: '0',
          limit: '100',
        },
      ],
      [
        'DescribeNics by name only',
        (p) => p.listNics({ name: 'pod' }),
        nicPage(0),
        { action: 'DescribeNics', nic_name: 'pod', offset: '0', limit: '100' },
      ],
      [
        'DescribeVxnets',
        (p) => p.describeSubnets(['vxnet-a']),
        json({ ret_code: 0, total_count: 1, vxnet_set: [{ vxnet_id: 'vxnet-a' }] }),
        { action: 'DescribeVxnets', 'vxnets.1': 'vxnet-a', offset: '0', limit: '100' },
      ],
      [
        'DescribeJobs',
        (p) => p.describeJobs(['j-1', 'j-2']),
        json({ ret_code: 0, total_count: 0, job_set: [] }),
        { action: 'DescribeJobs', 'jobs.1': 'j-1', 'jobs.2': 'j-2', offset: '0', limit: '100' },
      ],
    ];
    for (const [what, call, answer, params] of forms) {
      it(`have the documented form: ${what}`, async () => {
        server.script(answer);
        await call(createProvider());
        expect(sent()).to.deep.equal([params]);
      });
    }

    it('are signed anew for each attempt', async () => {
      let time = Date.UTC(2017, 7, 17, 3, 4, 5);
      const clock = {
        now: () => time,
        sleep: async () => {
          time += 61_000;
        },
      };
      server.script(UPDATING, DONE);
      await createProvider({ clock }).deleteNics([MAC]);
      const [first, second] = server.requests.map(({ params }) => [params['time_stamp'], params['signature']]);
      expect([first?.[0], second?.[0]]).to.deep.equal(['2017-08-17T03:04:05Z', '2017-08-17T03:05:06Z']);
      expect(first?.[1]).not.to.equal(second?.[1]);
    });
  });

  describe('createNic()', () => {
    it('fills what the reply does not tell from the request', async () => {
      server.script(json({ ret_code: 0, nics: [{ nic_id: '52:54:00:AA:12:34', private_ip: '192.168.100.20' }] }));
      expect(await createProvider().createNic({ subnetId: 'vxnet-a', name: ' pod ' })).to.deep.equal({
        id: '52:54:00:AA:12:34',
        name: 'pod',
        mac: '52:54:00:aa:12:34',
        subnetId: 'vxnet-a',
        addresses: ['192.168.100.20'],
        status: 'available',
        instanceId: undefined,
        role: 'secondary',
        createdAt: undefined,
      });
    });

    it('believes in the wished address when the reply tells none, and not in another one', async () => {
      const reply = json({ ret_code: 0, nics: [{ nic_id: MAC, private_ip: '' }] });
      server.script(reply, reply, json({ ret_code: 0, nics: [{ nic_id: MAC, private_ip: '10.0.0.8' }] }));
      const provider = createProvider();
      expect((await provider.createNic({ subnetId: 'v', name: '', address: '10.0.0.9' })).addresses).to.deep.equal(['10.0.0.9']);
      expect((await provider.createNic({ subnetId: 'v', name: '' })).addresses).to.deep.equal([]);
      const error = await failure(provider.createNic({ subnetId: 'v', name: '', address: '10.0.0.9' }));
      expect(error).to.include({ code: 'ERR_RESPONSE', outcome: 'unknown' });
    });

    const strange: readonly (readonly [string, unknown])[] = [
      ['no NIC', { ret_code: 0, nics: [] }],
      ['two NICs', { ret_code: 0, nics: [{ nic_id: MAC }, { nic_id: '52:54:00:00:12:35' }] }],
      ['no list', { ret_code: 0 }],
      ['an id that is no MAC address', { ret_code: 0, nics: [{ nic_id: 'nic-1' }] }],
    ];
    for (const [what, reply] of strange) {
      it(`does not know what happened when the reply has ${what}`, async () => {
        server.script(json(reply));
        const error = await failure(createProvider().createNic({ subnetId: 'v', name: 'x' }));
        expect(error).to.include({ code: 'ERR_RESPONSE', outcome: 'unknown', retryable: false });
        expect(actions()).to.deep.equal(['CreateNics']);
      });
    }
  });

  describe('listNics()', () => {
    it('maps every field', async () => {
      server.script(
        nicPage(3, nicWire(5, { status: 'in-use', instance_id: 'i-0abcdef1', role: 1, nic_name: '' }), nicWire(6), {
          nic_id: '52:54:00:00:00:07',
          vxnet_id: 'vxnet-a',
          private_ip: null,
          nic_name: null,
          create_time: '2017-08-17T03:04:05',
          status: 'new',
        }),
      );
      expect(await createProvider().listNics({ subnetIds: ['vxnet-a'] })).to.deep.equal([
        {
          id: '52:54:00:00:00:05',
          name: '',
          mac: '52:54:00:00:00:05',
          subnetId: 'vxnet-a',
          addresses: ['10.0.0.5'],
          status: 'in-use',
          instanceId: 'i-0abcdef1',
          role: 'primary',
          createdAt: new Date('2017-08-17T03:04:05Z'),
        },
        {
          id: '52:54:00:00:00:06',
          name: 'pod',
          mac: '52:54:00:00:00:06',
          subnetId: 'vxnet-a',
          addresses: ['10.0.0.6'],
          status: 'available',
          instanceId: undefined,
          role: 'secondary',
          createdAt: new Date('2017-08-17T03:04:05Z'),
        },
        {
          id: '52:54:00:00:00:07',
          name: '',
          mac: '52:54:00:00:00:07',
          subnetId: 'vxnet-a',
          addresses: [],
          status: 'available',
          instanceId: undefined,
          role: 'secondary',
          createdAt: new Date('2017-08-17T03:04:05Z'),
        },
      ]);
    });

    it('drops what the service gives although it was not asked for', async () => {
      const foreign = [
        nicWire(1, { instance_id: 'i-other', status: 'in-use' }),
        nicWire(2, { vxnet_id: 'vxnet-other', instance_id: 'i-0abcdef1', status: 'in-use' }),
        nicWire(3),
        nicWire(4, { nic_name: 'pod2', instance_id: 'i-0abcdef1', status: 'in-use' }),
      ];
      const wanted = nicWire(5, { instance_id: 'i-0abcdef1', status: 'in-use' });
      server.script(nicPage(5, ...foreign, wanted), nicPage(2, nicWire(1), nicWire(2)));
      const provider = createProvider();
      const filter = { instanceId: 'i-0abcdef1', subnetIds: ['vxnet-a'], status: 'in-use', name: 'pod' } as const;
      expect((await provider.listNics(filter)).map((nic) => nic.id)).to.deep.equal(['52:54:00:00:00:05']);
      expect((await provider.listNics({ ids: ['52:54:00:00:00:02'] })).map((nic) => nic.id)).to.deep.equal(['52:54:00:00:00:02']);
    });

    it('asks for more than 100 ids in several calls', async () => {
      const ids = Array.from({ length: 101 }, (_, i) => `52:54:00:00:01:${i.toString(16).padStart(2, '0')}`);
      server.script(nicPage(0), nicPage(0));
      await createProvider().listNics({ ids });
      expect(sent().map((params) => Object.keys(params).filter((name) => name.startsWith('nics.')).length)).to.deep.equal([100, 1]);
    });

    it('asks one by one when an unknown id fails the whole call', async () => {
      server.script(refuse(2100), nicPage(1, nicWire(1)), refuse(2100));
      const found = await createProvider().listNics({ ids: ['52:54:00:00:00:01', '52:54:00:00:00:02'] });
      expect(found.map((nic) => nic.id)).to.deep.equal(['52:54:00:00:00:01']);
      expect(sent().map((params) => [params['nics.1'], params['nics.2']])).to.deep.equal([
        ['52:54:00:00:00:01', '52:54:00:00:00:02'],
        ['52:54:00:00:00:01', undefined],
        ['52:54:00:00:00:02', undefined],
      ]);
    });

    it('rejects for other errors, with ids or without', async () => {
      server.script(refuse(1200), refuse(2100));
      const provider = createProvider();
      expect((await failure(provider.listNics({ ids: [MAC] }))).code).to.equal('ERR_AUTH');
      expect((await failure(provider.listNics({ instanceId: 'i-1' }))).code).to.equal('ERR_NOT_FOUND');
    });

    it('names the wrong field of a reply, and shows no value', async () => {
      server.script(nicPage(1, nicWire(1, { role: 'primary' })));
      const error = await failure(createProvider().listNics({ instanceId: 'i-1' }));
      expect(error.code).to.equal('ERR_RESPONSE');
      expect(error.message).to.equal(
        'DescribeNics: no answer of QingCloud: DescribeNics reply: nic_set[0].role must be a whole number or nothing',
      );
    });
  });

  describe('describeSubnets()', () => {
    const vxnet = {
      vxnet_id: 'vxnet-a',
      vxnet_type: 1,
      description: null,
      vpc_router_id: 'rtr-b0u6sdj6',
      available_ip_count: 251,
      router: {
        router_id: 'rtr-b0u6sdj6',
        manager_ip: '192.168.100.1',
        ip_network: '192.168.100.0/24',
        dyn_ip_start: '192.168.100.2',
        mode: 0,
      },
    };

    it('maps every field', async () => {
      server.script(json({ ret_code: 0, total_count: 1, vxnet_set: [vxnet] }));
      expect(await createProvider().describeSubnets(['vxnet-a'])).to.deep.equal([
        { id: 'vxnet-a', networkId: 'rtr-b0u6sdj6', cidr: '192.168.100.0/24', gateway: '192.168.100.1', freeAddresses: 251 },
      ]);
    });

    it('puts a vxnet without router into no private network', async () => {
      const bare = [{ vxnet_id: 'vxnet-a' }, { vxnet_id: 'vxnet-b', router: null, available_ip_count: null }];
      const odd = { vxnet_id: 'vxnet-c', router: { router_id: '', manager_ip: '', ip_network: '192.168.100.9/24' } };
      server.script(json({ ret_code: 0, total_count: 3, vxnet_set: [...bare, odd] }));
      const none = { networkId: undefined, cidr: undefined, gateway: undefined, freeAddresses: undefined };
      expect(await createProvider().describeSubnets(['vxnet-a', 'vxnet-b', 'vxnet-c'])).to.deep.equal([
        { ...none, id: 'vxnet-a' },
        { ...none, id: 'vxnet-b' },
        { ...none, id: 'vxnet-c', cidr: '192.168.100.0/24' },
      ]);
    });

    it('asks again for basic vxnets, which only come when asked for', async () => {
      server.script(
        json({ ret_code: 0, total_count: 1, vxnet_set: [vxnet] }),
        json({ ret_code: 0, total_count: 1, vxnet_set: [{ vxnet_id: 'vxnet-0' }] }),
      );
      const found = await createProvider().describeSubnets(['vxnet-a', 'vxnet-0', 'vxnet-none']);
      expect(found.map((subnet) => subnet.id)).to.deep.equal(['vxnet-a', 'vxnet-0']);
      expect(sent()[1]).to.deep.equal({
        action: 'DescribeVxnets',
        'vxnets.1': 'vxnet-0',
        'vxnets.2': 'vxnet-none',
        vxnet_type: '2',
        offset: '0',
        limit: '100',
      });
    });

    it('leaves out what the service calls unknown, or has no such type for', async () => {
      server.script(refuse(2100), refuse(1100));
      expect(await createProvider().describeSubnets(['vxnet-none'])).to.deep.equal([]);
    });

    it('shares a request with who asks the same meanwhile', async () => {
      server.script(json({ ret_code: 0, total_count: 1, vxnet_set: [vxnet] }));
      const provider = createProvider();
      const [first, second] = await Promise.all([provider.describeSubnets(['vxnet-a']), provider.describeSubnets(['vxnet-a'])]);
      expect(first).to.deep.equal(second).and.to.have.length(1);
      expect(server.requests).to.have.length(1);
    });
  });

  describe('jobs', () => {
    it('have the states and reasons of the service', async () => {
      const job = (id: string, status: string, more: object = {}): object => ({ job_id: id, status, job_action: 'AttachNics', ...more });
      const jobs = [
        job('j-1', 'pending'),
        job('j-2', 'working'),
        job('j-3', 'successful', { error_codes: '' }),
        job('j-4', 'failed', { error_codes: '5000,1400' }),
        job('j-5', 'done with failure', { error_codes: '', job_action: null }),
        job('j-6', 'something new'),
        job('j-other', 'failed'),
      ];
      server.script(json({ ret_code: 0, total_count: jobs.length, job_set: jobs }));
      expect(await createProvider().describeJobs(['j-1', 'j-2', 'j-3', 'j-4', 'j-5', 'j-6', 'j-7'])).to.deep.equal([
        { id: 'j-1', status: 'running', reason: undefined },
        { id: 'j-2', status: 'running', reason: undefined },
        { id: 'j-3', status: 'succeeded', reason: undefined },
        { id: 'j-4', status: 'failed', reason: 'AttachNics ended as "failed", error codes 5000,1400' },
        { id: 'j-5', status: 'failed', reason: 'the job ended as "done with failure"' },
        { id: 'j-6', status: 'running', reason: undefined },
      ]);
    });

    for (const code of [2100, 1100]) {
      it(`are asked for one by one when an unknown one fails the whole call with ${code}`, async () => {
        server.script(refuse(code), refuse(code), json({ ret_code: 0, total_count: 1, job_set: [{ job_id: 'j-2', status: 'working' }] }));
        expect((await createProvider().describeJobs(['j-1', 'j-2'])).map((job) => job.id)).to.deep.equal(['j-2']);
      });
    }

    it('need an id: a reply without one leaves everything open', async () => {
      server.script(json({ ret_code: 0 }));
      expect(await failure(createProvider().attachNics([MAC], 'i-1'))).to.include({ code: 'ERR_RESPONSE', outcome: 'unknown' });
    });

    it('take at most 5 NICs: more are refused without a request', async () => {
      const ids = Array.from({ length: 6 }, (_, i) => `52:54:00:00:00:0${i}`);
      expect(await failure(createProvider().attachNics(ids, 'i-1'))).to.include({ code: 'ERR_REQUEST', outcome: 'refused' });
      expect(server.requests).to.deep.equal([]);
    });
  });

  describe('what is asked for at the same time', () => {
    const macs = Array.from({ length: 7 }, (_, index) => `52:54:00:00:12:3${index}`);

    it('shares AttachNics, five NICs in a call', async () => {
      const provider = createProvider();
      server.script(json({ ret_code: 0, job_id: 'j-1' }), json({ ret_code: 0, job_id: 'j-2' }));
      const jobs = await Promise.all(macs.map((mac) => provider.attachNics([mac], 'i-0abcdef1')));
      expect(new Set(jobs)).to.deep.equal(new Set(['j-1', 'j-2']));
      const nics = sent().map((params) => Object.entries(params).flatMap(([name, value]) => (name.startsWith('nics.') ? [value] : [])));
      expect(nics.map(({ length }) => length)).to.deep.equal([5, 2]);
      expect(nics.flat()).to.deep.equal(macs);
    });

    it('fails alone: a NIC that the service refuses is no reason to refuse the others', async () => {
      const provider = createProvider();
      const refusal = json({ ret_code: 1400, message: 'PermissionDenied, nic is in use' });
      server.script(refusal, (response, request) =>
        (request.params['nics.1'] === macs[1] ? refusal : json({ ret_code: 0 }))(response, request),
      );
      server.script((response, request) => (request.params['nics.1'] === macs[1] ? refusal : json({ ret_code: 0 }))(response, request));
      const [first, second] = await Promise.allSettled([provider.deleteNics([macs[0] ?? '']), provider.deleteNics([macs[1] ?? ''])]);
      expect(first.status).to.equal('fulfilled');
      expect(second.status === 'rejected' && second.reason).to.include({ code: 'ERR_STATE', outcome: 'refused' });
      expect(actions()).to.deep.equal(['DeleteNics', 'DeleteNics', 'DeleteNics']);
    });

    it('shares one DescribeJobs, and one DescribeNics, each getting its own', async () => {
      const provider = createProvider();
      const job = (id: string) => ({ job_id: id, job_action: 'AttachNics', status: 'working', create_time: '2017-08-17T03:04:05Z' });
      server.script(json({ ret_code: 0, total_count: 2, job_set: [job('j-1'), job('j-2')] }));
      const found = await Promise.all([provider.describeJobs(['j-1']), provider.describeJobs(['j-2']), provider.describeJobs(['j-3'])]);
      expect(found.map((jobs) => jobs.map(({ id }) => id))).to.deep.equal([['j-1'], ['j-2'], []]);
      server.script(json({ ret_code: 0, total_count: 0, nic_set: [] }));
      await Promise.all(macs.map((mac) => provider.listNics({ ids: [mac] })));
      expect(actions()).to.deep.equal(['DescribeJobs', 'DescribeNics']);
    });
  });

  describe('pages', () => {
    const page = (total: number | undefined, from: number, to: number): Answer =>
      nicPage(total, ...Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => nicWire(from + i)));
    const offsets = (): readonly (string | undefined)[] => sent().map((params) => params['offset']);
    const list = async (options: Partial<QingCloudProviderOptions> = {}): Promise<readonly string[]> =>
      (await createProvider(options).listNics({ subnetIds: ['vxnet-a'] })).map((nic) => nic.id);

    it('are read to the end', async () => {
      server.script(page(250, 0, 99), page(250, 100, 199), page(250, 200, 249));
      expect(new Set(await list())).to.have.property('size', 250);
      expect(offsets()).to.deep.equal(['0', '100', '200']);
    });

    it('may be smaller than asked for', async () => {
      server.script(page(30, 0, 19), page(30, 20, 29));
      expect(await list()).to.have.length(30);
      expect(offsets()).to.deep.equal(['0', '20']);
    });

    it('may lack the count: then the last one is not full', async () => {
      server.script(page(undefined, 0, 99), page(undefined, 100, 130));
      expect(await list()).to.have.length(131);
    });

    it('are read anew when the count changes on the way', async () => {
      server.script(page(110, 0, 99), page(109, 101, 109), page(109, 1, 100), page(109, 101, 109));
      expect(await list()).to.have.length(109);
      expect(offsets()).to.deep.equal(['0', '100', '0', '100']);
    });

    it('are read anew when an item slides onto the next page', async () => {
      server.script(page(110, 0, 99), page(110, 99, 108), page(110, 0, 99), page(110, 100, 109));
      expect(await list()).to.have.length(110);
    });

    it('are read anew when an item comes twice and there is no count', async () => {
      server.script(page(undefined, 0, 99), page(undefined, 99, 108), page(undefined, 0, 99), page(undefined, 100, 109));
      expect(await list()).to.have.length(110);
      expect(offsets()).to.deep.equal(['0', '100', '0', '100']);
    });

    it('are read anew when they end before the count', async () => {
      server.script(page(110, 0, 99), page(110, 1, 0), page(100, 0, 99));
      expect(await list()).to.have.length(100);
      expect(offsets()).to.deep.equal(['0', '100', '0']);
    });

    it('are joined, with a warning, when they never stand still', async () => {
      const heard: string[] = [];
      const log: Logger = { ...silentLogger, warn: (message) => void heard.push(message) };
      for (let pass = 0; pass < 3; pass++) server.script(page(110, 0, 99), page(109 - pass, 100, 109));
      const ids = await list({ log });
      expect(ids).to.have.length(110);
      expect(server.requests).to.have.length(6);
      expect(heard).to.have.length(1);
      expect(heard[0]).to.include('DescribeNics: the list went on changing');
    });
  });

  describe('repetitions', () => {
    const create = (p: NicProvider) => p.createNic({ subnetId: 'v', name: 'x' });
    const attach = (p: NicProvider) => p.attachNics([MAC], 'i-1');
    const remove = (p: NicProvider) => p.deleteNics([MAC]);
    const list = (p: NicProvider) => p.listNics({ instanceId: 'i-1' });
    const forward = (p: NicProvider) => p.allowForwarding(MAC);
    const garbage = text('<html>');
    const gateway = text('', 502);

    const helps: readonly (readonly [string, (p: NicProvider) => Promise<unknown>, Answer, Answer])[] = [
      ['CreateNics after too many calls', create, TOO_OFTEN, CREATED],
      ['CreateNics while the service is updated', create, UPDATING, CREATED],
      ['AttachNics while busy', attach, BUSY, STARTED],
      ['AttachNics after too many calls', attach, TOO_OFTEN, STARTED],
      ['DeleteNics while busy', remove, BUSY, DONE],
      ['DescribeNics while busy', list, BUSY, nicPage(0)],
      ['DescribeNics after a failure inside', list, BROKEN, nicPage(0)],
      ['DescribeNics after a cut connection', list, cut(), nicPage(0)],
      ['DescribeNics after garbage', list, garbage, nicPage(0)],
      ['DescribeNics after HTTP 502', list, gateway, nicPage(0)],
      ['ModifyNicAttributes after a cut connection', forward, cut(), DONE],
    ];
    for (const [what, call, first, second] of helps) {
      it(`are made: ${what}`, async () => {
        server.script(first, second);
        await call(createProvider());
        expect(server.requests).to.have.length(2);
        expect(slept).to.have.length(1);
      });
    }

    const harms: readonly (readonly [string, (p: NicProvider) => Promise<unknown>, Answer, string])[] = [
      ['CreateNics while busy', create, BUSY, 'unknown'],
      ['CreateNics after a failure inside', create, BROKEN, 'unknown'],
      ['CreateNics after a cut connection', create, cut(), 'unknown'],
      ['CreateNics after garbage', create, garbage, 'unknown'],
      ['CreateNics after HTTP 502', create, gateway, 'unknown'],
      ['CreateNics without resources', create, refuse(5200), 'refused'],
      ['CreateNics over quota', create, refuse(2500, 'QuotasExceeded'), 'refused'],
      ['AttachNics after a failure inside', attach, BROKEN, 'unknown'],
      ['AttachNics after a cut connection', attach, cut(), 'unknown'],
      ['AttachNics after garbage', attach, garbage, 'unknown'],
      ['AttachNics in a wrong state', attach, refuse(1400), 'refused'],
      ['AttachNics not ready yet', attach, refuse(1400, 'PermissionDenied, not ready yet, please try later'), 'refused'],
      ['DeleteNics after a cut connection', remove, cut(), 'unknown'],
      ['DescribeNics without right', list, refuse(1400), 'refused'],
      ['DescribeNics with a wrong key', list, refuse(1200), 'refused'],
      ['DescribeNics with a wrong path', list, text('', 404), 'refused'],
      ['CreateNics with a wrong path', create, text('', 404), 'refused'],
    ];
    for (const [what, call, answer, outcome] of harms) {
      it(`are not made: ${what}`, async () => {
        server.script(answer);
        expect(await failure(call(createProvider()))).to.include({ outcome });
        // Others may be asked for the state of things.
        expect(actions().filter((action) => action === actions()[0])).to.have.length(1);
        expect(slept).to.deep.equal([]);
      });
    }

    it('come after growing waits, and end', async () => {
      server.script(BUSY, BUSY, BUSY, BUSY, nicPage(0));
      expect(await failure(list(createProvider({ random: () => 0.5 })))).to.include({ code: 'ERR_BUSY', retCode: 5100, retryable: true });
      expect(server.requests).to.have.length(4);
      expect(slept).to.deep.equal([375, 750, 1500]);
    });

    it('are made for CreateNics when nobody was reached', async () => {
      await server.close();
      const error = await failure(create(createProvider()));
      expect(error).to.include({ code: 'ERR_TRANSPORT', outcome: 'refused' });
      expect(slept).to.deep.equal([250, 500, 1000]);
      server = await startScriptedServer();
    });

    it('that end in a refusal do not hide that an earlier one may have taken effect', async () => {
      server.script(BUSY, refuse(1400, 'PermissionDenied, NIC is not available'));
      const error = await failure(attach(createProvider()));
      expect(error).to.include({ code: 'ERR_STATE', outcome: 'unknown', retCode: 1400 });
      expect(error.cause).to.be.instanceOf(ProviderError).and.to.include({ outcome: 'refused' });
    });

    it('of reads do not make a refusal doubtful', async () => {
      server.script(cut(), refuse(1200));
      expect(await failure(list(createProvider()))).to.include({ code: 'ERR_AUTH', outcome: 'refused' });
    });

    for (const [first, outcome] of [
      [TOO_OFTEN, 'refused'],
      [BUSY, 'unknown'],
    ] as const) {
      it(`end with the signal, and tell what came before (${outcome})`, async () => {
        const controller = new AbortController();
        server.script(first);
        const clock = {
          now: () => 0,
          sleep: async (_ms: number, signal?: AbortSignal) => {
            controller.abort(new NicError('ERR_DEADLINE', 'no time left'));
            if (signal?.aborted === true) throw toAbortError(signal, 'wait');
          },
        };
        const error = await failure(createProvider({ clock }).attachNics([MAC], 'i-1', { signal: controller.signal }));
        expect(error).to.include({ code: 'ERR_DEADLINE', outcome, action: 'AttachNics' });
        expect(error.message).to.match(/^no time left; before that: AttachNics: QingCloud refused with/);
      });
    }
  });

  it('reads the id of the instance each time, from its file', async () => {
    const provider = createProvider();
    expect(await provider.instanceId()).to.equal('i-0abcdef1');
    await writeFile(join(folder, 'instance-id'), 'i-0abcdef2');
    expect(await provider.instanceId()).to.equal('i-0abcdef2');
    expect(server.requests).to.deep.equal([]);
  });

  it('tells its limits', () => {
    expect(createProvider().features).to.deep.equal({
      wishedAddress: true,
      forwarding: true,
      maxNicsPerInstance: 64,
      maxNicsPerCall: 5,
      lateEffectMs: 90_000,
    });
    expect(createProvider({ lateEffectMs: 5 }).features.lateEffectMs).to.equal(5);
    expect(createProvider({ nicsPerInstance: 200 }).features.maxNicsPerInstance).to.equal(200);
  });
});
