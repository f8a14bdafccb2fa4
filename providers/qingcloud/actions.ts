import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import type { Clock } from '../../lib/clock.js';
import { decode } from '../../lib/codec.js';
import { isNicError, type NicErrorCode, ProviderError } from '../../lib/errors.js';
import type { Logger } from '../../lib/log.js';
import type { ApiClient, ApiReply, ApiRequest } from './client.js';
import { toResponseError } from './errors.js';
import { PAGE_SIZE, readPages } from './paging.js';
import { withRetries } from './retry.js';
import { listOf, PageCodec } from './wire.js';

/** What {@link Actions} needs. */
export interface ActionsOptions {
  /** Sends each attempt. */
  readonly client: ApiClient;
  /** Waits between attempts. */
  readonly clock: Clock;
  /** Spreads repeated requests; numbers from 0 up to 1. */
  readonly random: () => number;
  /** How many attempts may follow the first. */
  readonly retries: number;
  /** Hears what is done. */
  readonly log: Logger;
}

/** Says more about a refusal than its code does; gives the same error when there is nothing to add. */
export type Explain = (refused: ProviderError) => Promise<ProviderError>;

/** Which list an action gives. */
export interface ListShape<A> {
  /** The action. */
  readonly action: string;
  /** Where the list is in its reply. */
  readonly key: string;
  /** One item. */
  readonly item: t.Type<A, unknown>;
  /** Tells items apart. */
  readonly idOf: (item: A) => string;
}

/** Calls actions of the API: repeats what may be repeated, reads whole lists, decodes replies. */
export class Actions {
  readonly #options: ActionsOptions;

  constructor(options: ActionsOptions) {
    this.#options = options;
  }

  /**
   * Calls an action, several times where that does no harm.
   * @param explain asked about each refusal, before it is decided whether to call again
   */
  call(request: ApiRequest, signal: AbortSignal | undefined, explain?: Explain): Promise<ApiReply> {
    return withRetries(request, this.#options, signal, () => this.once(request, signal, explain));
  }

  /** Calls an action once. */
  async once(request: ApiRequest, signal: AbortSignal | undefined, explain?: Explain): Promise<ApiReply> {
    try {
      return await this.#options.client.send(request, signal);
    } catch (error) {
      if (explain === undefined || !(error instanceof ProviderError) || error.outcome !== 'refused') throw error;
      throw await explain(error);
    }
  }

  /** Decodes a reply. @throws ProviderError `ERR_RESPONSE` that names each wrong field, and shows no value */
  decode<A>(action: string, codec: t.Decoder<unknown, A>, reply: unknown): A {
    const decoded = decode(codec, reply, `${action} reply`);
    if (E.isLeft(decoded)) throw toResponseError(action, decoded.left.message, false);
    return decoded.right;
  }

  /** All pages of a list. */
  list<A>({ action, key, item, idOf }: ListShape<A>, values: ApiRequest['values'], signal: AbortSignal | undefined): Promise<readonly A[]> {
    const codec = t.intersection([PageCodec, t.type({ [key]: listOf(item) })]);
    return readPages(action, this.#options.log, idOf, async (offset) => {
      const request: ApiRequest = { action, kind: 'read', values: { ...values, offset, limit: PAGE_SIZE } };
      const reply = await this.call(request, signal);
      const page = this.decode(action, codec, { ...reply, [key]: reply[key] ?? [] });
      return { items: page[key] ?? [], total: page.total_count };
    });
  }

  /** How many items a list has, without reading it; undefined when the service does not tell. */
  async count(
    { action }: Pick<ListShape<unknown>, 'action'>,
    values: ApiRequest['values'],
    signal: AbortSignal | undefined,
  ): Promise<number | undefined> {
    const reply = await this.call({ action, kind: 'read', values: { ...values, offset: 0, limit: 1 } }, signal);
    return this.decode(action, PageCodec, reply).total_count;
  }

  /**
   * Asks for many ids, a page's worth at a time. The service may answer an unknown id by an error for the whole call:
   * then each is asked for alone, and the unknown ones are left out.
   * @param absent codes that such an error has
   */
  async each<A>(
    ids: readonly string[],
    absent: readonly NicErrorCode[],
    read: (some: readonly string[]) => Promise<readonly A[]>,
  ): Promise<readonly A[]> {
    const found: A[] = [];
    for (let start = 0; start < ids.length; start += PAGE_SIZE) {
      const some = ids.slice(start, start + PAGE_SIZE);
      try {
        found.push(...(await read(some)));
      } catch (error) {
        if (!isNicError(error, ...absent)) throw error;
        if (some.length === 1) continue;
        for (const id of some) found.push(...(await this.each([id], absent, read)));
      }
    }
    return found;
  }
}
