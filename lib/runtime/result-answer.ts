import { type AnyResult, decodeResult, getKey, impliedVersion, isCniVersion, isJsonObject } from '../cni/index.js';
import { orThrow } from '../codec.js';
import { NicError } from '../errors.js';

/**
 * Reads what a plugin answered to ADD.
 * @param version that of the network, which an answer without one is taken to have; empty means 0.1.0
 * @throws NicError `ERR_DECODE`
 */
export function parseAnswer(stdout: string, version: string): AnyResult {
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch (error) {
    const reason = stdout.trim() === '' ? 'it is empty' : 'it is not valid JSON';
    throw new NicError('ERR_DECODE', `failed to unmarshal raw result: ${reason}`, { cause: error });
  }
  // Go reads null as an object without any key.
  const object = value ?? {};
  if (!isJsonObject(object)) throw new NicError('ERR_DECODE', 'failed to unmarshal raw result: it must be a JSON object');
  const written = getKey(object, 'cniVersion');
  const own = typeof written === 'string' && written !== '' ? written : version === '' ? impliedVersion : version;
  if (!isCniVersion(own)) throw new NicError('ERR_DECODE', `unsupported CNI result version ${JSON.stringify(own)}`);
  return orThrow(decodeResult(object, own, 'result'));
}
