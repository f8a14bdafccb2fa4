import { createHash } from 'node:crypto';
import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { refine } from '../codec.js';

const SealCodec = refine(
  t.type({ digest: t.string, text: t.string }),
  'a text and the digest of it',
  ({ digest, text }) => digest === digestOf(text),
);

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** Writes a value for {@link sealed}. */
export function seal(value: unknown): string {
  const text = JSON.stringify(value);
  return JSON.stringify({ digest: digestOf(text), text });
}

/**
 * Reads what {@link seal} wrote, and nothing that was changed since. For files that only save calls of the cloud: losing one costs a call, where
 * believing a damaged one may refuse every ADD until it is out of date.
 */
export function sealed<A>(codec: t.Type<A, unknown>): t.Type<A, unknown> {
  return new t.Type<A, unknown>(
    codec.name,
    codec.is,
    (value, context) => {
      const outer = SealCodec.validate(value, context);
      if (E.isLeft(outer)) return outer;
      try {
        return codec.validate(JSON.parse(outer.right.text), context);
      } catch {
        return t.failure(value, context, 'sealed by something else');
      }
    },
    t.identity,
  );
}
