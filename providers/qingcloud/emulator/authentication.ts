import * as E from 'fp-ts/lib/Either.js';
import { RetCode } from '../ret-code.js';
import { computeSignature, type SignatureMethod } from '../signature.js';
import { type ApiError, authFailure, malformed, STANDARD_ERRORS } from './api-error.js';
import type { Choices } from './choices.js';
import type { EmulatedAccount } from './options.js';

/** A request of the API before anything in it is believed. */
export interface SignedRequest {
  /** How it came. */
  readonly method: 'GET' | 'POST';
  /** The path exactly as it came; it is part of what is signed. */
  readonly path: string;
  /** All parameters by their full names, decoded, the signature among them. */
  readonly params: Readonly<Record<string, string>>;
}

/** How old a time stamp may be by the cloud's clock, in milliseconds (docs, `api/error_code`, 1300); how far ahead is chosen. */
export const TIME_STAMP_WINDOW_MS = 60_000;

const AHEAD_MS: Readonly<Record<Required<Choices>['futureTimeStamps'], number>> = {
  window: TIME_STAMP_WINDOW_MS,
  any: Number.POSITIVE_INFINITY,
  none: 0,
};

function signatureMethodOf(text: string | undefined): SignatureMethod | undefined {
  return text === 'HmacSHA256' || text === 'HmacSHA1' ? text : undefined;
}

function ageOf(timeStamp: string | undefined, now: number): number | undefined {
  if (timeStamp === undefined || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(timeStamp)) return undefined;
  const time = Date.parse(timeStamp);
  return Number.isNaN(time) ? undefined : now - time;
}

/**
 * Checks the access key, the signature and the time stamp of a request, in this order.
 * @param now the cloud's clock, in milliseconds since the epoch
 * @param future how far ahead of the clock a time stamp may be
 * @returns nothing, or the refusal: 1100 malformed, 1200 unknown key or wrong signature, 1300 expired
 */
export function authenticate(
  request: SignedRequest,
  accounts: readonly EmulatedAccount[],
  now: number,
  future: Required<Choices>['futureTimeStamps'] = 'window',
): E.Either<ApiError, void> {
  const { signature, ...params } = request.params;
  for (const name of ['access_key_id', 'time_stamp', 'signature_method', 'signature_version']) {
    if ((params[name] ?? '') === '') return E.left(malformed(`parameter [${name}] is missing`));
  }
  if (signature === undefined || signature === '') return E.left(malformed('parameter [signature] is missing'));
  const signatureMethod = signatureMethodOf(params['signature_method']);
  if (signatureMethod === undefined) return E.left(malformed('parameter [signature_method] must be HmacSHA256 or HmacSHA1'));
  if (params['signature_version'] !== '1') return E.left(malformed('parameter [signature_version] must be 1'));
  const account = accounts.find((entry) => entry.accessKeyId === params['access_key_id']);
  if (account === undefined) return E.left(authFailure('access key not found'));
  const { method, path } = request;
  const wanted = computeSignature({ method, path, params, secretAccessKey: account.secretAccessKey, signatureMethod });
  if (signature !== wanted) return E.left(STANDARD_ERRORS.signature);
  const age = ageOf(params['time_stamp'], now);
  if (age === undefined) return E.left(malformed('parameter [time_stamp] must be a time such as 2017-08-17T03:04:05Z'));
  if (age > TIME_STAMP_WINDOW_MS || -age > AHEAD_MS[future]) {
    const seconds = Math.round(Math.abs(age) / 1000);
    const message = `${STANDARD_ERRORS.expired.message}: it is ${seconds} s ${age > 0 ? 'old' : 'ahead'}`;
    return E.left({ retCode: RetCode.expired, message });
  }
  return E.right(undefined);
}
