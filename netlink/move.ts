import type { Link } from '../lib/driver.js';
import { NetlinkError, NicError } from '../lib/errors.js';

/** The requests that a move is made of. */
export interface MoveRequests {
  /** The move and rename in one request. */
  move(): Promise<void>;
  /** Takes an alternative name from the link, in the namespace it leaves. */
  removeAltName(altName: string): Promise<void>;
  /** The link in the namespace it leaves; undefined when it is there no more. */
  read(): Promise<Link | undefined>;
  /** All links of the namespace it goes to. */
  target(): Promise<readonly Link[]>;
  /** The link of the wanted name in the namespace it goes to; undefined when there is none. */
  arrived(): Promise<Link | undefined>;
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
    if (!(await removeClashes(link, requests))) throw error;
    await requests.move();
  }
  const moved = await requests.arrived();
  if (moved?.mac === link.mac) return moved;
  throw new NicError(
    'ERR_LINK',
    `${op}: moved, but there is no link ${name} with its address ${link.mac} in the target; look for it by its address`,
  );
}

/** Removes the alternative names that stood in the way; false when it was something else, or the link has moved. */
async function removeClashes(link: Link, requests: MoveRequests): Promise<boolean> {
  const still = await requests.read();
  if (still?.mac !== link.mac) return false;
  const taken = new Set((await requests.target()).flatMap((other) => [other.name, ...other.altNames]));
  const clashes = still.altNames.filter((altName) => taken.has(altName));
  for (const altName of clashes) await requests.removeAltName(altName);
  return clashes.length > 0;
}
