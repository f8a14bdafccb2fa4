import assert from 'node:assert/strict';
import { isNicError, type NicErrorCode, ProviderError } from '../errors.js';
import type { Job, Nic } from '../nic.js';
import type { NicProvider } from '../provider.js';

/** A provider with a cloud to play with, made for one test. */
export interface ProviderBed {
  /** The provider under test. */
  readonly provider: NicProvider;
  /** Another one for the same cloud and instance, as another process on the same host has it. */
  readonly otherProvider: NicProvider;
  /** A subnet in a private network, with room for at least 110 NICs; fewer than 110, but 70, where the suite's features lack `paging`. */
  readonly subnetId: string;
  /** Another subnet, with room for a few. */
  readonly otherSubnetId: string;
  /** A third one that can be filled up. Absent where the suite's features lack `smallSubnet`. */
  readonly smallSubnet?: {
    /** Its id. */
    readonly id: string;
    /** How many NICs go into it, at least 2 and at most 20. None is in it. */
    readonly room: number;
  };
  /** An address of `subnetId` that is free, and stays so until it is wished for. */
  readonly freeAddress: string;
  /** A subnet id of the cloud's form that does not exist. */
  readonly unknownSubnetId: string;
  /** An instance id of the cloud's form that does not exist. */
  readonly unknownInstanceId: string;
  /** A NIC id of the cloud's form that does not exist. */
  readonly unknownNicId: string;
  /** A job id of the cloud's form that does not exist. */
  readonly unknownJobId: string;
  /** How many NICs there are with that name, past the provider. */
  countNics(name: string): Promise<number>;
  /** Lets a little time pass: called between two looks at something that is to happen, up to 2,000 times. */
  tick(): Promise<void>;
  /** Makes things go wrong. Those left out must be named in the suite's features. */
  readonly faults?: Partial<ProviderFaults>;
}

/** The calls that a fault can be aimed at. */
export type FaultTarget = 'createNic' | 'listNics' | 'attachNics' | 'detachNics' | 'deleteNics' | 'describeJobs' | 'describeSubnets';

/** Codes that a cloud refuses with although nothing is wrong with the request. {@link ProviderFaults.refuse} stages them. */
export type StagedRefusal =
  | 'ERR_AUTH'
  | 'ERR_CLOCK'
  | 'ERR_BALANCE'
  | 'ERR_QUOTA'
  | 'ERR_RATE_LIMIT'
  | 'ERR_CAPACITY'
  | 'ERR_BUSY'
  | 'ERR_SERVICE';

/** How a test makes the cloud fail. */
export interface ProviderFaults {
  /** The next request of this kind takes effect, and its answer is lost. Later ones work. */
  loseAnswer(target: FaultTarget): void | Promise<void>;
  /** The next request of this kind is answered with something that is no answer, without effect. Later ones work. */
  spoilAnswer(target: FaultTarget): void | Promise<void>;
  /** The next request of this kind takes effect, and its answer never comes. Later ones work. Gives what tells whether the request has come. */
  withholdAnswer(target: FaultTarget): (() => boolean) | Promise<() => boolean>;
  /** All requests of this kind are refused for the reason that this code stands for, without effect. */
  refuse(target: FaultTarget, code: StagedRefusal): void | Promise<void>;
  /** The next job that starts fails, for this reason. */
  failNextJob(reason: string): void | Promise<void>;
  /** Jobs that start from now on do not end. Gives what lets them. */
  holdJobs(): (() => Promise<void>) | Promise<() => Promise<void>>;
  /** Lets a primary NIC of the provider's instance exist, and gives its id. */
  addPrimaryNic(): string | Promise<string>;
  /** Takes away what the provider knows its instance's id from. */
  hideInstanceId(): void | Promise<void>;
}

/** What a call resolves with; fails when it rejects. @internal */
export async function resultOf<T>(call: Promise<T>, what: string): Promise<T> {
  try {
    return await call;
  } catch (error) {
    assert.fail(`${what} must resolve, not reject with ${isNicError(error) ? error.code : String(error)}`);
  }
}

