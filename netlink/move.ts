import type { Link } from '../lib/driver.js';
import { NetlinkError, NicError } from '../lib/errors.js';

/** The requests that a move is made of. */
export interface MoveRequests {
  /** The move and rename in one request. */
  move(): Promise<void>;
  /** The links of the namespace it leaves. */
  source(): Promise<readonly Link[]>;
  /** The links of the namespace it goes to. */
  target(): Promise<readonly Link[]>;
  /** Takes an alternative name from the link, in the namespace it leaves. */
  removeAltName(altName: string): Promise<void>;
}

/** What to move. */
export interface MoveWish {
  /** The link as it is before, read just now. */
  readonly link: Link;
  /** Its wanted name. */
  readonly name: string;
  /** For messages. */
  readonly op: string;
}

/**
 * Moves a link: see {@link NetworkNamespace.moveLink} for what holds afterwards.
 *
 * An alternative name that is the wanted name itself is removed first: the kernel would take the link for its own rival and refuse the rename.
 * @throws NetlinkError of the move, NicError `ERR_LINK` when the moved link is not found afterwards
 */
export async function moveUnderName(wish: MoveWish, requests: MoveRequests): Promise<Link> {
  const { link, name, op } = wish;
  if (link.altNames.includes(name)) await requests.removeAltName(name);
  try {
    await requests.move();
  } catch (error) {
    if (!(error instanceof NetlinkError) || error.errno !== 'EEXIST') throw error;
    const removed = await removeClashes(link, requests);
    if (!removed) throw error;
    await requests.move();
  }
  const moved = (await requests.target()).find((candidate) => candidate.name === name && candidate.mac === link.mac);
  if (moved === undefined)
    throw new NicError('ERR_LINK', `${op}: moved, but there is no link ${name} with its address ${link.mac} in the target`);
  return moved;
}

/** Removes the alternative names that stood in the way; false when it was something else, or the link has moved. */
async function removeClashes(link: Link, requests: MoveRequests): Promise<boolean> {
  const still = (await requests.source()).find((candidate) => candidate.index === link.index && candidate.mac === link.mac);
  if (still === undefined) return false;
  const taken = new Set((await requests.target()).flatMap((other) => [other.name, ...other.altNames]));
  const clashes = still.altNames.filter((altName) => taken.has(altName));
  for (const altName of clashes) await requests.removeAltName(altName);
  return clashes.length > 0;
}
