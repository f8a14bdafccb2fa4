import { setMaxListeners } from 'node:events';
import * as E from 'fp-ts/lib/Either.js';
import { NicError } from '../../../lib/errors.js';
import type { NicFabric } from '../../../lib/fabric.js';
import { ACTIONS, type Action, type ActionOutcome } from './actions/index.js';
import { type ApiError, malformed, STANDARD_ERRORS, toErrorBody, unknownAction } from './api-error.js';
import { authenticate, type SignedRequest } from './authentication.js';
import { CallLog, ownParams } from './call-log.js';
import type { Cloud } from './cloud.js';
import { FaultBook } from './fault-book.js';
import { type CallFaults, momentOf } from './faults.js';
import type { JobRunner } from './job-runner.js';
import { parseQuery, toQueryObject } from './query.js';
import type { Settings } from './settings.js';

/** What becomes of a request on its connection. */
export type Answer =
  /** An answer of the API: HTTP 200, JSON. */
  | { readonly kind: 'json'; readonly body: string }
  /** Something else. */
  | { readonly kind: 'other'; readonly status: number; readonly contentType: string; readonly body: string }
  /** The connection is cut. */
  | { readonly kind: 'cut' }
  /** Nothing is ever sent. */
  | { readonly kind: 'silence' };

/** A request of the API as it came over HTTP. */
export interface RawRequest {
  /** How it came. */
  readonly method: 'GET' | 'POST';
  /** The path exactly as it came. */
  readonly path: string;
  /** The query of a GET, the body of a POST. */
  readonly query: string;
}

/** What the service works with. */
export interface ServiceParts {
  /** The cloud. */
  readonly cloud: Cloud;
  /** What runs jobs. */
  readonly jobs: JobRunner;
  /** What plugs NICs. */
  readonly fabric: NicFabric | undefined;
  /** Keys, limits, clock. */
  readonly settings: Settings;
}

const HOUR_MS = 3_600_000;

interface CallResult {
  readonly answer: Answer;
  readonly retCode: number | undefined;
  readonly fault: string | undefined;
}

interface CallUnderWay {
  readonly action: Action;
  readonly name: string;
  readonly request: SignedRequest;
  readonly number: number;
}

/** The API without its transport: takes requests, says what becomes of them. */
export class Service {
  /** The faults in force. */
  readonly faults: FaultBook;
  /** The calls that came. */
  readonly calls = new CallLog();
  readonly #parts: ServiceParts;
  readonly #startedAt: number;
  readonly #stop = new AbortController();
  readonly #late = new Set<Promise<void>>();
  #hour = { number: 0, calls: 0 };

