import { get } from 'node:http';
import { expect } from 'chai';
import { NicError } from '../../../../lib/errors.js';
import { toChoices } from '../../../../providers/qingcloud/emulator/choices.js';
import { type Choices, type EmulatorOptions, emulatorChoices } from '../../../../providers/qingcloud/emulator/index.js';
import { formatTimeStamp, signQuery } from '../../../../providers/qingcloud/signature.js';
import { RecordingFabric } from '../../../support/recording-fabric.js';
import {
  type EmulatorBed,
  INSTANCE,
  JOB_MS,
  LONE_VXNET,
  listParams,
  openEmulatorBed,
  type Reply,
  VXNET,
} from '../../../support/standing-emulator.js';

/** What one value of a choice makes of the same small scene. */
type Scene = (bed: EmulatorBed) => Promise<unknown>;

const UNKNOWN = '52:54:ff:ff:ff:ff';

function idsOf(reply: Reply, list: string, key: string): unknown[] {
  const items: unknown = reply[list];
  return Array.isArray(items) ? items.map((item) => item[key]) : [reply.ret_code];
}

async function named(bed: EmulatorBed): Promise<unknown> {
  await bed.create(1, { nic_name: 'pod' });
  await bed.create(1, { nic_name: 'pod-2' });
  return idsOf(await bed.call('DescribeNics', { nic_name: 'pod' }), 'nic_set', 'nic_name');
}

async function strangers(bed: EmulatorBed): Promise<unknown> {
  const codes: number[] = [];
  for (const [action, params] of [
    ['DescribeNics', { 'nics.1': UNKNOWN }],
    ['DescribeNics', { 'vxnets.1': 'vxnet-none' }],
    ['DescribeVxnets', { 'vxnets.1': 'vxnet-none' }],
    ['DescribeInstances', { 'instances.1': 'i-none' }],
  ] as const) {
    codes.push((await bed.call(action, params)).ret_code);
  }
  return codes;
}

async function statusMeanwhile(bed: EmulatorBed): Promise<unknown> {
  const [nic = { id: '' }] = await bed.create();
  await bed.attach(nic.id);
  return (await bed.nic(nic.id))?.['status'];
}

/** One of two wished addresses is taken. */
async function halfTaken(bed: EmulatorBed): Promise<unknown> {
  const wish = listParams('private_ips', ['192.168.100.2', '192.168.100.9']);
  return idsOf(await bed.call('CreateNics', { vxnet: VXNET, count: '2', ...wish }), 'nics', 'private_ip');
}

async function addresses(bed: EmulatorBed): Promise<unknown> {
  return (await bed.create(2)).map((nic) => nic.address);
}

async function wished(bed: EmulatorBed): Promise<unknown> {
  return (await bed.create(2, listParams('private_ips', ['192.168.100.9', '192.168.100.8']))).map((nic) => nic.address);
}

async function without(bed: EmulatorBed): Promise<unknown> {
  const [nic] = (await bed.call('CreateNics', { vxnet: LONE_VXNET }))['nics'] as Record<string, unknown>[];
  const shown = await bed.nic(String(nic?.['nic_id']));
  return [nic?.['private_ip'], shown?.['private_ip'], Object.keys(nic ?? {}).length];
}

async function failedTrio(bed: EmulatorBed): Promise<unknown> {
  const nics = await bed.create(3);
  bed.emulator.addFault({ fault: { kind: 'job', outcome: 'done with failure' } });
  await bed.attached(...nics.map((nic) => nic.id));
  const statuses: unknown[] = [];
  for (const nic of nics) statuses.push((await bed.nic(nic.id))?.['status']);
  return statuses;
}

async function freshness(bed: EmulatorBed): Promise<unknown> {
  const [nic = { id: '' }] = await bed.create();
  const tries = async (): Promise<number[]> => [
    (await bed.call('ModifyNicAttributes', { nic: nic.id, nic_name: 'x' })).ret_code,
    (await bed.call('DeleteNics', { 'nics.1': nic.id })).ret_code,
  ];
  const attach = await bed.call('AttachNics', { instance: INSTANCE, 'nics.1': nic.id });
  if (attach.ret_code === 0) return [0];
  expect(attach.message).to.equal(`PermissionDenied, resource [${nic.id}] lease info not ready yet, please try later`);
  const early = await tries();
  await bed.clock.advance(300);
  return [attach.ret_code, early, await tries()];
}

