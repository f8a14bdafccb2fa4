import { type CallLimiter, unlimitedCalls } from '../../lib/call-budget/index.js';
import { type Clock, systemClock } from '../../lib/clock.js';
import { ProviderError } from '../../lib/errors.js';
import { type Logger, silentLogger } from '../../lib/log.js';
import type { Job, Nic, Subnet } from '../../lib/nic.js';
import type { CallOptions, CreateNicOptions, CreateNicRequest, NicFilter, NicProvider, ProviderFeatures } from '../../lib/provider.js';
import { Actions, type ListShape } from './actions.js';
import { Batch } from './batch.js';
import { ApiClient, type ApiRequest } from './client.js';
import type { QingCloudConfig } from './config.js';
import { toAbortedError } from './errors.js';
import { guessFree } from './free-addresses.js';
import { InFlight } from './in-flight.js';
import { INSTANCE_ID_FILE, readInstanceId } from './instance-id.js';
import { describeInstances, type Instance } from './instances.js';
import { toJob, toNic, toSubnet } from './model.js';
import { type CreateNicsRequest, createNics } from './nic-creation.js';
import { PAGE_SIZE } from './paging.js';
import type { ParamValue } from './params.js';
import { explainAttach, needsWitnesses } from './refusals.js';
import { JobReplyCodec, type JobWire, JobWireCodec, type NicWire, NicWireCodec, type VxnetWire, VxnetWireCodec } from './wire.js';

const NICS: ListShape<NicWire> = { action: 'DescribeNics', key: 'nic_set', item: NicWireCodec, idOf: (nic) => nic.nic_id };
const JOBS: ListShape<JobWire> = { action: 'DescribeJobs', key: 'job_set', item: JobWireCodec, idOf: (job) => job.job_id };
const VXNETS: ListShape<VxnetWire> = { action: 'DescribeVxnets', key: 'vxnet_set', item: VxnetWireCodec, idOf: (vxnet) => vxnet.vxnet_id };

/** Self-managed and managed vxnets come without asking; basic ones, such as vxnet-0, only when asked for. */
const BASIC_VXNET_TYPE = 2;
/** How long an instance that was found in order is not asked about again when it refuses NICs, in milliseconds: a refused ADD tries often. */
const INSTANCE_FINE_MS = 60_000;

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

/** A {@link NicProvider} for QingCloud, and what else its API can do about NICs. */
export interface QingCloudProvider extends NicProvider {
  /**
   * Creates several NICs of one name in one call, with any addresses or with wished ones. Not idempotent, as `createNic`.
   * @returns them, in the order of the wished addresses
   */
  createNics(request: CreateNicsRequest, options?: CreateNicOptions): Promise<readonly Nic[]>;
  /** The instances of `ids` that the account has, in any order. Unknown ids are left out. */
  describeInstances(ids: readonly string[], options?: CallOptions): Promise<readonly Instance[]>;
}

/** The NICs of QingCloud (docs, `api/command_list/nic`). */
class ApiProvider implements QingCloudProvider {
  readonly name = 'qingcloud';
  readonly identity: string;
  readonly features: ProviderFeatures;
  readonly #client: ApiClient;
  readonly #actions: Actions;
  /** For questions beside the matter, whose answers can be done without. */
  readonly #asides: Actions;
  readonly #clock: Clock;
  readonly #instanceIdFile: string;
  readonly #instances = new InFlight<Instance | undefined>('DescribeInstances');
  readonly #fineUntil = new Map<string, number>();
  readonly #subnets = new InFlight<readonly Subnet[]>('DescribeVxnets');
  readonly #jobs: Batch<readonly Job[]>;
  readonly #nics: Batch<readonly Nic[]>;
  readonly #attaching: Batch<string>;
  readonly #detaching: Batch<string>;
  readonly #deleting: Batch<void>;

