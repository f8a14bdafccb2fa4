import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { formatIp, parseIp } from '../../lib/address.js';
import { type CallLimiter, unlimitedCalls } from '../../lib/call-budget/index.js';
import { type Clock, systemClock } from '../../lib/clock.js';
import { decode } from '../../lib/codec.js';
import { isNicError, type NicErrorCode, ProviderError } from '../../lib/errors.js';
import { type Logger, silentLogger } from '../../lib/log.js';
import type { Job, Nic, Subnet } from '../../lib/nic.js';
import type { CallOptions, CreateNicRequest, NicFilter, NicProvider, ProviderFeatures } from '../../lib/provider.js';
import { Batch } from './batch.js';
import { ApiClient, type ApiReply, type ApiRequest } from './client.js';
import type { QingCloudConfig } from './config.js';
import { toAbortedError, toResponseError } from './errors.js';
import { InFlight } from './in-flight.js';
import { INSTANCE_ID_FILE, readInstanceId } from './instance-id.js';
import { toAddresses, toJob, toNic, toSubnet } from './model.js';
import { PAGE_SIZE, readPages } from './paging.js';
import type { ParamValue } from './params.js';
import { withRetries } from './retry.js';
import {
  CreateNicsReplyCodec,
  JobReplyCodec,
  JobWireCodec,
  listOf,
  NicWireCodec,
  PageCodec,
  type VxnetWire,
  VxnetWireCodec,
} from './wire.js';

/** Self-managed and managed vxnets come without asking; basic ones, such as vxnet-0, only when asked for. */
const BASIC_VXNET_TYPE = 2;

/** What {@link createQingCloudProvider} takes. */
export interface QingCloudProviderOptions {
  /** Where the API is and who asks; see `readConfig`. */
  readonly config: QingCloudConfig;
  /** The file with the id of this instance; `/etc/qingcloud/instance-id` by default. */
  readonly instanceIdFile?: string;
  /** Gives the time stamps of requests and waits between attempts; the system's by default. */
  readonly clock?: Clock;
  /** Hears what is done; silent by default. No secret is ever told. */
  readonly log?: Logger;
  /** Spreads repeated requests; numbers from 0 up to 1, `Math.random` by default. */
  readonly random?: () => number;
  /** Keeps to a budget of API calls that other processes share; without it every call is made. See `createCallLimiter`. */
  readonly limiter?: CallLimiter;
  /** Limit of one request, from its start to the last byte of its reply, in milliseconds; 30 s by default. */
  readonly requestTimeoutMs?: number;
  /** Limit from when a request is sent to the head of its reply, in milliseconds; 20 s by default. */
  readonly responseTimeoutMs?: number;
  /**
   * How long after a lost answer a request may still take effect, in milliseconds. By default 90 s: a signed request is valid
   * for 60 s, and 30 s are for clocks that differ and reads that are stale.
   */
  readonly lateEffectMs?: number;
  /** NICs that an instance can hold, the primary one included, where the account's limit was raised; 64 by default, as documented. */
  readonly nicsPerInstance?: number;
  /**
   * The variables that name a proxy: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, in upper or lower case, by the rules of Go's programs.
   * Those of this process by default; `{}` for no proxy.
   */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** The NICs of QingCloud (docs, `api/command_list/nic`). */
class QingCloudProvider implements NicProvider {
  readonly name = 'qingcloud';
  readonly identity: string;
  readonly features: ProviderFeatures;
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #random: () => number;
  readonly #retries: number;
  readonly #instanceIdFile: string;
  readonly #subnets = new InFlight<readonly Subnet[]>('DescribeVxnets');
  readonly #jobs: Batch<readonly Job[]>;
  readonly #nics: Batch<readonly Nic[]>;
  readonly #attaching: Batch<string>;
  readonly #detaching: Batch<string>;
  readonly #deleting: Batch<void>;

