import { type NicErrorCode, ProviderError } from '../../lib/errors.js';
import type { Instance } from './instances.js';
import { RetCode } from './ret-code.js';

/*
 * 2500 stands for a quota of resources and for too many requests, 1400 for any state that does not allow what was asked. The words that
 * come with them are known for few cases, so what they stand for is found out by reading.
 */

function again(refused: ProviderError, code: NicErrorCode, retryable: boolean, why: string): ProviderError {
  return new ProviderError(code, `${refused.message} (${why})`, {
    action: refused.action,
    retryable,
    outcome: refused.outcome,
    cause: refused,
    ...(refused.retCode === undefined ? {} : { retCode: refused.retCode }),
  });
}

const TOO_MANY_CALLS = 'reading is refused too, so this is about too many API calls for this account';

/** True for a refusal that may be about a quota or about too many requests. Changing or reading uses no quota up: see `toRefusalError`. */
function isAmbiguous(refused: ProviderError): boolean {
  return refused.retCode === RetCode.quota && refused.code === 'ERR_QUOTA';
}

/**
 * Tells a used-up quota from too many requests: reading uses no quota up.
 * @param read reads something, once
 */
export async function explainQuota(refused: ProviderError, read: () => Promise<unknown>): Promise<ProviderError> {
  if (!isAmbiguous(refused)) return refused;
  try {
    await read();
    return refused;
  } catch (error) {
    if (!(error instanceof ProviderError) || error.code !== 'ERR_RATE_LIMIT') return refused;
    return again(refused, 'ERR_RATE_LIMIT', true, TOO_MANY_CALLS);
  }
}

/** What {@link explainAttach} reads. */
export interface AttachWitnesses {
  /** The instance; undefined when the account has none of that id. */
  readonly instance: () => Promise<Instance | undefined>;
  /** How many NICs it holds. */
  readonly held: () => Promise<number>;
}

/** What an attach request was about. */
export interface AttachCase {
  /** Where the NICs were to go. */
  readonly instanceId: string;
  /** The file that id comes from. */
  readonly instanceIdFile: string;
  /** How many were to go there. */
  readonly nics: number;
  /** How many the instance can hold. */
  readonly most: number;
}

/** About the account or the clock, whatever was asked. */
const CLEAR: readonly NicErrorCode[] = ['ERR_AUTH', 'ERR_CLOCK', 'ERR_BALANCE'];

/**
 * True for a refusal of AttachNics that reading may explain: with which code a full instance refuses is not known. What the service itself
 * calls passing needs no explanation.
 */
export function needsWitnesses(refused: ProviderError): boolean {
  return refused.outcome === 'refused' && refused.retCode !== undefined && !refused.retryable && !CLEAR.includes(refused.code);
}

/** Finds out whether a refusal of AttachNics is about the instance: unknown, not running, or full. Gives the same error when it is not. */
export async function explainAttach(refused: ProviderError, about: AttachCase, witnesses: AttachWitnesses): Promise<ProviderError> {
  const { instanceId, instanceIdFile, nics, most } = about;
  try {
    const instance = await witnesses.instance();
    if (instance === undefined) {
      const where = `the account has no instance ${instanceId} in this zone: that id of this host's instance comes from ${instanceIdFile}`;
      return again(refused, 'ERR_NOT_FOUND', false, `${where}; check it, the zone and the account`);
    }
    if (instance.status !== 'running') {
      return again(refused, 'ERR_STATE', false, `instance ${instanceId} (from ${instanceIdFile}) is not running but ${instance.status}`);
    }
    const held = await witnesses.held();
    if (held + nics > most) {
      return again(refused, 'ERR_INSTANCE_FULL', false, `instance ${instanceId} holds ${held} NICs, of ${most} that it can`);
    }
    return refused;
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return isAmbiguous(refused) && error.code === 'ERR_RATE_LIMIT' ? again(refused, 'ERR_RATE_LIMIT', true, TOO_MANY_CALLS) : refused;
  }
}
