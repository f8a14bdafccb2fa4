/**
 * Every code that a {@link NicError} can carry. A code keeps its meaning within a major version; messages may change.
 *
 * The README lists them with what to do about each.
 */
export type NicErrorCode =
  /** A configuration file or option has a wrong or impossible value. */
  | 'ERR_CONFIG'
  /** Something that came from outside does not have the shape it must have. */
  | 'ERR_DECODE'
  /** The provider or driver cannot do this; its `features` say so. */
  | 'ERR_NOT_SUPPORTED'
  /** The deadline of the whole operation has passed. */
  | 'ERR_DEADLINE'
  /** The caller gave up (signal) or another command cancelled this one. */
  | 'ERR_CANCELLED'
  /** A lock was not free before the deadline. */
  | 'ERR_LOCKED'
  /** A file or folder could not be read or written. */
  | 'ERR_IO'
  /** The cloud does not know the named NIC, subnet, instance or job. */
  | 'ERR_NOT_FOUND'
  /** The cloud refuses a request as malformed. */
  | 'ERR_REQUEST'
  /** The cloud does not accept the credentials. */
  | 'ERR_AUTH'
  /** The clock of this host is too far from the cloud's. */
  | 'ERR_CLOCK'
  /** The account has no money left. */
  | 'ERR_BALANCE'
  /** A quota of the account is used up. */
  | 'ERR_QUOTA'
  /** Too many requests: the cloud (or our own budget) wants fewer. */
  | 'ERR_RATE_LIMIT'
  /** The subnet or the back end has no room. */
  | 'ERR_CAPACITY'
  /** The instance holds as many NICs as it can. */
  | 'ERR_INSTANCE_FULL'
  /** The resource is in a state that does not allow the request, or is not ours. */
  | 'ERR_STATE'
  /** The service is busy or being updated. */
  | 'ERR_BUSY'
  /** The service failed inside. */
  | 'ERR_SERVICE'
  /** The service was not reached, or the connection broke. */
  | 'ERR_TRANSPORT'
  /** The service answered something that is not an answer. */
  | 'ERR_RESPONSE'
  /** An asynchronous job of the cloud ended in failure. */
  | 'ERR_JOB'
  /** The kernel refused a netlink request; see `errno`. */
  | 'ERR_NETLINK'
  /** A path, pid or descriptor is no network namespace, or it is gone. */
  | 'ERR_NAMESPACE'
  /** No link, or no unambiguous link, with that identity. */
  | 'ERR_LINK'
  /** The wanted interface name is taken. */
  | 'ERR_LINK_EXISTS'
  /** The attachment exists already. */
  | 'ERR_ATTACHED'
  /** What CHECK found differs from what must be. */
  | 'ERR_CHECK'
  /** The journal holds something that must not be acted on (newer version, another instance). */
  | 'ERR_JOURNAL'
  /** Work was left over and recorded; a later command finishes it. */
  | 'ERR_PENDING'
  /** A CNI plugin failed, could not be found or started, or answered something that is no answer. */
  | 'ERR_PLUGIN'
  /** A folder holds no network configuration at all. */
  | 'ERR_NO_NETWORKS'
  /** A folder holds network configurations, but none of the wanted name. */
  | 'ERR_NETWORK_NOT_FOUND'
  /** A CNI error with its own numeric code. */
  | 'ERR_CNI';

/** What {@link NicError} and its subclasses take beside the message. */
export interface NicErrorOptions {
  /** What led to this error. Always passed on when there is one. */
  readonly cause?: unknown;
}

/**
 * The base of every error this package throws on purpose. Match on `code`, never on the message.
 *
 * Wrong use by the programmer is a plain `TypeError` or `RangeError` instead.
 */
export class NicError extends Error {
  /** The name of the class, whatever a minifier makes of that. */
  override readonly name: string = 'NicError';
  /** The stable code. */
  readonly code: NicErrorCode;

