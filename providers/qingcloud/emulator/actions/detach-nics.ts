import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { denied } from '../api-error.js';
import { beginJob } from '../jobs.js';
import { decodeParams, ListParam } from '../query.js';
import type { Action } from './action.js';
import { findNics, newJob } from './attach-nics.js';

const ParamsCodec = t.type({ nics: ListParam });

/** DetachNics (docs, `detach_nics`): starts a job. */
export const detachNics: Action = (input) => {
  const params = decodeParams(ParamsCodec, input.query);
  if (E.isLeft(params)) return params;
  const { state, settings } = input;
  const nics = findNics(input, params.right.nics, settings.limits.nicsPerCall);
  if (E.isLeft(nics)) return nics;
  for (const nic of nics.right) {
    if (nic.transition !== undefined) return E.left(denied(`nic [${nic.id}] is in transition, please try later`));
    if (nic.status !== 'in-use') return E.left(denied(`nic [${nic.id}] is not in use, can not be detached`));
    if (nic.role === 1) return E.left(denied(`nic [${nic.id}] is the primary nic of instance [${nic.instanceId}], can not be detached`));
  }
  const job = newJob(input, 'DetachNics', params.right.nics, nics.right[0]?.instanceId ?? '');
  return E.right({ reply: { job_id: job.id }, state: beginJob(state, job, settings.choices.statusChanges), job });
};
