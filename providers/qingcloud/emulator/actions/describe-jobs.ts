import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { formatTimeStamp } from '../../signature.js';
import { malformed, notFound } from '../api-error.js';
import type { EmulatedJob, JobStatus } from '../model.js';
import { AnyTextParam, decodeParams, ListOrTextParam, ListParam } from '../query.js';
import { OWNER } from '../settings.js';
import type { Action } from './action.js';
import { PagingCodec, pageOf } from './paging.js';

const STATUSES: readonly string[] = [
  'pending',
  'working',
  'successful',
  'failed',
  'done with failure',
] as const satisfies readonly JobStatus[];

const ParamsCodec = t.intersection([t.partial({ jobs: ListParam, status: ListOrTextParam, owner: AnyTextParam }), PagingCodec]);

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
  if (status?.some((name) => !STATUSES.includes(name)) ?? false) {
    return E.left(malformed(`parameter [status] must be one of ${STATUSES.join(', ')}`));
  }
  const jobs = [...input.state.jobs.values()].filter(
    (job) => (ids?.includes(job.id) ?? true) && (status?.includes(job.status) ?? true) && (owner === undefined || owner === OWNER),
  );
  const page = pageOf(jobs, params.right);
  return E.right({ reply: { ...page.reply, job_set: page.items.map(toWire) } });
};
