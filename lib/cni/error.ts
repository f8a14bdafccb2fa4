import { NicError, type NicErrorCode, type NicErrorOptions } from '../errors.js';

/**
 * The numeric codes of CNI errors: those of the spec's table, 8 and 999 of the reference, and from 100 on our own.
 *
 * @see https://github.com/containernetworking/cni/blob/main/SPEC.md#error
 */
export const cniCodes = {
  /** Not known: what a caller makes of a plugin that failed without an error object. */
  unknown: 0,
  /** The configuration's version is not one of the plugin's. */
  incompatibleVersion: 1,
  /** A field of the configuration is not supported; the message holds key and value. */
  unsupportedField: 2,
  /** The container is unknown; the runtime need not send DEL. */
  unknownContainer: 3,
  /** An environment variable is missing or invalid; the message names it. */
  invalidEnvironment: 4,
  /** Reading or writing failed. */
  ioFailure: 5,
  /** Something cannot be decoded. */
  decodingFailure: 6,
  /** The network configuration is invalid. */
  invalidNetworkConfig: 7,
  /** The network namespace is none, or is the plugin's own. */
  invalidNamespace: 8,
  /** A passing state; the same command may succeed later. */
  tryAgainLater: 11,
  /** STATUS: ADD cannot be served. */
  notAvailable: 50,
  /** STATUS: ADD cannot be served, and existing containers may have limited connectivity. */
  limitedConnectivity: 51,
  /** Ours: the cloud does not accept the credentials. */
  credentialsRefused: 100,
  /** Ours: this host's clock is too far from the cloud's. */
  clockSkew: 101,
  /** Ours: the cloud account has no money left. */
  balanceExhausted: 102,
  /** Ours: CHECK found something else than what must be. */
  checkFailed: 103,
  /** Ours: this attachment, or an interface of its name, exists already. */
  alreadyExists: 104,
  /** Ours: the cloud does not know something that the configuration or a record names. */
  notFound: 105,
  /** Ours: the kernel refused, or the interface is missing or ambiguous. */
  kernelRefused: 106,
  /** Ours: the cloud's answer is no answer. */
  badReply: 107,
  /** Ours: a record must not be acted on. */
  badRecord: 108,
  /** Any error without a code of its own. */
  internal: 999,
} as const;

/** What a {@link CniError} takes beside code and message. */
export interface CniErrorOptions extends NicErrorOptions {
  /** More about it; left out of the error object when empty. */
  readonly details?: string;
}

/** An error as the protocol has it. Handlers may throw it to choose the numeric code themselves. */
export class CniError extends NicError {
  override readonly name = 'CniError';
  /** The numeric code; see {@link cniCodes}. Plugins are free to use those from 100 on. */
  readonly cniCode: number;
  /** More about it; may be empty. */
  readonly details: string;

  /**
   * @param cniCode the numeric code
   * @param message what is wrong, where, and what to do; never a secret
   */
  constructor(cniCode: number, message: string, options: CniErrorOptions = {}) {
    super('ERR_CNI', message, options);
    this.cniCode = cniCode;
    this.details = options.details ?? '';
  }
}

