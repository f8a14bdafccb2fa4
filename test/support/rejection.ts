import { isNicError, type NicError, type NicErrorCode } from '../../lib/errors.js';

/** The error a promise rejects with. Any other outcome is thrown. */
export async function rejection(promise: Promise<unknown>, ...codes: readonly NicErrorCode[]): Promise<NicError> {
  try {
    await promise;
  } catch (error) {
    if (!isNicError(error, ...codes)) throw error;
    return error;
  }
  throw new Error(`should have been rejected${codes.length === 0 ? '' : ` with ${codes.join(' or ')}`}`);
}
