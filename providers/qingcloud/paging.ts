import type { Logger } from '../../lib/log.js';
import { toResponseError } from './errors.js';

/** Items per page: the service never gives more (docs, `api/overview`); 20 without asking. */
export const PAGE_SIZE = 100;

const MOST_PASSES = 3;
const MOST_PAGES = 1000;

/** One page of a list. */
export interface Page<T> {
  /** Its items. */
  readonly items: readonly T[];
  /** How many match in all, as the service counts now; without it the list ends with a page that is not full. */
  readonly total: number | undefined;
}

interface Pass<T> {
  readonly items: ReadonlyMap<string, T>;
  /** The list did not change on the way, as far as one can see. */
  readonly steady: boolean;
}

async function readPass<T>(action: string, idOf: (item: T) => string, read: (offset: number) => Promise<Page<T>>): Promise<Pass<T>> {
  const items = new Map<string, T>();
  let steady = true;
  let offset = 0;
  let expected: number | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const page = await read(offset);
    const { total } = page;
    expected ??= total;
    if (total !== expected) steady = false;
    const before = items.size;
    for (const item of page.items) {
      if (items.has(idOf(item))) steady = false;
      items.set(idOf(item), item);
    }
    offset += page.items.length;
    const last = total === undefined ? page.items.length < PAGE_SIZE : offset >= total;
    // A page without anything new ends the pass whatever the count is: a service that overlooks the offset would never let it end.
    if (last || items.size === before) return { items, steady: steady && items.size >= (total ?? 0) };
  }
  throw toResponseError(action, `a list that does not end after ${MOST_PAGES} pages`, false);
}

/**
 * Reads a whole list by `offset`. While the list changes, items slide from page to page and one may be missed, so a pass
 * that saw a change is repeated; after three such passes their union is given.
 * @param action for messages
 * @param idOf tells items apart
 * @param read reads the page at an offset
 * @throws ProviderError `ERR_RESPONSE` when page after page brings something new
 */
export async function readPages<T>(
  action: string,
  log: Logger,
  idOf: (item: T) => string,
  read: (offset: number) => Promise<Page<T>>,
): Promise<readonly T[]> {
  const seen = new Map<string, T>();
  for (let passes = 0; passes < MOST_PASSES; passes++) {
    const { items, steady } = await readPass(action, idOf, read);
    if (steady) return [...items.values()];
    for (const [id, item] of items) seen.set(id, item);
  }
  log.warn(`${action}: the list went on changing while it was read; items may be missing or gone`, {
    items: seen.size,
    passes: MOST_PASSES,
  });
  return [...seen.values()];
}
