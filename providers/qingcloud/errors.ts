import type { CallKind } from '../../lib/call-budget/index.js';
import { toAbortError } from '../../lib/clock.js';
import { type NicErrorCode, ProviderError } from '../../lib/errors.js';
import { RetCode } from './ret-code.js';

/**
 * How often a request may reach the service.
 *
 * - `read`: any number of times, it changes nothing or sets what is set already.
 * - `change`: it changes something; once it has taken effect a repetition is refused, so repeating does no harm but may hide what happened.
 * - `create`: each time it takes effect it makes something more.
 */
export type RequestKind = CallKind;

interface Meaning {
  readonly code: NicErrorCode;
  /** The same request may succeed later. */
  readonly retryable: boolean;
  /** The service said no before it did anything. */
  readonly definite: boolean;
}

const no = (code: NicErrorCode): Meaning => ({ code, retryable: false, definite: true });
const later = (code: NicErrorCode): Meaning => ({ code, retryable: true, definite: true });
const broken = (code: NicErrorCode): Meaning => ({ code, retryable: true, definite: false });

const MEANINGS: ReadonlyMap<number, Meaning> = new Map([
  [RetCode.malformed, no('ERR_REQUEST')],
  [RetCode.wrongMethod, no('ERR_REQUEST')],
  [RetCode.authFailure, no('ERR_AUTH')],
  [RetCode.expired, no('ERR_CLOCK')],
  [RetCode.denied, no('ERR_STATE')],
  [RetCode.notFound, no('ERR_NOT_FOUND')],
  [RetCode.alreadyExists, no('ERR_STATE')],
  [RetCode.leaseFailed, broken('ERR_SERVICE')],
  [RetCode.unleaseFailed, broken('ERR_SERVICE')],
  [RetCode.balance, no('ERR_BALANCE')],
  [RetCode.quota, no('ERR_QUOTA')],
  // "Internal error" and "busy or timed out" do not say how far the request got.
  [RetCode.internal, broken('ERR_SERVICE')],
  [RetCode.busy, broken('ERR_BUSY')],
  [RetCode.noResources, later('ERR_CAPACITY')],
  [RetCode.updating, later('ERR_BUSY')],
  [RetCode.dependency, later('ERR_BUSY')],
  [RetCode.noWarehouse, no('ERR_SERVICE')],
  [RetCode.diskType, no('ERR_SERVICE')],
]);

const HINTS: Partial<Record<NicErrorCode, string>> = {
  ERR_AUTH: 'check qy_access_key_id and qy_secret_access_key in the provider file',
  ERR_BALANCE: 'the account must be charged',
  ERR_QUOTA: 'free what is not needed, or ask QingCloud for a higher quota',
  ERR_RATE_LIMIT: 'too many API calls for this account',
};

/** What a return code means. Codes that are not in the table fall into the service's own classes: from 5000 on it is the service's fault. */
function meaningOf({ retCode, kind, action }: Refusal, text: string): Meaning {
  // Seen with 2500 and, from another layer of the service, with a text about access frequency whose code is not known.
  if (/too frequently|access frequency|frequency exceed/i.test(text)) return later('ERR_RATE_LIMIT');
  if (text.includes('ResourceNotFound')) return no('ERR_NOT_FOUND');
  // Only what creates or attaches uses a quota up.
  if (retCode === RetCode.quota && kind !== 'create' && action !== 'AttachNics') return later('ERR_RATE_LIMIT');
  if (retCode === RetCode.denied && /try (again )?later|not ready/i.test(text)) return later('ERR_STATE');
  const known = MEANINGS.get(retCode);
  if (known !== undefined) return known;
  // With which code a vxnet says that it is full is not known, so it must be taken for one that does not speak of the whole request.
  if (kind === 'create' && retCode < 5000) return no('ERR_STATE');
  // Registration, login and console sessions.
  if (retCode >= 1500 && retCode <= 2000) return no('ERR_AUTH');
  if (retCode < 5000) return no('ERR_REQUEST');
  // What is wrong with its configuration the service knows before it does anything.
  return retCode >= 8000 && retCode <= 8004 ? no('ERR_SERVICE') : { ...broken('ERR_SERVICE'), retryable: false };
}

/** One line of at most 300 characters without control characters, of words that come from outside. */
export function oneLine(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

function describeSkew(skewMs: number | undefined): string {
  if (skewMs === undefined) return 'the clock of this host is more than 60 s away from the time of the cloud; set it';
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  return `the clock of this host is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} the time of the cloud; set it`;
}

/** A reply that says no. */
export interface Refusal {
  /** The action that was called. */
  readonly action: string;
  /** How often it may reach the service. */
  readonly kind: RequestKind;
  /** Not 0. */
  readonly retCode: number;
  /** The service's words, without secrets. */
  readonly message: string;
  /** How far this host's clock is ahead of the service's, in milliseconds, if the reply told the time. */
  readonly skewMs: number | undefined;
}

/**
 * The error that a reply's `ret_code` stands for (docs, `api/error_code`). What a change may have done although the service calls
 * itself busy or broken is `outcome: 'unknown'`.
 */
export function toRefusalError(refusal: Refusal): ProviderError {
  const { action, kind, retCode } = refusal;
  const text = oneLine(refusal.message);
  const { code, retryable, definite } = meaningOf(refusal, text);
  const hint = code === 'ERR_CLOCK' ? describeSkew(refusal.skewMs) : HINTS[code];
  const said = text === '' ? '' : `: ${text}`;
  return new ProviderError(code, `${action}: QingCloud refused with ${retCode}${said}${hint === undefined ? '' : ` (${hint})`}`, {
    action,
    retCode,
    retryable,
    outcome: definite || kind === 'read' ? 'refused' : 'unknown',
  });
}

/**
 * The error of a call that its caller ended: `ERR_CANCELLED` or `ERR_DEADLINE`.
 * @param outcome `unknown` when a request may have been on its way
 */
export function toAbortedError(action: string, signal: AbortSignal, outcome: ProviderError['outcome']): ProviderError {
  const { code, message, cause } = toAbortError(signal, action);
  return new ProviderError(code, message, { action, outcome, retryable: false, cause });
}

/**
 * The error of a reply that is no answer.
 * @param outcome `unknown` as a rule: whether the request took effect nobody can know
 */
export function toResponseError(
  action: string,
  what: string,
  retryable: boolean,
  outcome: ProviderError['outcome'] = 'unknown',
): ProviderError {
  return new ProviderError('ERR_RESPONSE', `${action}: no answer of QingCloud: ${what}`, { action, retryable, outcome });
}
