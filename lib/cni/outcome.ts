import * as E from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import { IntegerCodec } from '../codec.js';
import { caseless, TextOrEmptyCodec, unlessEmpty } from './caseless.js';
import { CniError, cniCodes } from './error.js';

/** How a plugin's process ended. */
export interface PluginOutcome {
  /** Its exit code; undefined when it did not start or was ended by a signal. */
  readonly exitCode: number | undefined;
  /** The signal that ended it, such as `SIGKILL`, where the executor tells it. */
  readonly signal?: string;
  /** How it ended, for messages: `exit status 1`, `signal: killed`. */
  readonly ending: string;
  /** All of its standard output. */
  readonly stdout: string;
  /** All of its standard error. */
  readonly stderr: string;
}

interface ErrorWire {
  readonly code?: number;
  readonly msg: string;
  readonly details: string;
}

const ErrorCodec: t.Type<ErrorWire, unknown> = caseless<ErrorWire>('an error object', {
  code: unlessEmpty(IntegerCodec, (code) => code === 0),
  msg: TextOrEmptyCodec,
  details: TextOrEmptyCodec,
});

function parseErrorObject(text: string): CniError | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const decoded = ErrorCodec.decode(value ?? {});
  if (E.isLeft(decoded)) return undefined;
  const { code, msg, details } = decoded.right;
  return new CniError(code ?? cniCodes.unknown, msg, { details });
}

/**
 * Tells success from failure as the reference does: by the exit code alone. A failed plugin's error object is the error, with its
 * number; without one the message says what else there was.
 * @returns standard output, or a {@link CniError}, with code 0 when the plugin did not give one
 */
export function readOutcome(outcome: PluginOutcome): E.Either<CniError, string> {
  const { exitCode, ending, stdout, stderr } = outcome;
  if (exitCode === 0) return E.right(stdout);
  const fail = (message: string): E.Either<CniError, never> => E.left(new CniError(cniCodes.unknown, message));
  if (stdout === '') {
    if (stderr === '') return fail(`netplugin failed with no error message: ${ending}`);
    return fail(`netplugin failed: ${JSON.stringify(stderr)}: ${ending}`);
  }
  const error = parseErrorObject(stdout);
  if (error !== undefined) return E.left(error);
  return fail(`netplugin failed but error parsing its diagnostic message ${JSON.stringify(stdout)}: it is no error object`);
}