/** `ERR_CNI` is absent: only a {@link CniError} carries it, and that brings its own number. */
const numericCodes: Readonly<Record<Exclude<NicErrorCode, 'ERR_CNI'>, number>> = {
  ERR_CONFIG: cniCodes.invalidNetworkConfig,
  ERR_REQUEST: cniCodes.invalidNetworkConfig,
  ERR_DECODE: cniCodes.decodingFailure,
  ERR_NOT_SUPPORTED: cniCodes.unsupportedField,
  ERR_IO: cniCodes.ioFailure,
  ERR_NAMESPACE: cniCodes.invalidNamespace,
  ERR_DEADLINE: cniCodes.tryAgainLater,
  ERR_CANCELLED: cniCodes.tryAgainLater,
  ERR_LOCKED: cniCodes.tryAgainLater,
  ERR_PENDING: cniCodes.tryAgainLater,
  ERR_QUOTA: cniCodes.tryAgainLater,
  ERR_RATE_LIMIT: cniCodes.tryAgainLater,
  ERR_CAPACITY: cniCodes.tryAgainLater,
  ERR_INSTANCE_FULL: cniCodes.tryAgainLater,
  ERR_STATE: cniCodes.tryAgainLater,
  ERR_BUSY: cniCodes.tryAgainLater,
  ERR_SERVICE: cniCodes.tryAgainLater,
  ERR_TRANSPORT: cniCodes.tryAgainLater,
  ERR_JOB: cniCodes.tryAgainLater,
  ERR_AUTH: cniCodes.credentialsRefused,
  ERR_CLOCK: cniCodes.clockSkew,
  ERR_BALANCE: cniCodes.balanceExhausted,
  ERR_CHECK: cniCodes.checkFailed,
  ERR_ATTACHED: cniCodes.alreadyExists,
  ERR_LINK_EXISTS: cniCodes.alreadyExists,
  ERR_NOT_FOUND: cniCodes.notFound,
  ERR_NETLINK: cniCodes.kernelRefused,
  ERR_LINK: cniCodes.kernelRefused,
  ERR_RESPONSE: cniCodes.badReply,
  ERR_JOURNAL: cniCodes.badRecord,
  ERR_NO_NETWORKS: cniCodes.invalidNetworkConfig,
  ERR_NETWORK_NOT_FOUND: cniCodes.invalidNetworkConfig,
  // The number of the plugin's own error object, which is the cause, comes before this.
  ERR_PLUGIN: cniCodes.internal,
};

/**
 * True for a {@link CniError}. Goes by what it carries rather than by its class: two copies of this package may be loaded,
 * and an error that lost its number would tell a runtime the wrong thing.
 */
export function isCniError(error: unknown): error is CniError {
  return error instanceof Error && 'code' in error && error.code === 'ERR_CNI' && 'cniCode' in error && typeof error.cniCode === 'number';
}

function numericCodeOf(error: unknown): number | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && Object.hasOwn(numericCodes, code) ? numericCodes[code as keyof typeof numericCodes] : undefined;
}

/**
 * True for an error that {@link toCniError} has a number for without looking at its causes.
 * @internal
 */
export function isNumbered(error: unknown): error is Error {
  return isCniError(error) || numericCodeOf(error) !== undefined;
}

/** Bounds the walk along `cause`, which may be a ring. */
const maxCauses = 32;

function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let next = error; next !== undefined && chain.length < maxCauses; next = next instanceof Error ? next.cause : undefined) {
    chain.push(next);
  }
  return chain;
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message === '' ? error.name : error.message;
  return typeof error === 'string' ? error : 'an error that is none was thrown';
}

/**
 * The one place where any error becomes a CNI error.
 *
 * A {@link CniError} passes through, also as the cause of another error, whose text is then lost (as in the reference).
 * A {@link NicError} gets the number of its code, found as a cause too; the outermost text stays. Everything else is 999.
 * Of several errors in an `AggregateError` the first gives the number, and all texts are kept.
 */
export function toCniError(error: unknown): CniError {
  if (error instanceof AggregateError && error.errors.length > 0) {
    const all = error.errors.map(toCniError);
    const text = all.map((one) => (one.details === '' ? one.message : `${one.message}: ${one.details}`)).join('; ');
    return new CniError(all[0]?.cniCode ?? cniCodes.internal, text, { cause: error });
  }
  const chain = causesOf(error);
  for (const link of chain) if (isCniError(link)) return link;
  for (const link of chain) {
    const code = numericCodeOf(link);
    if (code === undefined) continue;
    const details = link === error ? '' : messageOf(link);
    return new CniError(code, messageOf(error), { cause: error, details });
  }
  return new CniError(cniCodes.internal, messageOf(error), { cause: error });
}