  constructor(options: QingCloudProviderOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLogger;
    this.#random = options.random ?? Math.random;
    const { protocol, host, port, path, zone, accessKeyId, revision } = options.config;
    this.identity = JSON.stringify([protocol, host, port, path, zone, accessKeyId, revision ?? '']);
    this.#retries = options.config.connectionRetries;
    this.#instanceIdFile = options.instanceIdFile ?? INSTANCE_ID_FILE;
    this.#client = new ApiClient({
      config: options.config,
      clock: this.#clock,
      log: this.#log,
      limiter: options.limiter ?? unlimitedCalls,
      requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
      responseTimeoutMs: options.responseTimeoutMs ?? 20_000,
      environment: options.environment ?? process.env,
    });
    this.features = {
      wishedAddress: true,
      forwarding: true,
      // docs, compute/vm/manual/nic.md: 63 and the primary one.
      maxNicsPerInstance: options.nicsPerInstance ?? 64,
      // github.com/yunify/hostnic-cni, issue 74.
      maxNicsPerCall: 5,
      lateEffectMs: options.lateEffectMs ?? 90_000,
    };
    // A lost answer leaves all of them in doubt; what was refused can be asked for each alone, to see whose it was.
    const isShared = (error: unknown): boolean =>
      error instanceof ProviderError && error.outcome === 'refused' && error.retCode !== undefined;
    const changing = { most: this.features.maxNicsPerCall, isShared };
    const reading = { most: PAGE_SIZE, isShared: () => false };
    this.#attaching = new Batch({
      ...changing,
      action: 'AttachNics',
      send: (instance, nics, signal) => this.#startJob('AttachNics', { nics, instance }, signal),
    });
    this.#detaching = new Batch({
      ...changing,
      action: 'DetachNics',
      send: (_key, nics, signal) => this.#startJob('DetachNics', { nics }, signal),
    });
    this.#deleting = new Batch<void>({
      ...changing,
      action: 'DeleteNics',
      send: async (_key, nics, signal) => void (await this.#call({ action: 'DeleteNics', kind: 'change', values: { nics } }, signal)),
    });
    this.#jobs = new Batch({ ...reading, action: 'DescribeJobs', send: (_key, ids, signal) => this.#readJobs(ids, signal) });
    this.#nics = new Batch({ ...reading, action: 'DescribeNics', send: (_key, ids, signal) => this.#readNics({ ids }, signal) });
  }

  async instanceId({ signal }: CallOptions = {}): Promise<string> {
    if (signal?.aborted === true) throw toAbortedError('instanceId', signal, 'refused');
    return readInstanceId(this.#instanceIdFile);
  }

  describeSubnets(ids: readonly string[], { signal }: CallOptions = {}): Promise<readonly Subnet[]> {
    return this.#subnets.run([...ids].sort().join(), signal, async (shared) => {
      const read = (type: number | undefined) => (some: readonly string[]) =>
        this.#list('DescribeVxnets', 'vxnet_set', VxnetWireCodec, (vxnet) => vxnet.vxnet_id, { vxnets: some, vxnet_type: type }, shared);
      const found: VxnetWire[] = [...(await this.#each(ids, ['ERR_NOT_FOUND'], read(undefined)))];
      const missing = ids.filter((id) => !found.some((vxnet) => vxnet.vxnet_id === id));
      found.push(...(await this.#each(missing, ['ERR_NOT_FOUND', 'ERR_REQUEST'], read(BASIC_VXNET_TYPE))));
      return found.filter((vxnet) => ids.includes(vxnet.vxnet_id)).map(toSubnet);
    });
  }

  async createNic({ subnetId, name, address }: CreateNicRequest, { signal }: CallOptions = {}): Promise<Nic> {
    const action = 'CreateNics';
    const values = { vxnet: subnetId, count: 1, nic_name: name, private_ips: address === undefined ? undefined : [address] };
    const reply = this.#decode(action, CreateNicsReplyCodec, await this.#call({ action, kind: 'create', values }, signal));
    const [nic, ...others] = reply.nics;
    if (nic === undefined || others.length > 0) {
      throw toResponseError(action, `${reply.nics.length} NICs were created where one was asked for`, false);
    }
    const told = toAddresses(nic.private_ip);
    const wished = address === undefined ? undefined : parseIp(address);
    return {
      id: nic.nic_id,
      // The service sees what was sent: without white space at the ends.
      name: name.trim(),
      mac: nic.nic_id.toLowerCase(),
      subnetId,
      addresses: told.length > 0 || wished === undefined ? told : [formatIp(wished)],
      status: 'available',
      instanceId: undefined,
      role: 'secondary',
      createdAt: undefined,
    };
  }

  async listNics(filter: NicFilter, { signal }: CallOptions = {}): Promise<readonly Nic[]> {
    if (signal?.aborted === true) throw toAbortedError('DescribeNics', signal, 'refused');
    const { ids, ...others } = filter;
    const isOnlyIds = Object.values(others).every((value) => value === undefined);
    if (ids === undefined || ids.length === 0 || ids.length > PAGE_SIZE || !isOnlyIds) return this.#readNics(filter, signal);
    return (await this.#nics.run('', ids, signal)).filter((nic) => ids.includes(nic.id));
  }

  async #readNics(filter: NicFilter, signal: AbortSignal | undefined): Promise<readonly Nic[]> {
    const { ids, instanceId, subnetIds, status, name } = filter;
    const scope = { nics: ids, vxnets: subnetIds, instances: instanceId === undefined ? undefined : [instanceId], status };
    const narrow = ids !== undefined || subnetIds !== undefined || instanceId !== undefined;
    // Whether the service compares whole names is not known, so its filter is used only where all NICs of the account would come.
    const values = narrow ? scope : { ...scope, nic_name: name };
    const read = (more: Readonly<Record<string, ParamValue>>) =>
      this.#list('DescribeNics', 'nic_set', NicWireCodec, (nic) => nic.nic_id, { ...values, ...more }, signal);
    let found: Awaited<ReturnType<typeof read>>;
    if (ids !== undefined) found = await this.#each(ids, ['ERR_NOT_FOUND'], (some) => read({ nics: some }));
    else if (subnetIds !== undefined) found = await this.#each(subnetIds, ['ERR_NOT_FOUND'], (some) => read({ vxnets: some }));
    else found = await read({});
    // A filter that the service does not know must not make this host touch the NICs of others.
    return found
      .map(toNic)
      .filter(
        (nic) =>
          (ids?.includes(nic.id) ?? true) &&
          (subnetIds?.includes(nic.subnetId) ?? true) &&
          (instanceId === undefined || nic.instanceId === instanceId) &&
          (status === undefined || nic.status === status) &&
          (name === undefined || nic.name === name),
      );
  }

  async attachNics(nicIds: readonly string[], instanceId: string, { signal }: CallOptions = {}): Promise<string> {
    try {
      this.#requireFew('AttachNics', nicIds);
      return await this.#attaching.run(instanceId, nicIds, signal);
    } catch (error) {
      if (!(error instanceof ProviderError && error.code === 'ERR_NOT_FOUND')) throw error;
      const where = `the NIC was to go to instance ${instanceId}: the id of this host's instance comes from ${this.#instanceIdFile}`;
      throw new ProviderError(error.code, `${error.message} (${where}; check it, the zone and the account)`, {
        action: error.action,
        retryable: error.retryable,
        outcome: error.outcome,
        cause: error,
        ...(error.retCode === undefined ? {} : { retCode: error.retCode }),
      });
    }
  }

  async detachNics(nicIds: readonly string[], { signal }: CallOptions = {}): Promise<string> {
    this.#requireFew('DetachNics', nicIds);
    return this.#detaching.run('', nicIds, signal);
  }

  async deleteNics(nicIds: readonly string[], { signal }: CallOptions = {}): Promise<void> {
    await this.#deleting.run('', nicIds, signal);
  }

  async describeJobs(ids: readonly string[], { signal }: CallOptions = {}): Promise<readonly Job[]> {
    return (await this.#jobs.run('', ids, signal)).filter((job) => ids.includes(job.id));
  }

  async allowForwarding(nicId: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#call({ action: 'ModifyNicAttributes', kind: 'read', values: { nic: nicId, enable_aspoof: 0 } }, signal);
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  #call(request: ApiRequest, signal: AbortSignal | undefined): Promise<ApiReply> {
    const options = { clock: this.#clock, random: this.#random, retries: this.#retries, log: this.#log };
    return withRetries(request, options, signal, () => this.#client.send(request, signal));
  }

  #decode<A>(action: string, codec: t.Decoder<unknown, A>, reply: unknown): A {
    const decoded = decode(codec, reply, `${action} reply`);
    if (E.isLeft(decoded)) throw toResponseError(action, decoded.left.message, false);
    return decoded.right;
  }

  #requireFew(action: string, nicIds: readonly string[]): void {
    const { maxNicsPerCall } = this.features;
    if (nicIds.length <= maxNicsPerCall) return;
    const message = `${action}: takes at most ${maxNicsPerCall} NICs in a call, not ${nicIds.length}; nothing was sent`;
    throw new ProviderError('ERR_REQUEST', message, { action, retryable: false, outcome: 'refused' });
  }

  async #readJobs(ids: readonly string[], signal: AbortSignal): Promise<readonly Job[]> {
    // An unknown id fails the whole call (docs, describe_jobs); with which code is not told.
    const found = await this.#each(ids, ['ERR_NOT_FOUND', 'ERR_REQUEST'], (some) =>
      this.#list('DescribeJobs', 'job_set', JobWireCodec, (job) => job.job_id, { jobs: some }, signal),
    );
    return found.map(toJob);
  }

  async #startJob(action: 'AttachNics' | 'DetachNics', values: ApiRequest['values'], signal: AbortSignal): Promise<string> {
    return this.#decode(action, JobReplyCodec, await this.#call({ action, kind: 'change', values }, signal)).job_id;
  }

  /** All pages of a list. */
  #list<A>(
    action: string,
    key: string,
    item: t.Type<A, unknown>,
    idOf: (item: A) => string,
    values: ApiRequest['values'],
    signal: AbortSignal | undefined,
  ): Promise<readonly A[]> {
    const codec = t.intersection([PageCodec, t.type({ [key]: listOf(item) })]);
    return readPages(action, this.#log, idOf, async (offset) => {
      const request: ApiRequest = { action, kind: 'read', values: { ...values, offset, limit: PAGE_SIZE } };
      const reply = await this.#call(request, signal);
      const page = this.#decode(action, codec, { ...reply, [key]: reply[key] ?? [] });
      return { items: page[key] ?? [], total: page.total_count };
    });
  }

  /**
   * Asks for many ids, a page's worth at a time. The service may answer an unknown id by an error for the whole call:
   * then each is asked for alone, and the unknown ones are left out.
   * @param absent codes that such an error has
   */
  async #each<A>(
    ids: readonly string[],
    absent: readonly NicErrorCode[],
    read: (some: readonly string[]) => Promise<readonly A[]>,
  ): Promise<readonly A[]> {
    const found: A[] = [];
    for (let start = 0; start < ids.length; start += PAGE_SIZE) {
      const some = ids.slice(start, start + PAGE_SIZE);
      try {
        found.push(...(await read(some)));
      } catch (error) {
        if (!isNicError(error, ...absent)) throw error;
        if (some.length === 1) continue;
        for (const id of some) found.push(...(await this.#each([id], absent, read)));
      }
    }
    return found;
  }
}

/**
 * Makes a provider for QingCloud's IaaS API. Nothing is sent, and the HTTP client is not even loaded, before the first call.
 * @example
 * ```ts
 * const provider = createQingCloudProvider({ config: await readConfig('/etc/qingcloud/client.yaml') });
 * const nics = await provider.listNics({ instanceId: await provider.instanceId() });
 * await provider.close();
 * ```
 */
export function createQingCloudProvider(options: QingCloudProviderOptions): NicProvider {
  return new QingCloudProvider(options);
}
