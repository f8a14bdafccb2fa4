import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decode } from '../../../lib/codec.js';
import { type DecodeError, isNicError } from '../../../lib/errors.js';
import type { Cloud } from './cloud.js';
import { FaultRuleCodec } from './fault-codec.js';
import type { JobRunner } from './job-runner.js';
import type { InstanceStatus } from './model.js';
import type { Service } from './service.js';
import type { Settings } from './settings.js';

/** A request of the control endpoint. */
export interface ControlRequest {
  /** The HTTP method. */
  readonly method: string;
  /** The path, from `/control/` on. */
  readonly path: string;
  /** The body as text. */
  readonly body: string;
}

/** An answer of the control endpoint; always JSON. */
export interface ControlAnswer {
  /** The HTTP status. */
  readonly status: number;
  /** What is sent, before it is written as JSON. */
  readonly body: unknown;
}

/** What the control endpoint works on. */
export interface ControlParts {
  /** The cloud. */
  readonly cloud: Cloud;
  /** Faults and calls. */
  readonly service: Service;
  /** Jobs, to hold and release. */
  readonly jobs: Pick<JobRunner, 'hold' | 'release'>;
  /** Choices and limits, to show. */
  readonly settings: Settings;
  /** Lets a NIC come back to its machine. */
  readonly returnNic: (id: string) => Promise<void>;
  /** Changes the status of an instance; false when there is none of that id. */
  readonly setInstanceStatus: (id: string, status: InstanceStatus) => boolean;
}

const InstanceStatusCodec: t.Type<InstanceStatus, unknown> = t.keyof(
  { pending: null, running: null, stopped: null, suspended: null, terminated: null, ceased: null },
  'one of pending, running, stopped, suspended, terminated, ceased',
);
const InstanceChangeCodec = t.type({ status: InstanceStatusCodec });
const JobsChangeCodec = t.type({ held: t.boolean });
const FaultRulesCodec = t.array(FaultRuleCodec);

const NOT_THERE: ControlAnswer = {
  status: 404,
  body: {
    message: 'not there',
    endpoints: [
      'GET /control/state',
      'GET /control/calls',
      'GET /control/faults',
      'POST /control/faults',
      'DELETE /control/faults',
      'DELETE /control/faults/<id>',
      'POST /control/instances/<id>',
      'POST /control/nics/<id>/return',
      'POST /control/jobs',
    ],
  },
};

function refused(error: DecodeError): ControlAnswer {
  return { status: 400, body: { message: error.message, issues: error.issues } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function describeState({ cloud, service, settings }: ControlParts): unknown {
  const { routers, vxnets, instances, nics, jobs } = cloud.state;
  return {
    routers: [...routers.values()],
    vxnets: [...vxnets.values()],
    instances: [...instances.values()],
    nics: [...nics.values()],
    jobs: [...jobs.values()],
    choices: settings.choices,
    // A limit that there is none of has no place in JSON.
    limits: Object.fromEntries(Object.entries(settings.limits).filter(([, limit]) => Number.isFinite(limit))),
    faults: service.faults.list(),
    callCounts: service.calls.counts(),
  };
}

function addFaults({ service }: ControlParts, body: string): ControlAnswer {
  const value = parseJson(body);
  const rules = decode(FaultRulesCodec, Array.isArray(value) ? value : [value], 'fault rules');
  if (E.isLeft(rules)) return refused(rules.left);
  return { status: 200, body: { ids: rules.right.map((rule) => service.faults.add(rule)) } };
}

function changeInstance(parts: ControlParts, id: string, body: string): ControlAnswer {
  const change = decode(InstanceChangeCodec, parseJson(body), 'instance');
  if (E.isLeft(change)) return refused(change.left);
  if (!parts.setInstanceStatus(id, change.right.status)) return { status: 404, body: { message: `no instance ${id}` } };
  return { status: 200, body: parts.cloud.state.instances.get(id) };
}

function holdJobs({ jobs }: ControlParts, body: string): ControlAnswer {
  const change = decode(JobsChangeCodec, parseJson(body), 'jobs');
  if (E.isLeft(change)) return refused(change.left);
  if (change.right.held) jobs.hold();
  else jobs.release();
  return { status: 200, body: {} };
}

async function returnNic(parts: ControlParts, id: string): Promise<ControlAnswer> {
  try {
    await parts.returnNic(id);
    return { status: 200, body: {} };
  } catch (error) {
    if (!isNicError(error, 'ERR_NOT_FOUND', 'ERR_NOT_SUPPORTED')) throw error;
    return { status: error.code === 'ERR_NOT_FOUND' ? 404 : 409, body: { message: error.message } };
  }
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Answers a request of the control endpoint: state and calls to read, faults and instances to change. */
export async function control(parts: ControlParts, request: ControlRequest): Promise<ControlAnswer> {
  const { service } = parts;
  const [, , what = '', rawId, verb] = request.path.split('/');
  const id = rawId === undefined ? undefined : safeDecode(rawId);
  const route = `${request.method} ${what}${id === undefined ? '' : '/'}${verb === undefined ? '' : `/${verb}`}`;
  switch (route) {
    case 'GET state':
      return { status: 200, body: describeState(parts) };
    case 'GET calls':
      return { status: 200, body: { counts: service.calls.counts(), calls: service.calls.list() } };
    case 'GET faults':
      return { status: 200, body: { faults: service.faults.list() } };
    case 'POST faults':
      return addFaults(parts, request.body);
    case 'DELETE faults':
      service.faults.clear();
      return { status: 200, body: {} };
    case 'DELETE faults/':
      return service.faults.remove(id ?? '') ? { status: 200, body: {} } : { status: 404, body: { message: `no fault ${id}` } };
    case 'POST instances/':
      return changeInstance(parts, id ?? '', request.body);
    case 'POST nics//return':
      return returnNic(parts, id ?? '');
    case 'POST jobs':
      return holdJobs(parts, request.body);
    default:
      return NOT_THERE;
  }
}
