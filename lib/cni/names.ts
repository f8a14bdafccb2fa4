import * as E from 'fp-ts/lib/Either.js';
import { CniError, cniCodes } from './error.js';

/** Of container ids and network names. No length limit. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** Unicode's White_Space, which Go's `unicode.IsSpace` tests: JavaScript's `\s` has U+FEFF in addition and lacks U+0085. */
const whiteSpace = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** IFNAMSIZ of linux/if.h without the terminating zero. */
const maxInterfaceNameBytes = 15;

const bad = (code: number, message: string, details?: string): E.Either<CniError, never> =>
  E.left(new CniError(code, message, details === undefined ? {} : { details }));

/** Checks a container id, by the rule and with the words of the reference. */
export function checkContainerId(text: string): E.Either<CniError, string> {
  if (text === '') return bad(cniCodes.unknownContainer, 'missing containerID');
  if (!namePattern.test(text)) return bad(cniCodes.invalidEnvironment, 'invalid characters in containerID', text);
  return E.right(text);
}

/** Checks the name of a network, by the rule and with the words of the reference. */
export function checkNetworkName(text: string): E.Either<CniError, string> {
  if (text === '') return bad(cniCodes.invalidNetworkConfig, 'missing network name');
  if (!namePattern.test(text)) return bad(cniCodes.invalidNetworkConfig, 'invalid characters found in network name', text);
  return E.right(text);
}

/** Checks the name of an interface, by the rule and with the words of the reference. */
export function checkInterfaceName(text: string): E.Either<CniError, string> {
  const code = cniCodes.invalidEnvironment;
  if (text === '') return bad(code, 'interface name is empty');
  if (new TextEncoder().encode(text).length > maxInterfaceNameBytes) {
    return bad(code, 'interface name is too long', 'interface name should be less than 16 characters');
  }
  if (text === '.' || text === '..') return bad(code, 'interface name is . or ..');
  if (/[/:]/.test(text) || whiteSpace.test(text)) return bad(code, 'interface name contains / or : or whitespace characters');
  return E.right(text);
}
