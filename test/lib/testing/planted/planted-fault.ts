import { NicError, ProviderError } from '../../../../lib/errors.js';
import type { Nic } from '../../../../lib/nic.js';
import type { NicProvider } from '../../../../lib/provider.js';
import type { WrapProvider } from '../../../support/memory-bed.js';

/** A fault planted in the memory provider, and how the suite has to notice it. */
export interface PlantedFault {
  /** Plants it. */
  readonly plant: WrapProvider;
  /** A part of the title of the case that notices it. */
  readonly by: string;
  /** What that case complains about. */
  readonly because: RegExp;
}

/** Lets every NIC that the provider tells of be another one. */
export function mapNics(provider: NicProvider, change: (nic: Nic) => Nic): NicProvider {
  return {
    ...provider,
    createNic: async (request, options) => change(await provider.createNic(request, options)),
    listNics: async (filter, options) => (await provider.listNics(filter, options)).map(change),
  };
}

/** Lets every ProviderError that the provider rejects with be another error. */
export function mapErrors(provider: NicProvider, change: (error: ProviderError) => Error): NicProvider {
  const wrap =
    <A extends readonly unknown[], T>(method: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      try {
        return await method(...args);
      } catch (error) {
        throw error instanceof ProviderError ? change(error) : error;
      }
    };
  return {
    ...provider,
    createNic: wrap(provider.createNic),
    listNics: wrap(provider.listNics),
    describeSubnets: wrap(provider.describeSubnets),
    describeJobs: wrap(provider.describeJobs),
    attachNics: wrap(provider.attachNics),
    detachNics: wrap(provider.detachNics),
    deleteNics: wrap(provider.deleteNics),
    allowForwarding: wrap(provider.allowForwarding),
  };
}

/** The same error with some fields changed. */
export function altered(error: ProviderError, patch: Partial<Pick<ProviderError, 'outcome' | 'code' | 'retryable'>>): ProviderError {
  const { action, code, retryable, outcome } = { ...error, ...patch };
  return new ProviderError(code, error.message, { action, retryable, outcome });
}

/** Goes on after an error of one of these codes. */
export async function unless<T>(
  call: Promise<T>,
  codes: readonly string[],
  otherwise: (error: ProviderError) => T | Promise<T>,
): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ProviderError && codes.includes(error.code)) return otherwise(error);
    throw error;
  }
}

/** An error that has a code of this package and nothing else. */
export function gone(): NicError {
  return new NicError('ERR_NOT_FOUND', 'gone');
}