  constructor(options: QingCloudProviderOptions) {
    const { clock = systemClock, log = silentLogger, random = Math.random } = options;
    this.#clock = clock;
    const { protocol, host, port, path, zone, accessKeyId, revision } = options.config;
    this.identity = JSON.stringify([protocol, host, port, path, zone, accessKeyId, revision ?? '']);
    this.#instanceIdFile = options.instanceIdFile ?? INSTANCE_ID_FILE;
    this.#client = new ApiClient({
      config: options.config,
      clock,
      log,
      limiter: options.limiter ?? unlimitedCalls,
      requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
      responseTimeoutMs: options.responseTimeoutMs ?? 20_000,
      environment: options.environment ?? process.env,
    });
    const tools = { client: this.#client, clock, random, log };
    this.#actions = new Actions({ ...tools, retries: options.config.connectionRetries });
    this.#asides = new Actions({ ...tools, retries: 0 });
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
      send: async (_key, nics, signal) =>
        void (await this.#actions.call({ action: 'DeleteNics', kind: 'change', values: { nics } }, signal)),
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
        this.#actions.list(VXNETS, { vxnets: some, vxnet_type: type }, shared);
      const found: VxnetWire[] = [...(await this.#actions.each(ids, ['ERR_NOT_FOUND'], read(undefined)))];
      const missing = ids.filter((id) => !found.some((vxnet) => vxnet.vxnet_id === id));
      found.push(...(await this.#actions.each(missing, ['ERR_NOT_FOUND', 'ERR_REQUEST'], read(BASIC_VXNET_TYPE))));
      return Promise.all(found.filter((vxnet) => ids.includes(vxnet.vxnet_id)).map((vxnet) => this.#countFree(vxnet, shared)));
    });
  }

  /** Where the service does not say how many addresses are free, the NICs are counted. */
  async #countFree(vxnet: VxnetWire, signal: AbortSignal): Promise<Subnet> {
    const subnet = toSubnet(vxnet);
    if (subnet.freeAddresses !== undefined || guessFree(vxnet, 0) === undefined) return subnet;
    try {
      const nics = await this.#asides.count(NICS, { vxnets: [vxnet.vxnet_id] }, signal);
      return nics === undefined ? subnet : { ...subnet, freeAddresses: guessFree(vxnet, nics) };
    } catch (error) {
      // It is known well enough without.
      if (!(error instanceof ProviderError) || signal.aborted) throw error;
      return subnet;
    }
  }

  async createNic({ subnetId, name, address }: CreateNicRequest, options?: CreateNicOptions): Promise<Nic> {
    const [nic] = await this.createNics({ subnetId, name, ...(address === undefined ? {} : { addresses: [address] }) }, options);
    if (nic === undefined) throw new TypeError('createNics gives as many NICs as it was asked for');
    return nic;
  }

  createNics(request: CreateNicsRequest, options?: CreateNicOptions): Promise<readonly Nic[]> {
    return createNics(this.#actions, request, options);
  }

  describeInstances(ids: readonly string[], { signal }: CallOptions = {}): Promise<readonly Instance[]> {
    return describeInstances(this.#actions, ids, signal);
  }

  async listNics(filter: NicFilter, { signal }: CallOptions = {}): Promise<readonly Nic[]> {
    if (signal?.aborted === true) throw toAbortedError('DescribeNics', signal, 'refused');
    const { ids, ...others } = filter;
    const isOnlyIds = Object.values(others).every((value) => value === undefined);
    if (ids === undefined || ids.length === 0 || ids.length > PAGE_SIZE || !isOnlyIds) return this.#readNics(filter, signal);
    return (await this.#nics.run('', ids, signal)).filter((nic) => ids.includes(nic.id));
  }

  async #readNics(filter: NicFilter, signal: AbortSignal | undefined, actions = this.#actions): Promise<readonly Nic[]> {
    const { ids, instanceId, subnetIds, status, name } = filter;
    const scope = { nics: ids, vxnets: subnetIds, instances: instanceId === undefined ? undefined : [instanceId], status };
    const narrow = ids !== undefined || subnetIds !== undefined || instanceId !== undefined;
    // Whether the service compares whole names is not known, so its filter is used only where all NICs of the account would come.
    const values = narrow ? scope : { ...scope, nic_name: name };
    const read = (more: Readonly<Record<string, ParamValue>>) => actions.list(NICS, { ...values, ...more }, signal);
    let found: Awaited<ReturnType<typeof read>>;
    if (ids !== undefined) found = await actions.each(ids, ['ERR_NOT_FOUND'], (some) => read({ nics: some }));
    else if (subnetIds !== undefined) found = await actions.each(subnetIds, ['ERR_NOT_FOUND'], (some) => read({ vxnets: some }));
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
      if (!(error instanceof ProviderError) || !needsWitnesses(error)) throw error;
      throw await this.#explainAttach(error, nicIds, instanceId, signal);
    }
  }

  async #explainAttach(
    refused: ProviderError,
    nicIds: readonly string[],
    instanceId: string,
    signal: AbortSignal | undefined,
  ): Promise<ProviderError> {
    if ((this.#fineUntil.get(instanceId) ?? 0) > this.#clock.now()) return refused;
    const about = { instanceId, instanceIdFile: this.#instanceIdFile, nics: nicIds.length, most: this.features.maxNicsPerInstance };
    const explained = await explainAttach(refused, about, {
      instance: () =>
        this.#instances.run(instanceId, signal, async (shared) => (await describeInstances(this.#asides, [instanceId], shared))[0]),
      held: async () => (await this.#readNics({ instanceId }, signal, this.#asides)).length,
    });
    if (explained === refused) this.#fineUntil.set(instanceId, this.#clock.now() + INSTANCE_FINE_MS);
    return explained;
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
    await this.#actions.call({ action: 'ModifyNicAttributes', kind: 'read', values: { nic: nicId, enable_aspoof: 0 } }, signal);
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  #requireFew(action: string, nicIds: readonly string[]): void {
    const { maxNicsPerCall } = this.features;
    if (nicIds.length <= maxNicsPerCall) return;
    const message = `${action}: takes at most ${maxNicsPerCall} NICs in a call, not ${nicIds.length}; nothing was sent`;
    throw new ProviderError('ERR_REQUEST', message, { action, retryable: false, outcome: 'refused' });
  }

  async #readJobs(ids: readonly string[], signal: AbortSignal): Promise<readonly Job[]> {
    // An unknown id fails the whole call (docs, describe_jobs); with which code is not told.
    const found = await this.#actions.each(ids, ['ERR_NOT_FOUND', 'ERR_REQUEST'], (some) =>
      this.#actions.list(JOBS, { jobs: some }, signal),
    );
    return found.map(toJob);
  }

  async #startJob(action: 'AttachNics' | 'DetachNics', values: ApiRequest['values'], signal: AbortSignal): Promise<string> {
    return this.#actions.decode(action, JobReplyCodec, await this.#actions.call({ action, kind: 'change', values }, signal)).job_id;
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
export function createQingCloudProvider(options: QingCloudProviderOptions): QingCloudProvider {
  return new ApiProvider(options);
}
