import { type Emulator, type EmulatorOptions, startEmulator } from '../../providers/qingcloud/emulator/index.js';
import { ManualClock } from './manual-clock.js';
import { type RawQingCloudOptions, rawCall } from './raw-qingcloud.js';

/** A reply of the API as JSON. */
export type Reply = Readonly<Record<string, unknown>> & { readonly ret_code: number; readonly message?: string };

/** An emulator with a clock that stands still, and a raw client for it. */
export interface EmulatorBed {
  readonly emulator: Emulator;
  readonly clock: ManualClock;
  readonly client: RawQingCloudOptions;
  /** A request that is answered with JSON and HTTP 200. */
  call(action: string, params?: Readonly<Record<string, string>>): Promise<Reply>;
  /** NICs that were made, in the order of their making. */
  create(count?: number, params?: Readonly<Record<string, string>>): Promise<{ readonly id: string; readonly address: string }[]>;
  /** Starts to attach; gives the job's id. */
  attach(...ids: readonly string[]): Promise<string>;
  /** Starts to detach; gives the job's id. */
  detach(...ids: readonly string[]): Promise<string>;
  /** Attaches and lets the job end. */
  attached(...ids: readonly string[]): Promise<void>;
  /** What DescribeJobs says of a job. */
  jobStatus(id: string): Promise<unknown>;
  /** What DescribeNics says of a NIC. */
  nic(id: string): Promise<Readonly<Record<string, unknown>> | undefined>;
  close(): Promise<void>;
}

export const VXNET = 'vxnet-aaaaaaa';
export const OTHER_VXNET = 'vxnet-bbbbbbb';
export const LONE_VXNET = 'vxnet-ccccccc';
export const INSTANCE = 'i-aaaaaaaa';
export const JOB_MS = 3_000;

/** Numbers parameters as lists are sent. */
export function listParams(name: string, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.map((value, i) => [`${name}.${i + 1}`, value]));
}

/** Two vxnets in one VPC, one in none, and an instance with its primary NIC in the first. */
export async function openEmulatorBed(options: EmulatorOptions = {}): Promise<EmulatorBed> {
  const clock = new ManualClock();
  const emulator = await startEmulator({
    clock,
    vxnets: [
      { id: VXNET, routerId: 'rtr-aaaaaaaa', cidr: '192.168.100.0/24' },
      { id: OTHER_VXNET, routerId: 'rtr-aaaaaaaa', cidr: '192.168.101.0/24' },
      { id: LONE_VXNET, cidr: '192.168.102.0/24' },
    ],
    instances: [{ id: INSTANCE, primaryNic: { vxnetId: VXNET, id: '52:54:00:00:00:01' } }],
    jobs: { attachMs: JOB_MS, detachMs: JOB_MS },
    ...options,
  });
  const client: RawQingCloudOptions = { host: `${emulator.host}:${emulator.port}`, now: () => clock.now() };
  const call = async (action: string, params: Readonly<Record<string, string>> = {}): Promise<Reply> => {
    const reply = await rawCall(client, action, params);
    if (reply.status !== 200 || reply.contentType !== 'application/json') {
      throw new Error(`${action}: HTTP ${reply.status}, ${String(reply.contentType)}`);
    }
    return JSON.parse(reply.text);
  };
  const jobOf = (reply: Reply): string => {
    const id = reply['job_id'];
    if (typeof id !== 'string') throw new Error(`no job was started: ${JSON.stringify(reply)}`);
    return id;
  };
  const attach = async (...ids: readonly string[]): Promise<string> =>
    jobOf(await call('AttachNics', { instance: INSTANCE, ...listParams('nics', ids) }));
  return {
    emulator,
    clock,
    client,
    call,
    attach,
    create: async (count = 1, params = {}) => {
      const reply = await call('CreateNics', { vxnet: VXNET, count: String(count), ...params });
      if (!Array.isArray(reply['nics'])) throw new Error(`nothing was created: ${JSON.stringify(reply)}`);
      return reply['nics'].map((nic) => ({ id: String(nic.nic_id), address: String(nic.private_ip) }));
    },
    detach: async (...ids) => jobOf(await call('DetachNics', listParams('nics', ids))),
    attached: async (...ids) => {
      await attach(...ids);
      await clock.advance(JOB_MS);
      await emulator.idle();
    },
    jobStatus: async (id) => {
      const reply = await call('DescribeJobs', { 'jobs.1': id });
      return Array.isArray(reply['job_set']) ? reply['job_set'][0]?.status : undefined;
    },
    nic: async (id) => {
      const reply = await call('DescribeNics', { 'nics.1': id });
      return Array.isArray(reply['nic_set']) ? reply['nic_set'][0] : undefined;
    },
    close: () => emulator.close(),
  };
}
