import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { refine } from '../codec.js';
import { foldKey, isJsonObject } from './json.js';

/** One codec per key. It gets undefined when the key is absent or null, and may answer undefined to leave the key out. */
export type Fields<T> = { readonly [K in keyof T]-?: t.Type<T[K], unknown> };

/**
 * A codec of an object, with the reading rules of Go's decoder that the runtimes of CNI rely on: keys match without regard to case,
 * of repeated ones the last wins, null means absent, unknown keys are dropped.
 * @param name what it is in words, for messages: `an object` or narrower
 */
export function caseless<T extends object>(name: string, fields: Fields<T>): t.Type<T, unknown> {
  const entries = Object.entries(fields) as [string, t.Type<unknown, unknown>][];
  const nameByFold = new Map(entries.map(([key]) => [foldKey(key), key]));
  const is = (value: unknown): value is T =>
    isJsonObject(value) && entries.every(([key, codec]) => codec.is(Object.hasOwn(value, key) ? value[key] : undefined));
  const validate: t.Validate<unknown, T> = (value, context) => {
    if (!isJsonObject(value)) return t.failure(value, context);
    const found = new Map<string, unknown>();
    for (const [key, item] of Object.entries(value)) {
      const known = nameByFold.get(foldKey(key));
      if (known !== undefined && item !== null) found.set(known, item);
    }
    const errors: t.ValidationError[] = [];
    const decoded: Record<string, unknown> = {};
    for (const [key, codec] of entries) {
      const item = codec.validate(found.get(key), t.appendContext(context, key, codec, found.get(key)));
      if (E.isLeft(item)) errors.push(...item.left);
      else if (item.right !== undefined) decoded[key] = item.right;
    }
    // Every field of T went through its codec: the compiler cannot follow that through a loop over keys.
    return errors.length > 0 ? t.failures(errors) : t.success(decoded as T);
  };
  return new t.Type<T, unknown>(name, is, validate, t.identity);
}

/** Makes a codec that stands for another one, with its name, and its tag: the tag of a list is what makes the reporter write `[0]`. */
function inPlaceOf<A, B>(codec: t.Type<A, unknown>, is: t.Is<B>, validate: t.Validate<unknown, B>): t.Type<B, unknown> {
  const wrapped = new t.Type<B, unknown>(codec.name, is, validate, t.identity);
  return '_tag' in codec ? Object.assign(wrapped, { _tag: codec._tag }) : wrapped;
}

/** A value that may be absent. */
export function optional<A>(codec: t.Type<A, unknown>): t.Type<A | undefined, unknown> {
  return inPlaceOf(
    codec,
    (value): value is A | undefined => value === undefined || codec.is(value),
    (value, context) => (value === undefined ? t.success(undefined) : codec.validate(value, context)),
  );
}

/** A value that counts as absent when it is empty: `unset` says which. For what the reference leaves out when printing. */
export function unlessEmpty<A>(codec: t.Type<A, unknown>, unset: (value: A) => boolean): t.Type<A | undefined, unknown> {
  const base = optional(codec);
  return inPlaceOf(base, base.is, (value, context) => {
    const result = base.validate(value, context);
    return E.isRight(result) && result.right !== undefined && unset(result.right) ? t.success(undefined) : result;
  });
}

/** A list; absent means empty. An entry that is null is refused, where the reference crashes on it later. */
export function listOf<A>(item: t.Type<A, unknown>): t.Type<readonly A[], unknown> {
  const list = t.readonlyArray(item, 'a list');
  return inPlaceOf<readonly A[], readonly A[]>(list, list.is, (value, context) =>
    value === undefined ? t.success([]) : list.validate(value, context),
  );
}

const TextCodec: t.Type<string, unknown> = refine(t.string, 'a text', () => true);

/** A text; absent means empty. */
export const TextOrEmptyCodec: t.Type<string, unknown> = new t.Type<string, unknown>(
  'a text',
  TextCodec.is,
  (value, context) => (value === undefined ? t.success('') : TextCodec.validate(value, context)),
  t.identity,
);

/** A text; absent and empty are the same. */
export const OptionalTextCodec: t.Type<string | undefined, unknown> = unlessEmpty(TextCodec, (value) => value === '');

/** A list of texts; absent and empty are the same. */
export const OptionalTextsCodec: t.Type<readonly string[] | undefined, unknown> = unlessEmpty(
  listOf(TextCodec),
  (value) => value.length === 0,
);
