import { type CloudState, type EmulatedJob, type EmulatedNic, type JobStatus, type NicTransition, withEntries } from './model.js';

/** Whether the NICs of a job show their new status from its start or from its end on. */
export type StatusChanges = 'job-start' | 'job-end';

function attached(nic: EmulatedNic, instanceId: string, sequence: number, now: number): EmulatedNic {
  return { ...nic, status: 'in-use', instanceId, sequence, statusAt: now };
}

function released(nic: EmulatedNic, now: number): EmulatedNic {
  return { ...nic, status: 'available', instanceId: undefined, sequence: 0, statusAt: now };
}

/** NICs that an instance holds or is about to hold. */
export function nicsOf(state: CloudState, instanceId: string): EmulatedNic[] {
  return [...state.nics.values()].filter((nic) => nic.instanceId === instanceId || nic.transition?.instanceId === instanceId);
}

function freeSequence(state: CloudState, instanceId: string, taken: ReadonlySet<number>): number {
  const used = new Set([...state.nics.values()].filter((nic) => nic.instanceId === instanceId).map((nic) => nic.sequence));
  let sequence = 1;
  while (used.has(sequence) || taken.has(sequence)) sequence += 1;
  return sequence;
}

function applyAttach(state: CloudState, nics: readonly EmulatedNic[], instanceId: string, now: number): EmulatedNic[] {
  const taken = new Set<number>();
  return nics.map((nic) => {
    const sequence = freeSequence(state, instanceId, taken);
    taken.add(sequence);
    return attached(nic, instanceId, sequence, now);
  });
}

function nicsOfJob(state: CloudState, job: EmulatedJob): EmulatedNic[] {
  return job.nicIds.flatMap((id) => state.nics.get(id) ?? []);
}

/** A state with a job begun: its NICs are in transition, and, where status changes at the start, show it already. */
export function beginJob(state: CloudState, job: EmulatedJob, changes: StatusChanges): CloudState {
  const kind: NicTransition['kind'] = job.action === 'AttachNics' ? 'attach' : 'detach';
  const marked = nicsOfJob(state, job).map((nic) => ({
    ...nic,
    transition: { jobId: job.id, kind, instanceId: nic.instanceId ?? job.instanceId },
  }));
  let changed: readonly EmulatedNic[] = marked;
  if (changes === 'job-start') {
    changed =
      kind === 'attach'
        ? applyAttach(state, marked, job.instanceId, job.createdAt)
        : marked.map((nic) => ({ ...nic, status: 'available', statusAt: job.createdAt }));
  }
  return { ...state, jobs: withEntries(state.jobs, [job]), nics: withEntries(state.nics, changed) };
}

/** A state with a job's fields changed. A job that is not there changes nothing. */
export function updateJob(state: CloudState, jobId: string, change: Partial<EmulatedJob>): CloudState {
  const job = state.jobs.get(jobId);
  return job === undefined ? state : { ...state, jobs: withEntries(state.jobs, [{ ...job, ...change }]) };
}

/** A state with the link of a NIC marked as there or not there. A NIC that is gone changes nothing. */
export function markPlugged(state: CloudState, nicId: string, plugged: boolean): CloudState {
  const nic = state.nics.get(nicId);
  return nic === undefined ? state : { ...state, nics: withEntries(state.nics, [{ ...nic, plugged }]) };
}

/** How a job ended. */
export interface JobEnd {
  /** Its last status. */
  readonly status: Extract<JobStatus, 'successful' | 'failed' | 'done with failure'>;
  /** `error_codes` of the API; empty when fine. */
  readonly errorCodes: string;
  /** The NICs that have the state that the job was to bring. */
  readonly landed: readonly string[];
}

/** A state with a job ended: its NICs are in transition no longer, and attached or free as it turned out. */
export function endJob(state: CloudState, jobId: string, end: JobEnd, now: number): CloudState {
  const job = state.jobs.get(jobId);
  if (job === undefined) return state;
  const nics = nicsOfJob(state, job);
  const ended = updateJob(state, jobId, { status: end.status, errorCodes: end.errorCodes, statusAt: now });
  const becomesInUse = (nic: EmulatedNic): boolean => (job.action === 'AttachNics') === end.landed.includes(nic.id);
  const freed = nics.filter((nic) => !becomesInUse(nic)).map((nic) => released(nic, now));
  // What has its place on an instance already keeps it: a detach that failed, an attach shown since its start.
  const held = nics.filter(becomesInUse);
  const kept = held.filter((nic) => nic.instanceId !== undefined).map((nic): EmulatedNic => ({ ...nic, status: 'in-use' }));
  const places = { ...ended, nics: withEntries(ended.nics, freed) };
  const fresh = applyAttach(
    places,
    held.filter((nic) => nic.instanceId === undefined),
    job.instanceId,
    now,
  );
  return {
    ...ended,
    nics: withEntries(
      ended.nics,
      [...freed, ...kept, ...fresh].map((nic) => ({ ...nic, transition: undefined })),
    ),
  };
}
