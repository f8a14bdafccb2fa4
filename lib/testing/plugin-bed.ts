import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { type AnyResult, type CniCommand, type CniVersion, isJsonObject, type JsonObject } from '../cni/index.js';

/** A place to try a plugin in, made for one test. */
export interface PluginBed {
  /** Makes a network namespace as `ip netns add` does, and gives its path. */
  createNamespace(): Promise<string>;
  /** Takes it away again. */
  removeNamespace(path: string): Promise<void>;
  /** The plugin's configuration, without `cniVersion`, `name` and `type`. */
  readonly config: JsonObject;
  /** CNI_PATH: where the plugin finds those that it delegates to. */
  readonly path: string;
  /** Makes sure that ADD did what it says. Throws when it did not. */
  verifyAdded?(netns: string, ifname: string, result: AnyResult): Promise<void>;
  /** Makes sure that nothing of an attachment is left. Throws when something is. */
  verifyRemoved?(netns: string, ifname: string): Promise<void>;
  /** Takes everything down. */
  teardown(): Promise<void>;
}

/** What `describePlugin` takes. */
export interface PluginSuiteOptions {
  /** Of the plugin, for the titles. */
  readonly name: string;
  /** The test runner's `describe`. */
  readonly describe: (title: string, body: () => void) => unknown;
  /** The test runner's `it`. */
  readonly it: (title: string, body: () => Promise<void>) => unknown;
  /** Path of the executable; a function is asked once, when the first test runs. */
  readonly command: string | (() => Promise<string>);
  /** The spec versions that it supports. */
  readonly versions: readonly CniVersion[];
  /** Makes a place to try it in: called for each test that changes networks. Without it only the protocol is tested. */
  readonly setup?: () => Promise<PluginBed>;
  /** Path of the namespace that the plugin itself runs in. The test that ADD is refused there is defined only with it. */
  readonly ownNamespace?: string;
  /** Breaks what ADD made, so that CHECK must fail. That test is defined only with it. */
  readonly damage?: (netns: string, ifname: string) => Promise<void>;
  /** Name of the interface to ask for; default `eth0`. */
  readonly ifname?: string;
  /** How long one command may take, in milliseconds, before it counts as hanging; default 30,000. */
  readonly limitMs?: number;
}

/** How a command of a plugin ended. @internal */
export interface PluginEnd {
  /** Exit code; undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  /** Standard output. */
  readonly stdout: string;
  /** Standard error. */
  readonly stderr: string;
}

/** A command to run. @internal */
export interface PluginCommand {
  /** The variables of the protocol; those with undefined are left out. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Standard input; undefined leaves it open for ever. */
  readonly stdin: string | undefined;
}

/** Runs commands of the plugin under test. @internal */
export type RunPlugin = (command: PluginCommand) => Promise<PluginEnd>;

async function finish(child: ChildProcess, limitMs: number): Promise<PluginEnd> {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      texts[name] += chunk;
    });
  }
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise<PluginEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ exitCode: code ?? undefined, ...texts }));
    timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      reject(new Error(`it took more than ${limitMs} ms; it had said: ${texts.stdout}${texts.stderr}`));
    }, limitMs);
  });
  try {
    return await ended;
  } finally {
    clearTimeout(timer);
    for (const stream of child.stdio) stream?.destroy();
  }
}

/** Makes a {@link RunPlugin}. @internal */
export function createRun(options: PluginSuiteOptions): RunPlugin {
  let asked: Promise<string> | undefined;
  const find = async (): Promise<string> => (typeof options.command === 'string' ? options.command : options.command());
  return async ({ env, stdin }) => {
    asked ??= find();
    const command = await asked;
    const variables = Object.fromEntries(Object.entries({ ...process.env, ...env }).filter(([, value]) => value !== undefined));
    const child = spawn(command, [], { env: variables, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    child.stdin.on('error', () => undefined);
    if (stdin !== undefined) child.stdin.end(stdin);
    return finish(child, options.limitMs ?? 30_000);
  };
}

/** An error object as a plugin printed it. @internal */
export interface PrintedError {
  /** The number. */
  readonly code: number;
  /** The message. */
  readonly msg: string;
}

function parseDocument(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    assert.fail(`standard output must be one JSON document, not: ${text}`);
  }
}

/** Expects a command to have failed as the protocol wants: exit code not 0, one error object on standard output. @internal */
export function assertFailed(end: PluginEnd, ...codes: readonly number[]): PrintedError {
  assert.notEqual(end.exitCode, 0, `a failure must not exit with 0; it said: ${end.stdout}`);
  assert.notEqual(end.exitCode, undefined, `a failure must be answered, not end by a signal; it said: ${end.stderr}`);
  const document = parseDocument(end.stdout);
  assert.ok(isJsonObject(document), 'the error must be an object');
  const { code, msg } = document;
  assert.ok(typeof code === 'number' && Number.isInteger(code), `the error must have a number as its code: ${end.stdout}`);
  assert.ok(typeof msg === 'string' && msg !== '', `the error must have a message: ${end.stdout}`);
  if (codes.length > 0) assert.ok(codes.includes(code), `code ${codes.join(' or ')} was expected, not ${code}: ${msg}`);
  return { code, msg };
}

/** Expects a command to have succeeded without a word on standard output. @internal */
export function assertSilent(end: PluginEnd): void {
  assert.equal(end.exitCode, 0, `it was to succeed; it said: ${end.stdout}${end.stderr}`);
  assert.equal(end.stdout.trim(), '', 'nothing belongs on standard output');
}

/** The variables of a command. @internal */
export function variables(
  command: CniCommand,
  more: Readonly<Record<string, string | undefined>> = {},
): Readonly<Record<string, string | undefined>> {
  return {
    CNI_COMMAND: command,
    CNI_CONTAINERID: 'suite',
    CNI_NETNS: '/run/netns/there-is-no-such-namespace',
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
    CNI_ARGS: undefined,
    CNI_NETNS_OVERRIDE: undefined,
    ...more,
  };
}