  /**
   * @param code the stable code
   * @param message what is wrong, where, and what to do; never a secret
   */
  constructor(code: NicErrorCode, message: string, options: NicErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

/** One thing wrong with a decoded value. */
export interface DecodeIssue {
  /** Where: keys and indexes from the root, as in `args.vxNets[0]`; empty for the root itself. */
  readonly path: string;
  /** What was expected there, in words. */
  readonly expected: string;
}

/** Issues in the message of a {@link DecodeError}: a person puts the first ones right, and a log is no place for thousands. */
const MOST_ISSUES_TOLD = 12;

/** Thrown when something from outside (stdin, file, reply, journal) does not have the shape it must have. Holds no values. */
export class DecodeError extends NicError {
  override readonly name = 'DecodeError';
  /** All that is wrong, in document order. */
  readonly issues: readonly DecodeIssue[];

  /** @param what what was decoded, for the message: "network configuration", "DescribeNics reply" */
  constructor(what: string, issues: readonly DecodeIssue[], options: NicErrorOptions = {}) {
    const told = issues
      .slice(0, MOST_ISSUES_TOLD)
      .map((issue) => (issue.path === '' ? `must be ${issue.expected}` : `${issue.path} must be ${issue.expected}`));
    const more = issues.length > told.length ? [`and ${issues.length - told.length} more`] : [];
    super('ERR_DECODE', `${what}: ${[...told, ...more].join('; ')}`, options);
    this.issues = issues;
  }
}

/** What a {@link ProviderError} carries beside its message. */
export interface ProviderErrorOptions extends NicErrorOptions {
  /** The API action, as the cloud spells it. */
  readonly action: string;
  /** The cloud's own numeric code, if it answered. */
  readonly retCode?: number;
  /** True when the same request may succeed later. */
  readonly retryable: boolean;
  /** See {@link ProviderError.outcome}. */
  readonly outcome: 'refused' | 'unknown';
}

/** Thrown when the cloud refuses a request or was not understood. */
export class ProviderError extends NicError {
  override readonly name = 'ProviderError';
  /** The API action, as the cloud spells it. */
  readonly action: string;
  /** The cloud's own numeric code, if it answered. */
  readonly retCode: number | undefined;
  /** True when the same request may succeed later. */
  readonly retryable: boolean;
  /**
   * `refused`: the cloud said no and nothing changed, or the request certainly never left this host.
   * `unknown`: the answer was lost or unreadable; the request may have taken effect, now or within the time a signed request stays valid.
   */
  readonly outcome: 'refused' | 'unknown';

  /** @param code the stable code */
  constructor(code: NicErrorCode, message: string, options: ProviderErrorOptions) {
    super(code, message, options);
    this.action = options.action;
    this.retCode = options.retCode;
    this.retryable = options.retryable;
    this.outcome = options.outcome;
  }
}

/** What a {@link NetlinkError} carries beside its code. */
export interface NetlinkErrorOptions extends NicErrorOptions {
  /** The operation with its arguments as a person writes them, such as `route.add 10.0.0.0/8 via 192.0.2.1`. */
  readonly op: string;
  /** The errno name, such as `EEXIST`. */
  readonly errno: string;
  /** The kernel's own message (extended ack), if it gave one. */
  readonly kernelMessage?: string;
  /** The attribute the kernel pointed at, such as `IFLA_IFNAME`, or its byte offset in the request. */
  readonly attribute?: string;
  /** What to do about it, such as the capability that is missing. */
  readonly hint?: string;
}

/** Thrown when the kernel refuses a netlink request or a namespace call. */
export class NetlinkError extends NicError {
  override readonly name: string = 'NetlinkError';
  /** The operation with its arguments. */
  readonly op: string;
  /** The errno name, such as `EEXIST`. */
  readonly errno: string;
  /** The kernel's own message (extended ack), if it gave one. */
  readonly kernelMessage: string | undefined;
  /** The attribute the kernel pointed at, if it did. */
  readonly attribute: string | undefined;

  /** Builds the message `op: ERRNO: kernel message (attribute); hint`. */
  constructor(options: NetlinkErrorOptions) {
    const said = options.kernelMessage === undefined ? '' : `: ${options.kernelMessage}`;
    const where = options.attribute === undefined ? '' : ` (${options.attribute})`;
    const hint = options.hint === undefined ? '' : `; ${options.hint}`;
    super('ERR_NETLINK', `${options.op}: ${options.errno}${said}${where}${hint}`, options);
    this.op = options.op;
    this.errno = options.errno;
    this.kernelMessage = options.kernelMessage;
    this.attribute = options.attribute;
  }
}

/** True when `error` is a {@link NicError} with one of `codes` (any, when none is given). */
export function isNicError(error: unknown, ...codes: readonly NicErrorCode[]): error is NicError {
  return error instanceof NicError && (codes.length === 0 || codes.includes(error.code));
}
