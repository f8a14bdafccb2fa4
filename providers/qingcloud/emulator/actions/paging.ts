import * as t from 'io-ts';
import { CountParam } from '../query.js';

/** The most items one answer holds, whatever was asked for (docs, `api/overview`). */
export const MAX_PAGE_ITEMS = 100;

const DEFAULT_PAGE_ITEMS = 20;

/** The parameters that every list takes. */
export interface PagingParams {
  /** How many items to pass over. */
  readonly offset?: number;
  /** How many items are wanted. */
  readonly limit?: number;
}

/** Decodes {@link PagingParams}. */
export const PagingCodec: t.Type<PagingParams, unknown> = t.partial({ offset: CountParam, limit: CountParam });

/** The part of a list that was asked for, and the number of all that matched. */
export function pageOf<T>(
  items: readonly T[],
  paging: PagingParams,
): { readonly items: readonly T[]; readonly reply: { readonly total_count: number } } {
  const { offset = 0, limit = DEFAULT_PAGE_ITEMS } = paging;
  return { items: items.slice(offset, offset + Math.min(limit, MAX_PAGE_ITEMS)), reply: { total_count: items.length } };
}
