import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { DecodeError, type DecodeIssue } from './errors.js';

type Context = t.ValidationError['context'];

function tagOf(type: t.Decoder<unknown, unknown>): string | undefined {
  return '_tag' in type && typeof type._tag === 'string' ? type._tag : undefined;
}

/** Keys and indexes of a place in a document. Members of unions and intersections are io-ts's own numbering, not part of the document. */
function formatPath(context: Context): string {
  let path = '';
  for (let i = 1; i < context.length; i++) {
    const parent = context[i - 1];
    const entry = context[i];
    if (parent === undefined || entry === undefined) continue;
    const tag = tagOf(parent.type);
    if (tag === 'IntersectionType' || tag === 'UnionType') continue;
    if (tag === 'ArrayType' || tag === 'ReadonlyArrayType') path += `[${entry.key}]`;
    else path += path === '' ? entry.key : `.${entry.key}`;
  }
  return path;
}

/** Only paths and codec names: io-ts's own reporter prints the rejected value, which may be a secret. */
function toIssues(errors: t.Errors): DecodeIssue[] {
  const issues = new Map<string, string[]>();
  for (const error of errors) {
    const path = formatPath(error.context);
    const expected = error.context.at(-1)?.type.name ?? 'something else';
    const known = issues.get(path) ?? [];
    if (!known.includes(expected)) known.push(expected);
    issues.set(path, known);
  }
  return [...issues].map(([path, expected]) => ({ path, expected: expected.join(' or ') }));
}

/**
 * Decodes something from outside.
 * @param what what it is, for the message: "network configuration", "DescribeNics reply"
 * @returns the value, or a {@link DecodeError} that names each wrong place and never shows a value
 */
export function decode<A>(codec: t.Decoder<unknown, A>, value: unknown, what: string): E.Either<DecodeError, A> {
  const result = codec.decode(value);
  return E.isLeft(result) ? E.left(new DecodeError(what, toIssues(result.left))) : E.right(result.right);
}

/** The one bridge from pure validation to exceptions: gives the right side, throws the left one. */
export function orThrow<A>(result: E.Either<Error, A>): A {
  if (E.isLeft(result)) throw result.left;
  return result.right;
}

/** Makes a codec of a test, with the words that its failures are reported in. */
export function refine<A>(base: t.Type<A, unknown>, expected: string, accept: (value: A) => boolean): t.Type<A, unknown> {
  return new t.Type<A, unknown>(
    expected,
    (value): value is A => base.is(value) && accept(value),
    (value, context) => {
      const result = base.validate(value, context);
      if (E.isLeft(result)) return t.failure(value, context);
      return accept(result.right) ? result : t.failure(value, context);
    },
    t.identity,
  );
}

/** A text that is not empty. */
export const NonEmptyTextCodec: t.Type<string, unknown> = refine(t.string, 'a text that is not empty', (value) => value !== '');

/** A whole number that JavaScript holds exactly. */
export const IntegerCodec: t.Type<number, unknown> = refine(t.number, 'a whole number', Number.isSafeInteger);