  /** Starts nothing. */
  constructor(parts: ServiceParts) {
    // Everything that waits listens to this one signal, which is no leak.
    setMaxListeners(0, this.#stop.signal);
    this.#parts = parts;
    this.#startedAt = parts.settings.clock.now();
    this.faults = new FaultBook(parts.settings.random);
  }

  /** Answers a request, after as long as it takes. */
  async handle(raw: RawRequest): Promise<Answer> {
    const { clock } = this.#parts.settings;
    const params = parseQuery(raw.query);
    const action = E.isRight(params) ? (params.right['action'] ?? '') : '';
    const number = this.calls.begin(clock.now(), raw.method, action, E.isRight(params) ? params.right : {});
    const result = E.isLeft(params)
      ? this.#toRefusal(params.left, action)
      : await this.#call({ method: raw.method, path: raw.path, params: params.right }, action, number);
    const call = this.calls.end(number, clock.now(), result.retCode, result.fault);
    const fields = { retCode: result.retCode, tookMs: call?.tookMs, fault: result.fault };
    this.#parts.settings.log.debug(`call ${action === '' ? '(no action)' : action}`, fields);
    return result.answer;
  }

  /** Resolves when no job runs and no late request is left. */
  async idle(): Promise<void> {
    while (this.#late.size > 0) await Promise.all(this.#late);
    await this.#parts.jobs.idle();
  }

  /** Gives up delays under way; what was waiting is answered as cut. */
  async close(): Promise<void> {
    this.#stop.abort(new NicError('ERR_CANCELLED', 'the emulator was closed'));
    await Promise.all(this.#late);
  }

  async #call(request: SignedRequest, name: string, number: number): Promise<CallResult> {
    const { choices } = this.#parts.settings;
    const refusal = this.#refuse(request);
    if (refusal !== undefined) return this.#toRefusal(refusal, name);
    const action = ACTIONS.get(name);
    if (action === undefined) return this.#toRefusal(unknownAction(choices.unknownActionCode), name);
    const call: CallUnderWay = { action, name, request, number };
    const faults = this.faults.take(name, request.params);
    const fault = faults.answer;
    try {
      await this.#sleep(this.#parts.settings.latencyMs + latencyOf(faults, 'before'));
      if (fault?.kind === 'late-effect') {
        this.#performLater(fault.delayMs, call, faults);
        return { answer: { kind: 'cut' }, retCode: undefined, fault: fault.kind };
      }
      if (fault !== undefined && momentOf(fault) === 'before') return { ...this.#strike(fault, name, ''), fault: fault.kind };
      const { retCode, body } = await this.#perform(call, faults);
      await this.#sleep(latencyOf(faults, 'after'));
      if (fault === undefined) return { answer: { kind: 'json', body }, retCode, fault: undefined };
      return { answer: this.#strike(fault, name, body).answer, retCode, fault: fault.kind };
    } catch (error) {
      if (this.#stop.signal.aborted) return { answer: { kind: 'cut' }, retCode: undefined, fault: 'closed' };
      throw error;
    }
  }

  /** What is wrong with a request whatever its action is. */
  #refuse(request: SignedRequest): ApiError | undefined {
    const { accounts, zone, clock, limits, choices } = this.#parts.settings;
    if ((request.params['action'] ?? '') === '') return malformed('parameter [action] is missing');
    const authenticated = authenticate(request, accounts, clock.now(), choices.futureTimeStamps);
    if (E.isLeft(authenticated)) return authenticated.left;
    const wanted = request.params['zone'] ?? '';
    if (wanted === '') return malformed('parameter [zone] is missing');
    if (wanted !== zone) return { ...malformed(`zone [${wanted}] does not exist`), retCode: choices.wrongZoneCode };
    const hour = Math.floor((clock.now() - this.#startedAt) / HOUR_MS);
    this.#hour = { number: hour, calls: this.#hour.number === hour ? this.#hour.calls + 1 : 1 };
    return this.#hour.calls > limits.callsPerHour ? STANDARD_ERRORS['rate-limit'] : undefined;
  }

  /** Lets a request take effect on the state as it is now. */
  async #perform(call: CallUnderWay, faults: CallFaults): Promise<{ readonly retCode: number; readonly body: string }> {
    const { cloud, jobs, fabric, settings } = this.#parts;
    const { action, name, request, number } = call;
    const params = ownParams(request.params);
    await settings.onCall(name, 'before', { number, params, retCode: undefined });
    const now = settings.clock.now();
    const state = faults.stale === undefined ? cloud.state : cloud.at(now - faults.stale.ageMs);
    const result = action({ query: toQueryObject(request.params), state, now, settings });
    if (E.isRight(result)) {
      const outcome: ActionOutcome = result.right;
      if (outcome.state !== undefined) cloud.commit(outcome.state);
      if (outcome.job !== undefined) jobs.start(outcome.job, faults.job);
      const switched = outcome.antiSpoofing;
      if (switched !== undefined && cloud.state.nics.get(switched.nicId)?.plugged === true) {
        await fabric?.setAntiSpoofing(switched.nicId, switched.on);
      }
    }
    const retCode = E.isLeft(result) ? result.left.retCode : 0;
    await settings.onCall(name, 'after', { number, params, retCode });
    const body = E.isLeft(result)
      ? toErrorBody(result.left, settings.choices, name)
      : JSON.stringify({ action: `${name}Response`, ...result.right.reply, ret_code: 0 });
    return { retCode, body };
  }

  #performLater(delayMs: number, call: CallUnderWay, faults: CallFaults): void {
    const late = this.#sleep(delayMs)
      .then(async () => {
        const { retCode } = await this.#perform(call, faults);
        this.#parts.settings.log.info(`late effect of ${call.name}`, { retCode });
      })
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) this.#parts.settings.log.warn(`late effect of ${call.name} failed`, { reason: String(error) });
      })
      .finally(() => this.#late.delete(late));
    this.#late.add(late);
  }

  #toRefusal(error: ApiError, action: string): CallResult {
    return {
      answer: { kind: 'json', body: toErrorBody(error, this.#parts.settings.choices, action) },
      retCode: error.retCode,
      fault: undefined,
    };
  }

  /** What a fault makes of an answer. @param body the true one; empty when there is none yet */
  #strike(
    fault: Exclude<NonNullable<CallFaults['answer']>, { readonly kind: 'late-effect' }>,
    action: string,
    body: string,
  ): { readonly answer: Answer; readonly retCode: number | undefined } {
    switch (fault.kind) {
      case 'error': {
        const standard = STANDARD_ERRORS[fault.error ?? 'internal'];
        const told: ApiError = { ...standard, retCode: fault.retCode ?? standard.retCode };
        return this.#toRefusal(fault.message === undefined ? told : { ...told, message: fault.message, reported: true }, action);
      }
      case 'status': {
        const page = `<html><body><h1>${fault.status}</h1></body></html>`;
        return { answer: { kind: 'other', status: fault.status, contentType: 'text/html', body: page }, retCode: undefined };
      }
      case 'garbage':
        return { answer: { kind: 'json', body: fault.body ?? body.slice(0, Math.floor(body.length / 2)) }, retCode: undefined };
      case 'cut':
      case 'silence':
        return { answer: { kind: fault.kind }, retCode: undefined };
    }
  }

  async #sleep(ms: number): Promise<void> {
    if (ms > 0) await this.#parts.settings.clock.sleep(ms, this.#stop.signal);
  }
}

function latencyOf(faults: CallFaults, when: 'before' | 'after'): number {
  return faults.latency.filter((fault) => (fault.when ?? 'before') === when).reduce((sum, fault) => sum + fault.ms, 0);
}
