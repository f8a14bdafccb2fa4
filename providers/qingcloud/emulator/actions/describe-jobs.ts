import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { formatTimeStamp } from '../../signature.js';
import { notFound } from '../api-error.js';
import type { EmulatedJob, JobStatus } from '../model.js';
import { AnyTextParam, decodeParams, ListParam, oneOfParam, someOfParam } from '../query.js';
import { OWNER } from '../settings.js';
import type { Action } from './action.js';
import { PagingCodec, pageOf } from './paging.js';

const ParamsCodec = t.intersection([
  t.partial({
    jobs: ListParam,
    status: someOfParam<JobStatus>('pending', 'working', 'successful', 'failed', 'done with failure'),
    owner: AnyTextParam,
    verbose: oneOfParam('0'),
  }),
  PagingCodec,
]);

function toWire(job: EmulatedJob): Readonly<Record<string, unknown>> {
  const attaches = job.action === 'AttachNics';
  return {
    job_id: job.id,
    job_action: job.action,
    status: job.status,
    resource_ids: [...job.nicIds, job.instanceId].join(' '),
    owner: OWNER,
    error_codes: job.errorCodes,
    directive: JSON.stringify({ nics: job.nicIds, ...(attaches ? { instance: job.instanceId } : {}) }),
    create_time: formatTimeStamp(job.createdAt),
    status_time: formatTimeStamp(job.statusAt),
  };
}

/** DescribeJobs (docs, `describe_jobs`): an unknown id or status is an error. */
export const describeJobs: Action = (input) => {
  const params = decodeParams(ParamsCodec, input.query);
  if (E.isLeft(params)) return params;
  const { jobs: ids, status, owner } = params.right;
  const unknown = ids?.find((id) => !input.state.jobs.has(id));
  if (unknown !== undefined) return E.left({ ...notFound('job', unknown), retCode: input.settings.choices.unknownJobCode });
  const jobs = [...input.state.jobs.values()].filter(
    (job) => (ids?.includes(job.id) ?? true) && (status?.includes(job.status) ?? true) && (owner === undefined || owner === OWNER),
  );
  const page = pageOf(jobs, params.right);
  return E.right({ reply: { ...page.reply, job_set: page.items.map(toWire) } });
};
