import { RetCode } from '../ret-code.js';
import type { Choices } from './choices.js';

/** A refusal as the API writes it: `{"message": "<Kind>, <detail>", "ret_code": N}` (docs, `api/error_code`). */
export interface ApiError {
  /** Never 0. */
  readonly retCode: number;
  /** An error kind in CamelCase, a comma, a blank, the detail in English. */
  readonly message: string;
  /** True when the detail is what users of the real service report. Otherwise it is invented. */
  readonly reported?: true;
}

/** Names of the usual refusals, for faults. */
export type StandardErrorName =
  /** 2500: too many calls in a time. */
  | 'rate-limit'
  /** 2500: the account has as many NICs as it may. */
  | 'quota'
  /** 1400: the vxnet has no free address. */
  | 'vxnet-full'
  /** 5200: the back end has not enough resources. */
  | 'no-resources'
  /** 2400: the account has not enough money. */
  | 'balance'
  /** 5100: the service is busy. */
  | 'busy'
  /** 5300: the service is being updated. */
  | 'updating'
  /** 5000: the service failed inside. */
  | 'internal'
  /** 1200: the signature does not match. */
  | 'signature'
  /** 1300: the time stamp is too old. */
  | 'expired'
  /** 1400: a fresh resource cannot be used yet. */
  | 'lease-not-ready';

/** 1400: a fresh resource cannot be used yet. */
export function leaseNotReady(id: string): ApiError {
  return {
    retCode: RetCode.denied,
    message: `PermissionDenied, resource [${id}] lease info not ready yet, please try later`,
    reported: true,
  };
}

/**
 * Refusals that do not depend on a request.
 * `rate-limit`, `signature`, `busy` and `lease-not-ready` have the wording users of the real service report; the rest has its shape only.
 */
export const STANDARD_ERRORS: Readonly<Record<StandardErrorName, ApiError>> = {
  'rate-limit': {
    retCode: RetCode.quota,
    message: 'QuotasExceeded, access too frequently, your requests will be rejected for a period of time',
    reported: true,
  },
  quota: { retCode: RetCode.quota, message: 'QuotasExceeded, the quota of [nic] is used up' },
  'vxnet-full': { retCode: RetCode.denied, message: 'PermissionDenied, no more private ip is available in the vxnet' },
  'no-resources': { retCode: RetCode.noResources, message: 'InsufficientResource, the back end has not enough resources' },
  balance: { retCode: RetCode.balance, message: 'InsufficientBalance, the balance of the account is not enough' },
  busy: { retCode: RetCode.busy, message: 'ServerBusy, server is busy, please try later' },
  updating: { retCode: RetCode.updating, message: 'ServerUpdating, the service is being updated, please try later' },
  internal: { retCode: RetCode.internal, message: 'InternalError, internal error occurred' },
  signature: { retCode: RetCode.authFailure, message: 'AuthFailure, signature not matched', reported: true },
  expired: { retCode: RetCode.expired, message: 'RequestHasExpired, the time stamp of the message has expired' },
  'lease-not-ready': leaseNotReady('nic'),
};

/** 1100: a parameter is missing or malformed. */
export function malformed(detail: string): ApiError {
  return { retCode: RetCode.malformed, message: `InvalidRequestFormat, ${detail}` };
}

/** No such action, with the code that was chosen for it. */
export function unknownAction(retCode: number): ApiError {
  return { retCode, message: "PermissionDenied, can't handle this request", reported: true };
}

/** 1200: who asks is not known. */
export function authFailure(detail: string): ApiError {
  return { retCode: RetCode.authFailure, message: `AuthFailure, ${detail}` };
}

/** 1400, or the code that was chosen for the case: a state does not allow it, or a limit is reached. */
export function denied(detail: string, retCode: number = RetCode.denied): ApiError {
  return { retCode, message: `PermissionDenied, ${detail}` };
}

/** 2100: no such resource. Clients know it by `ResourceNotFound` in the text. */
export function notFound(kind: string, id: string): ApiError {
  return { retCode: RetCode.notFound, message: `ResourceNotFound, ${kind} [${id}] does not exist` };
}

/** 2500: a quota of the account is used up. */
export function quotaExceeded(detail: string): ApiError {
  return { retCode: RetCode.quota, message: `QuotasExceeded, ${detail}` };
}

/** The body of a refusal. @param action what was asked for, as the request named it */
export function toErrorBody(error: ApiError, { texts, errorForm }: Pick<Required<Choices>, 'texts' | 'errorForm'>, action: string): string {
  const kind = error.message.slice(0, error.message.indexOf(','));
  const message = texts === 'bare' && error.reported !== true && kind !== '' ? `${kind}, refused` : error.message;
  return JSON.stringify({ ...(errorForm === 'with-action' ? { action: `${action}Response` } : {}), message, ret_code: error.retCode });
}