async function freeCounts(bed: EmulatorBed): Promise<unknown> {
  const shown: unknown[] = [];
  for (const verbose of ['0', '1'])
    shown.push(idsOf(await bed.call('DescribeVxnets', { verbose, 'vxnets.1': VXNET }), 'vxnet_set', 'available_ip_count')[0]);
  return shown;
}

async function ahead(bed: EmulatorBed): Promise<unknown> {
  const codes: number[] = [];
  for (const seconds of [0, 1, 60, 61, 86_400]) {
    codes.push((await bed.call('DescribeNics', { time_stamp: formatTimeStamp(bed.clock.now() + seconds * 1_000) })).ret_code);
  }
  return codes;
}

async function mismatch(bed: EmulatorBed): Promise<unknown> {
  const wish = listParams('private_ips', ['192.168.100.9', '192.168.100.8']);
  const made: unknown[] = [];
  for (const count of ['1', '3']) {
    const reply = await bed.call('CreateNics', { vxnet: VXNET, count, ...wish });
    made.push(idsOf(reply, 'nics', 'private_ip'));
    await bed.call('DeleteNics', listParams('nics', idsOf(reply, 'nics', 'nic_id').map(String)));
  }
  return made;
}

async function terminated(bed: EmulatorBed): Promise<unknown> {
  const [nic = { id: '' }] = await bed.create();
  await bed.attached(nic.id);
  bed.emulator.setInstanceStatus(INSTANCE, 'terminated');
  await bed.emulator.idle();
  return bed.emulator.nics().map(({ role, status, instanceId }) => [role, status, instanceId ?? '']);
}

/** A reply as it is on the wire. */
async function rawReply(bed: EmulatorBed): Promise<unknown> {
  const params = {
    action: 'DescribeNics',
    zone: 'pek3a',
    access_key_id: 'QYACCESSKEYIDEXAMPLE',
    signature_method: 'HmacSHA256',
    signature_version: '1',
    time_stamp: formatTimeStamp(bed.clock.now()),
  };
  const query = signQuery({ path: '/iaas', params, secretAccessKey: 'SECRETACCESSKEY' });
  const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
    const request = get(`${bed.emulator.url}?${query}`, { headers: { 'accept-encoding': 'gzip' } }, (response) => {
      response.resume().on('end', () => resolve(response.headers));
    });
    request.on('error', reject);
  });
  // Whatever its form is, it decodes to the same.
  expect((await bed.call('DescribeNics'))['total_count']).to.equal(1);
  expect(headers['content-type']).to.equal('application/json');
  return {
    length: headers['content-length'] !== undefined,
    chunked: headers['transfer-encoding'] === 'chunked',
    gzip: headers['content-encoding'] === 'gzip',
    close: headers['connection'] === 'close',
  };
}

async function refusal(bed: EmulatorBed): Promise<unknown> {
  return bed.call('DeleteNics', { 'nics.1': UNKNOWN });
}

async function texts(bed: EmulatorBed): Promise<unknown> {
  const invented = await refusal(bed);
  bed.emulator.addFault({ fault: { kind: 'error', error: 'rate-limit' } });
  const reported = await bed.call('DescribeNics');
  bed.emulator.setInstanceStatus(INSTANCE, 'stopped');
  const stopped = await bed.call('AttachNics', { instance: INSTANCE, 'nics.1': UNKNOWN });
  return [(invented as Reply).message, reported.message?.includes('too frequently'), stopped.message?.includes('is not running')];
}

const codeOf =
  (action: string, params: Record<string, string>): Scene =>
  async (bed) =>
    (await bed.call(action, params)).ret_code;

const NOT_FOUND = `ResourceNotFound, nic [${UNKNOWN}] does not exist`;
const plain = { chunked: false, gzip: false, close: false };

