import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { type ApiError, denied, leaseNotReady, malformed, notFound } from '../api-error.js';
import { beginJob, nicsOf } from '../jobs.js';
import type { EmulatedJob, EmulatedNic } from '../model.js';
import { newJobId } from '../new-id.js';
import { decodeParams, ListParam, TextParam } from '../query.js';
import type { Action, ActionInput } from './action.js';

/**
 * The NICs that a call names, if it may name them: none twice, not too many, all there.
 * @param limit how many one call takes
 */
export function findNics(input: ActionInput, ids: readonly string[], limit: number): E.Either<ApiError, readonly EmulatedNic[]> {
  if (new Set(ids).size !== ids.length) return E.left(malformed('parameter [nics] names a nic twice'));
  if (ids.length > limit) return E.left(denied(`you can only operate [${limit}] nics at one time`, input.settings.choices.tooManyNicsCode));
  const nics: EmulatedNic[] = [];
  for (const id of ids) {
    const nic = input.state.nics.get(id);
    if (nic === undefined) return E.left(notFound('nic', id));
    nics.push(nic);
  }
  return E.right(nics);
}

/** The refusal of a NIC that is too fresh to be changed, where the cloud has such a time. */
export function refuseFresh({ settings, now }: ActionInput, nic: EmulatedNic): ApiError | undefined {
  return now - nic.createdAt < settings.choices.leaseNotReadyMs ? leaseNotReady(nic.id) : undefined;
}

/** A job for some NICs, `pending` at once. */
export function newJob(input: ActionInput, action: EmulatedJob['action'], nicIds: readonly string[], instanceId: string): EmulatedJob {
  const { state, settings, now } = input;
  const id = newJobId(settings.random, state.jobs);
  return {
    id,
    action,
    status: 'pending',
    nicIds,
    instanceId,
    errorCodes: '',
    createdAt: now,
    statusAt: now,
    linksAt: undefined,
  };
}

const ParamsCodec = t.type({ nics: ListParam, instance: TextParam });

/** AttachNics (docs, `attach_nics`): starts a job. */
export const attachNics: Action = (input) => {
  const params = decodeParams(ParamsCodec, input.query);
  if (E.isLeft(params)) return params;
  const { state, settings } = input;
  const { nicsPerCall, nicsPerInstance } = settings.limits;
  const instance = state.instances.get(params.right.instance);
  if (instance === undefined) return E.left(notFound('instance', params.right.instance));
  if (instance.status !== 'running') {
    return E.left({ ...denied(`instance [${instance.id}] is not running, can not attach nics to it`), reported: true });
  }
  const nics = findNics(input, params.right.nics, nicsPerCall);
  if (E.isLeft(nics)) return nics;
  for (const nic of nics.right) {
    if (nic.transition !== undefined) return E.left(denied(`nic [${nic.id}] is in transition, please try later`));
    if (nic.status !== 'available') return E.left(denied(`nic [${nic.id}] is not available, can not be attached`));
    const fresh = refuseFresh(input, nic);
    if (fresh !== undefined) return E.left(fresh);
  }
  if (nicsOf(state, instance.id).length + nics.right.length > nicsPerInstance) {
    const detail = `you can only attach [${nicsPerInstance}] nics to one instance at most`;
    return E.left(denied(detail, settings.choices.instanceFullCode));
  }
  const job = newJob(input, 'AttachNics', params.right.nics, instance.id);
  return E.right({ reply: { job_id: job.id }, state: beginJob(state, job, settings.choices.statusChanges), job });
};
