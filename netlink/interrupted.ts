import { NetlinkError, NicError } from '../lib/errors.js';

/** What a {@link DumpInterruptedError} is made of. */
export interface DumpInterruption {
  /** The listing, such as `route.list`. */
  readonly op: string;
  /** What the last try gave. */
  readonly partial: readonly unknown[];
  /** How often it was tried. */
  readonly tries: number;
  /** What led to this error, if it was not the kernel's mark. */
  readonly cause?: unknown;
}

/**
 * A listing that changes of the same kind of object tore apart each time it was tried (NLM_F_DUMP_INTR, include/uapi/linux/netlink.h).
 * Its `errno` is `EINTR`. Trying again later is safe; who needs an approximate answer now has {@link DumpInterruptedError.partial}.
 */
export class DumpInterruptedError extends NetlinkError {
  override readonly name = 'DumpInterruptedError';
  /**
   * What the last try gave, as the listing would have given it, decoded and filtered.
   * Objects may be missing or be there twice; each is as it was at some moment during the listing.
   */
  readonly partial: readonly unknown[];
  /** How often it was tried. */
  readonly tries: number;

  /** Builds the message from the number of tries. */
  constructor(interruption: DumpInterruption) {
    const { op, tries, cause } = interruption;
    super({
      op,
      errno: 'EINTR',
      hint: `changes interrupted the listing ${tries} times running; try again, or make do with the partial data of this error`,
      ...(cause === undefined ? {} : { cause }),
    });
    this.partial = interruption.partial;
    this.tries = tries;
  }
}

/** What is known of one request of a batch that was given up: `unknown` may or may not have been carried out, `unsent` was not. */
export type BatchOutcome = 'done' | 'unknown' | 'unsent' | NetlinkError;

/** A batch that was given up on its way: cancelled, past its deadline, or its connection was closed or broke. The code is that of the cause. */
export class BatchInterruptedError extends NicError {
  override readonly name = 'BatchInterruptedError';
  /** What became of each request, in order. */
  readonly outcomes: readonly BatchOutcome[];

  /** @param cause why it was given up */
  constructor(cause: NicError, outcomes: readonly BatchOutcome[]) {
    const count = (wanted: BatchOutcome): number => outcomes.filter((outcome) => outcome === wanted).length;
    const [unsent, unknown] = [count('unsent'), count('unknown')];
    const answered = outcomes.length - unsent - unknown;
    super(
      cause.code,
      `${cause.message}; of ${outcomes.length} requests ${answered} were answered, ${unknown} may have been carried out, ${unsent} were not sent`,
      {
        cause,
      },
    );
    this.outcomes = outcomes;
  }
}

/** Waits for a listing and changes what it gives, also what an interrupted one carries. */
export async function mapListing<T, U>(listing: Promise<readonly T[]>, map: (found: readonly T[]) => readonly U[]): Promise<readonly U[]> {
  try {
    return map(await listing);
  } catch (error) {
    if (!(error instanceof DumpInterruptedError)) throw error;
    // The listing's own error: what it carries is what the listing would have given.
    const { op, tries } = error;
    throw new DumpInterruptedError({ op, tries, partial: map(error.partial as readonly T[]), cause: error });
  }
}

/** Makes listings one after another and joins them. When one is interrupted, the others are made all the same, and the error carries all that was found. */
export async function joinListings<T>(listings: readonly (() => Promise<readonly T[]>)[]): Promise<readonly T[]> {
  let found: readonly T[] = [];
  let interrupted: DumpInterruptedError | undefined;
  for (const list of listings) {
    try {
      found = found.concat(await list());
    } catch (error) {
      if (!(error instanceof DumpInterruptedError)) throw error;
      found = found.concat(error.partial as readonly T[]);
      interrupted ??= error;
    }
  }
  if (interrupted === undefined) return found;
  const { op, tries } = interrupted;
  throw new DumpInterruptedError({ op, tries, partial: found, cause: interrupted });
}