/** For each choice a scene, and what each value makes of it. */
const SCENES: {
  readonly [K in keyof Choices]-?: { scene: Scene; options?: EmulatorOptions; seen: readonly (readonly [Choices[K], unknown])[] };
} = {
  nameFilter: {
    scene: named,
    seen: [
      ['exact', ['pod']],
      ['partial', ['pod', 'pod-2']],
      ['ignored', ['', 'pod', 'pod-2']],
    ],
  },
  unknownIds: {
    scene: strangers,
    seen: [
      ['empty', [0, 0, 0, 0]],
      ['error', [2100, 2100, 2100, 2100]],
    ],
  },
  statusChanges: {
    scene: statusMeanwhile,
    seen: [
      ['job-end', 'available'],
      ['job-start', 'in-use'],
    ],
  },
  createAllOrNothing: {
    scene: halfTaken,
    seen: [
      [true, [1400]],
      [false, ['192.168.100.9']],
    ],
  },
  addressOrder: {
    scene: addresses,
    options: { random: () => 0.5 },
    seen: [
      ['lowest', ['192.168.100.3', '192.168.100.4']],
      ['highest', ['192.168.100.253', '192.168.100.252']],
      ['random', ['192.168.100.129', '192.168.100.130']],
    ],
  },
  nicOrder: {
    scene: wished,
    seen: [
      ['wished', ['192.168.100.9', '192.168.100.8']],
      ['reversed', ['192.168.100.8', '192.168.100.9']],
    ],
  },
  missingAddress: {
    scene: without,
    seen: [
      ['empty', ['', '', 2]],
      ['absent', [undefined, undefined, 1]],
    ],
  },
  failedJobs: {
    scene: failedTrio,
    seen: [
      ['roll-back', ['available', 'available', 'available']],
      ['keep-some', ['in-use', 'in-use', 'available']],
    ],
  },
  leaseNotReadyMs: {
    scene: freshness,
    seen: [
      [0, [0]],
      [300, [1400, [1400, 1400], [0, 0]]],
    ],
  },
  availableIpCount: {
    scene: freeCounts,
    seen: [
      ['always', [251, 251]],
      ['verbose', [undefined, 251]],
      ['never', [undefined, undefined]],
    ],
  },
  futureTimeStamps: {
    scene: ahead,
    seen: [
      ['window', [0, 0, 0, 1300, 1300]],
      ['any', [0, 0, 0, 0, 0]],
      ['none', [0, 1300, 1300, 1300, 1300]],
    ],
  },
  countMismatch: {
    scene: mismatch,
    seen: [
      ['refused', [[1100], [1100]]],
      [
        'addresses',
        [
          ['192.168.100.9', '192.168.100.8'],
          ['192.168.100.9', '192.168.100.8'],
        ],
      ],
      ['count', [['192.168.100.9'], ['192.168.100.9', '192.168.100.8', '192.168.100.3']]],
    ],
  },
  terminatedInstance: {
    scene: terminated,
    seen: [
      ['free', [[0, 'available', '']]],
      [
        'keep',
        [
          [1, 'in-use', INSTANCE],
          [0, 'in-use', INSTANCE],
        ],
      ],
      ['delete', []],
    ],
  },
  httpForm: {
    scene: rawReply,
    seen: [
      ['length', { ...plain, length: true }],
      ['chunked', { ...plain, length: false, chunked: true }],
      ['gzip', { ...plain, length: true, gzip: true }],
      ['close', { ...plain, length: true, close: true }],
    ],
  },
  errorForm: {
    scene: refusal,
    seen: [
      ['bare', { message: NOT_FOUND, ret_code: 2100 }],
      ['with-action', { action: 'DeleteNicsResponse', message: NOT_FOUND, ret_code: 2100 }],
    ],
  },
  texts: {
    scene: texts,
    seen: [
      ['detailed', [NOT_FOUND, true, true]],
      ['bare', ['ResourceNotFound, refused', true, true]],
    ],
  },
  unknownActionCode: {
    scene: codeOf('DescribeMoon', {}),
    seen: [
      [1400, 1400],
      [1101, 1101],
    ],
  },
  vxnetFullCode: {
    scene: codeOf('CreateNics', { vxnet: VXNET, count: '252' }),
    seen: [
      [1400, 1400],
      [2500, 2500],
      [5200, 5200],
    ],
  },
  addressTakenCode: {
    scene: codeOf('CreateNics', { vxnet: VXNET, 'private_ips.1': '192.168.100.2' }),
    seen: [
      [1400, 1400],
      [2110, 2110],
      [1100, 1100],
    ],
  },
  instanceFullCode: {
    scene: async (bed) => codeOf('AttachNics', { instance: INSTANCE, 'nics.1': (await bed.create())[0]?.id ?? '' })(bed),
    options: { limits: { nicsPerInstance: 1 } },
    seen: [
      [1400, 1400],
      [2500, 2500],
    ],
  },
  tooManyNicsCode: {
    scene: async (bed) =>
      codeOf('AttachNics', {
        instance: INSTANCE,
        ...listParams(
          'nics',
          (await bed.create(6)).map((nic) => nic.id),
        ),
      })(bed),
    seen: [
      [1400, 1400],
      [1100, 1100],
      [2500, 2500],
    ],
  },
  wrongZoneCode: {
    scene: codeOf('DescribeNics', { zone: 'pek3z' }),
    seen: [
      [1100, 1100],
      [1400, 1400],
      [2100, 2100],
    ],
  },
  unknownJobCode: {
    scene: codeOf('DescribeJobs', { 'jobs.1': 'j-none0000' }),
    seen: [
      [2100, 2100],
      [1100, 1100],
    ],
  },
};

