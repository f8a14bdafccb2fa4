import assert from 'node:assert/strict';
import { isNicError, type NicErrorCode, ProviderError } from '../errors.js';
import type { Job, Nic } from '../nic.js';
import type { NicProvider } from '../provider.js';

/** A provider with a cloud to play with, made for one test. */
export interface ProviderBed {
  /** The provider under test. */
  readonly provider: NicProvider;
  /** A subnet in a private network, with room for at least 110 NICs. */
  readonly subnetId: string;
  /** Another subnet, with room for a few. */
  readonly otherSubnetId: string;
  /** An address of `subnetId` that is free, and stays so until it is wished for. */
  readonly freeAddress: string;
  /** A subnet id of the cloud's form that does not exist. */
  readonly unknownSubnetId: string;
  /** A NIC id of the cloud's form that does not exist. */
  readonly unknownNicId: string;
  /** A job id of the cloud's form that does not exist. */
  readonly unknownJobId: string;
  /** Lets a little time pass: called between two looks at a job that runs. */
  tick(): Promise<void>;
  /** Makes things go wrong; needed where {@link ProviderSuiteOptions.faults} is true. */
  readonly faults?: ProviderFaults;
  /** Takes everything down. */
  teardown(): Promise<void>;
}

/** The calls that a fault can be aimed at. */
export type FaultTarget = 'createNic' | 'listNics' | 'attachNics' | 'detachNics' | 'deleteNics' | 'describeJobs' | 'describeSubnets';

/** How a test makes the cloud fail. */
export interface ProviderFaults {
  /** The next request of this kind takes effect, and its answer is lost. Later ones work. */
  loseAnswer(target: FaultTarget): void;
  /** The next request of this kind is answered with something that is no answer, without effect. Later ones work. Absent: there are no answers to spoil. */
  spoilAnswer?(target: FaultTarget): void;
  /** All requests of this kind are definitely refused, for a reason that no repetition changes. */
  refuse(target: FaultTarget): void;
  /** The next job that starts fails, for this reason. */
  failNextJob(reason: string): void;
  /** Jobs that start from now on do not end until {@link releaseJobs}. */
  holdJobs(): void;
  /** Lets held jobs end. */
  releaseJobs(): Promise<void>;
  /** Lets a primary NIC of the provider's instance exist, and gives its id. */
  addPrimaryNic(): string;
  /** How many NICs there are with that name, past the provider. */
  countNics(name: string): number;
}

/** Defines one case of a suite. @internal */
export type DefineCase = (title: string, body: (bed: ProviderBed) => Promise<void>) => void;

/** The faults of a bed. @internal */
export function faultsOf(bed: ProviderBed): ProviderFaults {
  assert.ok(bed.faults !== undefined, 'the suite was told that faults can be made, but the bed has none');
  return bed.faults;
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

/** Checks that a call is refused: rejects with a ProviderError of one of `codes`, and says that nothing changed. @internal */
export async function assertRefused(call: Promise<unknown>, what: string, ...codes: readonly NicErrorCode[]): Promise<void> {
  const error = await rejectionOf(call, what);
  assert.ok(error instanceof ProviderError, `${what} must reject with a ProviderError, not with ${error.name}`);
  assert.notEqual(error.action, '', `${what}: the error must name the action`);
  assert.equal(error.outcome, 'refused', `${what}: a definite no has the outcome "refused"`);
  if (codes.length > 0) assert.ok(codes.includes(error.code), `${what} must reject with ${codes.join(' or ')}, not with ${error.code}`);
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
