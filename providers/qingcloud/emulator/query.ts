import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decode } from '../../../lib/codec.js';
import { type ApiError, malformed } from './api-error.js';

/** Parameters by name: texts, and lists of what came as `name.1`, `name.2`, … in the order of their numbers. */
export type QueryObject = Readonly<Record<string, string | readonly string[]>>;

/**
 * Reads a query or a form body into its parameters as they were sent, each with its full name.
 * `+` is a blank, as form decoding has it: a client that signed it as such does not pass.
 */
export function parseQuery(text: string): E.Either<ApiError, Readonly<Record<string, string>>> {
  const params: Record<string, string> = Object.create(null);
  for (const piece of text.split('&')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const rawName = equals < 0 ? piece : piece.slice(0, equals);
    const rawValue = equals < 0 ? '' : piece.slice(equals + 1);
    try {
      const name = decodeURIComponent(rawName.replaceAll('+', ' '));
      if (name in params) return E.left(malformed(`parameter [${name}] is given twice`));
      params[name] = decodeURIComponent(rawValue.replaceAll('+', ' '));
    } catch {
      return E.left(malformed('the query is not percent-encoded UTF-8'));
    }
  }
  return E.right(params);
}

/** Gathers numbered parameters into lists. Any numbers will do, as in the real service: some clients count from 0. */
export function toQueryObject(params: Readonly<Record<string, string>>): QueryObject {
  const result: Record<string, string | string[]> = Object.create(null);
  const lists = new Map<string, [number, string][]>();
  for (const [name, value] of Object.entries(params)) {
    const match = /^(.+)\.([0-9]{1,6})$/.exec(name);
    if (match === null) result[name] = value;
    else lists.set(match[1] ?? '', [...(lists.get(match[1] ?? '') ?? []), [Number(match[2]), value]]);
  }
  for (const [name, entries] of lists) result[name] = entries.sort((a, b) => a[0] - b[0]).map((entry) => entry[1]);
  return result;
}

/** Decodes the parameters of an action; what does not fit is 1100 with the names of the parameters. */
export function decodeParams<A>(codec: t.Decoder<unknown, A>, query: QueryObject): E.Either<ApiError, A> {
  const result = decode(codec, query, 'query');
  if (E.isRight(result)) return result;
  const wrong = result.left.issues.map((issue) => `parameter [${issue.path}] must be ${issue.expected}`);
  return E.left(malformed(wrong.join('; ')));
}

function fromText<A>(expected: string, is: (value: unknown) => value is A, parse: (value: unknown) => A | undefined): t.Type<A, unknown> {
  return new t.Type<A, unknown>(
    expected,
    is,
    (value, context) => {
      const parsed = parse(value);
      return parsed === undefined ? t.failure(value, context) : t.success(parsed);
    },
    t.identity,
  );
}

const isList = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every((item) => typeof item === 'string');
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);

function parseInteger(value: unknown): number | undefined {
  return typeof value === 'string' && /^-?[0-9]{1,9}$/.test(value) ? Number(value) : undefined;
}

/** A text that is not empty. */
export const TextParam: t.Type<string, unknown> = fromText(
  'a text',
  (value) => typeof value === 'string',
  (value) => (typeof value === 'string' && value !== '' ? value : undefined),
);

/** Any text; an empty one counts. */
export const AnyTextParam: t.Type<string, unknown> = t.string;

/** A list `name.1`, `name.2`, … without empty texts. */
export const ListParam: t.Type<readonly string[], unknown> = fromText('a numbered list of texts', isList, (value) =>
  isList(value) && value.length > 0 && value.every((item) => item !== '') ? value : undefined,
);

/** One of some texts. */
export function oneOfParam<T extends string>(...values: readonly [T, ...T[]]): t.Type<T, unknown> {
  const parse = (value: unknown): T | undefined => values.find((one) => one === value);
  return fromText(
    values.length === 1 ? values[0] : `one of ${values.join(', ')}`,
    (value): value is T => parse(value) !== undefined,
    parse,
  );
}

/** Some of some texts, as a list or a single one: clients disagree for `status` and `vxnet_type`. */
export function someOfParam<T extends string>(...values: readonly [T, ...T[]]): t.Type<readonly T[], unknown> {
  const one = oneOfParam(...values);
  const isSome = (value: unknown): value is readonly T[] => Array.isArray(value) && value.length > 0 && value.every(one.is);
  return fromText(one.name, isSome, (value) => {
    const list: unknown = typeof value === 'string' ? [value] : value;
    return isSome(list) ? list : undefined;
  });
}

/** A whole number in decimal. */
export const IntegerParam: t.Type<number, unknown> = fromText('a whole number', isInteger, parseInteger);

/** A whole number that is not negative. */
export const CountParam: t.Type<number, unknown> = fromText('a whole number, 0 or more', isInteger, (value) => {
  const parsed = parseInteger(value);
  return parsed !== undefined && parsed >= 0 ? parsed : undefined;
});

/** 0 or 1. */
export const FlagParam: t.Type<boolean, unknown> = fromText(
  '0 or 1',
  (value) => typeof value === 'boolean',
  (value) => (value === '1' ? true : value === '0' ? false : undefined),
);