describe('emulatorChoices', () => {
  for (const [name, { scene, options, seen }] of Object.entries(SCENES)) {
    const choice = new Map(Object.entries(emulatorChoices)).get(name);

    it(`lists the values of ${name} that are tried here, the default first`, async () => {
      expect(choice?.values).to.deep.equal(seen.map(([value]) => value));
      expect(new Map(Object.entries(toChoices({}))).get(name)).to.equal(seen[0]?.[0]);
      const bed = await openEmulatorBed(options);
      try {
        expect(await scene(bed), 'without any choice').to.deep.equal(seen[0]?.[1]);
      } finally {
        await bed.close();
      }
    });

    for (const [value, expected] of seen) {
      it(`${name}: ${String(value)}`, async () => {
        const bed = await openEmulatorBed({ ...options, choices: { [name]: value } });
        try {
          expect(await scene(bed)).to.deep.equal(expected);
        } finally {
          await bed.close();
        }
      });
    }
  }

  it('has a scene for each choice there is', () => expect(Object.keys(SCENES)).to.have.members(Object.keys(emulatorChoices)));
});

describe('toChoices()', () => {
  const impossible: [string, object, RegExp][] = [
    ['another value', { nameFilter: 'fuzzy' }, /choices\.nameFilter must be one of exact, partial, ignored$/],
    ['a text for a flag', { createAllOrNothing: 'yes' }, /choices\.createAllOrNothing must be one of true, false$/],
    ['code 0, which is success', { vxnetFullCode: 0 }, /choices\.vxnetFullCode must be a whole number, such as 1400 or 2500 or 5200$/],
    ['a negative time', { leaseNotReadyMs: -1 }, /choices\.leaseNotReadyMs must be/],
    ['a name that is none', { filterNames: 'exact' }, /there is no such choice .*nameFilter/],
  ];
  for (const [what, choices, message] of impossible) {
    it(`refuses ${what}`, () => {
      expect(() => toChoices(choices))
        .to.throw(NicError, message)
        .with.property('code', 'ERR_CONFIG');
    });
  }

  it('takes other codes and times than those listed', () => {
    expect(toChoices({ vxnetFullCode: 4711, leaseNotReadyMs: 5 })).to.include({ vxnetFullCode: 4711, leaseNotReadyMs: 5 });
  });
});

describe('an instance that is terminated', () => {
  it('loses the links of its NICs, and an attach under way fails', async () => {
    const fabric = new RecordingFabric();
    const bed = await openEmulatorBed({
      fabric,
      instances: [{ id: INSTANCE, namespace: { kind: 'own' }, primaryNic: { vxnetId: VXNET } }],
    });
    try {
      const [first = { id: '' }, second = { id: '' }] = await bed.create(2);
      await bed.attached(first.id);
      const job = await bed.attach(second.id);
      expect(fabric.plugged.size).to.equal(2);
      bed.emulator.setInstanceStatus(INSTANCE, 'terminated');
      await bed.clock.advance(JOB_MS);
      await bed.emulator.idle();
      expect(fabric.plugged.size).to.equal(0);
      expect(await bed.jobStatus(job)).to.equal('failed');
      expect(bed.emulator.nics().map(({ id, status, plugged }) => [id, status, plugged])).to.deep.equal([
        [first.id, 'available', false],
        [second.id, 'available', false],
      ]);
    } finally {
      await bed.close();
    }
  });
});