/** The error that a call rejects with; fails when it resolves or rejects with anything else than an error of this package. @internal */
export async function rejectionOf(call: Promise<unknown>, what: string): Promise<Error> {
  let caught: unknown;
  try {
    await call;
  } catch (error) {
    caught = error;
  }
  assert.ok(caught !== undefined, `${what} must reject`);
  assert.ok(isNicError(caught), `${what} must reject with an error of this package, not with ${String(caught)}`);
  return caught;
}

/** The error that a call rejects with; fails when it is no {@link ProviderError} that names its action. @internal */
export async function providerErrorOf(call: Promise<unknown>, what: string): Promise<ProviderError> {
  const error = await rejectionOf(call, what);
  assert.ok(error instanceof ProviderError, `${what} must reject with a ProviderError, not with ${error.name}`);
  assert.notEqual(error.action, '', `${what}: the error must name the action`);
  return error;
}

/** Checks that a call is refused: rejects with a ProviderError of one of `codes`, and says that nothing changed. @internal */
export async function assertRefused(call: Promise<unknown>, what: string, ...codes: readonly NicErrorCode[]): Promise<ProviderError> {
  const error = await providerErrorOf(call, what);
  assert.equal(error.outcome, 'refused', `${what}: a definite no has the outcome "refused"`);
  if (codes.length > 0) assert.ok(codes.includes(error.code), `${what} must reject with ${codes.join(' or ')}, not with ${error.code}`);
  return error;
}

/** Checks that a call rejects with a ProviderError which says that the request may have taken effect. @internal */
export async function assertInDoubt(call: Promise<unknown>, what: string, ...codes: readonly NicErrorCode[]): Promise<void> {
  const error = await providerErrorOf(call, what);
  assert.equal(error.outcome, 'unknown', `${what}: nobody can know whether it took effect`);
  assert.ok(codes.includes(error.code), `${what} must reject with ${codes.join(' or ')}, not with ${error.code}`);
}

/** Waits until a job is over, and gives its last state. @internal */
export async function endOfJob(bed: ProviderBed, jobId: string): Promise<Job> {
  for (let looks = 0; looks < 2000; looks++) {
    const jobs = await bed.provider.describeJobs([jobId]);
    assert.deepEqual(
      jobs.map((job) => job.id),
      [jobId],
      'describeJobs() must know a job that was just started',
    );
    const [job] = jobs;
    if (job !== undefined && job.status !== 'running') return job;
    await bed.tick();
  }
  assert.fail(`job ${jobId} did not end`);
}

/** Waits until something has happened. @internal */
export async function until(bed: ProviderBed, what: string, happened: () => boolean | Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < 2000; looks++) {
    if (await happened()) return;
    await bed.tick();
  }
  assert.fail(`waited in vain: ${what}`);
}

/** The ids of some NICs, sorted. @internal */
export function idsOf(items: readonly { readonly id: string }[]): string[] {
  return items.map((item) => item.id).sort();
}

/** Some new NICs, a few at a time. @internal */
export async function createNics(bed: ProviderBed, name: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const some = Array.from({ length: Math.min(10, count - ids.length) }, () => bed.provider.createNic({ subnetId: bed.subnetId, name }));
    ids.push(...(await Promise.all(some)).map((nic) => nic.id));
  }
  return ids;
}

/** The only NIC with that id. @internal */
export async function nicById(bed: ProviderBed, id: string): Promise<Nic> {
  const [nic, ...others] = await bed.provider.listNics({ ids: [id] });
  assert.ok(nic !== undefined && others.length === 0, `listNics() must find exactly one NIC ${id}`);
  return nic;
}

/** A NIC that the provider's instance holds. @internal */
export async function attachedNic(bed: ProviderBed, name: string): Promise<Nic> {
  const { provider, subnetId } = bed;
  const nic = await provider.createNic({ subnetId, name });
  const job = await endOfJob(bed, await provider.attachNics([nic.id], await provider.instanceId()));
  assert.equal(job.status, 'succeeded', `attaching must succeed: ${job.reason ?? ''}`);
  return nicById(bed, nic.id);
}
