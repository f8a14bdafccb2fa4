import * as E from 'fp-ts/lib/Either.js';
import { formatIp, parseIp } from '../address.js';
import { CniError, cniCodes } from './error.js';

/** Reads the value of one argument: its value (undefined counts as absent), or why it is none, in words without the pair. */
export type ArgParser<A> = (text: string) => E.Either<string, A | undefined>;

/** Any text, also the empty one. */
export const textArg: ArgParser<string> = E.right;

/** `1` and `true`, `0` and `false`, in any letter case. */
export const booleanArg: ArgParser<boolean> = (text) => {
  const folded = text.toLowerCase();
  if (folded === '1' || folded === 'true') return E.right(true);
  if (folded === '0' || folded === 'false') return E.right(false);
  return E.left(`boolean unmarshal error: invalid input ${folded}`);
};

/** An address without prefix length, in canonical form. The empty text counts as absent. */
export const addressArg: ArgParser<string> = (text) => {
  if (text === '') return E.right(undefined);
  const ip = parseIp(text);
  return ip === undefined ? E.left(`invalid IP address: ${text}`) : E.right(formatIp(ip));
};

/** The arguments that a plugin knows, by name. Names are case-sensitive. */
export type ArgSchema = Readonly<Record<string, ArgParser<unknown>>>;

/** The values of the arguments that were given. */
export type ArgValues<S extends ArgSchema> = {
  readonly [K in keyof S]?: S[K] extends ArgParser<infer A> ? A : never;
} & {
  /** Whether arguments that the plugin does not know are allowed, if the runtime said so. */
  readonly IgnoreUnknown?: boolean;
};

/**
 * What the runtimes of Kubernetes send beside IgnoreUnknown (containerd and CRI-O all four, podman the name alone).
 * A plugin whose schema lacks these is refused where a runtime leaves IgnoreUnknown out.
 */
export const kubernetesArgs = {
  /** Namespace of the pod. */
  K8S_POD_NAMESPACE: textArg,
  /** Name of the pod. */
  K8S_POD_NAME: textArg,
  /** Id of the sandbox. */
  K8S_POD_INFRA_CONTAINER_ID: textArg,
  /** Uid of the pod. */
  K8S_POD_UID: textArg,
} as const satisfies ArgSchema;

/** What {@link parseCniArgs} takes beside text and schema. */
export interface ParseArgsOptions {
  /** Allows unknown arguments whatever the runtime says. */
  readonly ignoreUnknown?: boolean;
}

/**
 * Reads CNI_ARGS: pairs `K=V` between semicolons. Nothing is escaped, so that a value holds neither `;` nor `=`;
 * keys are case-sensitive and not trimmed; of repeated keys the last wins. Rules and words are those of the reference.
 * @returns the values, or a {@link CniError} 4
 * @throws TypeError when an entry of the schema is no parser
 */
export function parseCniArgs<S extends ArgSchema>(
  text: string,
  schema: S,
  options: ParseArgsOptions = {},
): E.Either<CniError, ArgValues<S>> {
  const fail = (message: string): E.Either<CniError, never> => E.left(new CniError(cniCodes.invalidEnvironment, `ARGS: ${message}`));
  const parsers: ArgSchema = { ...schema, IgnoreUnknown: booleanArg };
  const values = new Map<string, unknown>();
  const unknown: string[] = [];
  for (const pair of text === '' ? [] : text.split(';')) {
    const [key = '', value, ...rest] = pair.split('=');
    if (value === undefined || rest.length > 0) return fail(`invalid pair ${JSON.stringify(pair)}`);
    if (!Object.hasOwn(parsers, key)) {
      unknown.push(JSON.stringify(pair));
      continue;
    }
    const parser: unknown = parsers[key];
    if (typeof parser !== 'function') throw new TypeError(`ARGS: cannot unmarshal into field '${key}': its schema entry is no parser`);
    const parsed = (parser as ArgParser<unknown>)(value);
    if (E.isLeft(parsed)) return fail(`error parsing value of pair ${JSON.stringify(pair)}: ${parsed.left}`);
    if (parsed.right === undefined) values.delete(key);
    else values.set(key, parsed.right);
  }
  const lenient = options.ignoreUnknown === true || values.get('IgnoreUnknown') === true;
  if (unknown.length > 0 && !lenient) return fail(`unknown args [${unknown.join(' ')}]`);
  // Each value came out of the parser that the schema has for its key: the compiler cannot follow that through the map.
  return E.right(Object.fromEntries(values) as ArgValues<S>);
}
