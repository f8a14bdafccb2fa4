import { isNicError, NicError } from '../errors.js';
import { formatOperation, type NetworkOperation } from './operation.js';

/** What could not be undone, and why. */
export interface LeftOver {
  /** The operation that would have undone it. */
  readonly operation: NetworkOperation;
  /** Why it was not done; undefined when it was done and the kernel does not show it. */
  readonly cause: unknown;
}

/** What a {@link NetworkPlanError} carries beside its cause. */
export interface NetworkPlanErrorOptions {
  /** Where. */
  readonly label: string;
  /** The operation that failed. */
  readonly operation: NetworkOperation;
  /** How many operations had been done before. */
  readonly done: number;
  /** Whether they were to be undone. */
  readonly undo: boolean;
  /** What could not be undone. */
  readonly left: readonly LeftOver[];
  /** Why it failed. */
  readonly cause: unknown;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function outcome({ done, undo, left }: NetworkPlanErrorOptions): string {
  if (!undo) return `${done} operations before it were done and left as they are`;
  if (left.length === 0) return 'what was done before it was undone';
  const list = left.map(({ operation, cause }) => {
    return cause === undefined ? formatOperation(operation) : `${formatOperation(operation)} (${reasonOf(cause)})`;
  });
  return `what was done before it could not be undone; still to do: ${list.join(', ')}`;
}

/** Thrown when an operation of a plan fails. Its code is that of the cause. */
export class NetworkPlanError extends NicError {
  override readonly name = 'NetworkPlanError';
  /** The operation that failed. */
  readonly operation: NetworkOperation;
  /** How many operations had been done before. */
  readonly done: number;
  /** What could not be undone: empty when all is as it was before. */
  readonly left: readonly LeftOver[];

  /** Builds the message. */
  constructor(options: NetworkPlanErrorOptions) {
    const { label, operation, cause } = options;
    const code = isNicError(cause) ? cause.code : 'ERR_NETLINK';
    super(code, `${label}: ${formatOperation(operation)} failed: ${reasonOf(cause)}; ${outcome(options)}`, { cause });
    this.operation = operation;
    this.done = options.done;
    this.left = options.left;
  }
}
