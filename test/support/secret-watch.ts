/**
 * A root hook of mocha: fails the test that lets a secret out. It listens to all that this process and its children print, to what is written
 * to files that children leave in temporary folders, and to all errors of the QingCloud client. Loaded by `require` in package.json.
 */
import childProcess, { type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { ApiClient } from '../../providers/qingcloud/client.js';
import { findSecret } from './secrets.js';

const MAX_FILE_BYTES = 2 ** 22;
const leaks: string[] = [];

function look(where: string, data: unknown): void {
  const text = typeof data === 'string' ? data : data instanceof Uint8Array ? Buffer.from(data).toString('latin1') : '';
  const leak = findSecret(text);
  if (leak !== undefined) leaks.push(`${where}: …${leak}…`);
}

/** Replaces a method by one that is told of each call first. */
function before<T extends object, K extends keyof T>(owner: T, name: K, hear: (self: unknown, args: readonly unknown[]) => void): void {
  const original = owner[name] as (...args: unknown[]) => unknown;
  owner[name] = function (this: unknown, ...args: unknown[]) {
    hear(this, args);
    return original.apply(this, args);
  } as T[K];
}

/** A secret may be cut in two by the ends of chunks, so each is looked at with the end of the one before. */
function watchStream(where: string, stream: Readable | null | undefined): void {
  if (stream === null || stream === undefined) return;
  let tail = '';
  before(stream, 'push', (_self, [chunk]) => {
    if (!(chunk instanceof Uint8Array) && typeof chunk !== 'string') return;
    const text = tail + Buffer.from(chunk as Uint8Array).toString('latin1');
    look(where, text);
    tail = text.slice(-200);
    if (findSecret(tail) !== undefined) tail = '';
  });
}

function watchOwnOutput(): void {
  before(process.stdout, 'write', (_self, [chunk]) => look('standard output', chunk));
  before(process.stderr, 'write', (_self, [chunk]) => look('standard error', chunk));
  before(fs, 'writeSync', (_self, [descriptor, data]) => {
    if (descriptor === 1 || descriptor === 2) look(`descriptor ${descriptor}`, data);
  });
}

function watchChildren(): void {
  const { prototype } = childProcess.ChildProcess as unknown as { prototype: { spawn(options: unknown): unknown } };
  const spawn = prototype.spawn;
  prototype.spawn = function (this: ChildProcess, options: unknown) {
    const result = spawn.call(this, options);
    const name = String((options as { args?: readonly string[] }).args?.slice(0, 3).join(' '));
    watchStream(`standard output of ${name}`, this.stdout);
    watchStream(`standard error of ${name}`, this.stderr);
    return result;
  };
  const { spawnSync, execFileSync } = childProcess;
  childProcess.spawnSync = ((...args: Parameters<typeof spawnSync>) => {
    const result = spawnSync(...args);
    look(`standard output of ${args[0]}`, result.stdout);
    look(`standard error of ${args[0]}`, result.stderr);
    return result;
  }) as typeof spawnSync;
  // Its standard error is this process's own by default.
  childProcess.execFileSync = ((...args: Parameters<typeof execFileSync>) => {
    const output = execFileSync(...args);
    look(`standard output of ${args[0]}`, output);
    return output;
  }) as typeof execFileSync;
}

/** Where tsx keeps what it compiled: our own sources, the emulator's example keys in them. */
const COMPILED = /^tsx-\d+$/;
/** Sources, and what strace saw a process send to the cloud. */
const NO_OUTPUT = /\.(js|ts|map|trace)$/;

function lookThrough(path: string): void {
  if (COMPILED.test(basename(path))) return;
  const status = fs.lstatSync(path, { throwIfNoEntry: false });
  if (status?.isDirectory() === true) for (const name of fs.readdirSync(path)) lookThrough(join(path, name));
  else if (status?.isFile() === true && status.size <= MAX_FILE_BYTES && !NO_OUTPUT.test(path)) look(path, fs.readFileSync(path));
}

/** Journals, logs and results are in folders that tests remove in the end. */
function watchFolders(): void {
  const hear = (_self: unknown, [path]: readonly unknown[]): void => {
    if (typeof path === 'string' && path.startsWith(tmpdir())) lookThrough(path);
  };
  before(promises, 'rm', hear);
  before(fs, 'rmSync', hear);
}

function shown(error: unknown): string {
  let text = '';
  for (let inner = error, depth = 0; inner instanceof Error && depth < 10; inner = inner.cause, depth++) {
    text += `${inner.message}\n${inner.stack}\n${JSON.stringify(inner)}\n`;
  }
  return text + inspect(error, { depth: 10, showHidden: true, maxStringLength: null, maxArrayLength: null });
}

function watchErrors(): void {
  const { send } = ApiClient.prototype;
  ApiClient.prototype.send = function (this: ApiClient, ...args: Parameters<ApiClient['send']>) {
    return send.apply(this, args).catch((error: unknown) => {
      look('an error', shown(error));
      throw error;
    });
  };
}

watchOwnOutput();
watchChildren();
watchFolders();
watchErrors();
syncBuiltinESMExports();

function failOnLeak(): void {
  const found = leaks.splice(0);
  if (found.length > 0) throw new Error(`a secret came out:\n${[...new Set(found)].join('\n')}`);
}

/** Mocha's root hooks. A leak fails the test it happened in; one in a hook fails another hook, which ends the whole run. */
export const mochaHooks = {
  beforeEach(this: Mocha.Context): void {
    const test = this.currentTest;
    const body = test?.fn as ((this: Mocha.Context) => unknown) | undefined;
    // One that is repeated has been wrapped before; one that takes a callback tells its end by it.
    if (test === undefined || body === undefined || body.length > 0 || body.name === 'watched') return;
    const watched = async function (this: Mocha.Context): Promise<void> {
      try {
        await body.call(this);
      } catch (error) {
        // It has failed already; the leak is told with it.
        const found = leaks.splice(0);
        throw found.length === 0 ? error : new Error(`a secret came out:\n${found.join('\n')}`, { cause: error });
      }
      failOnLeak();
    };
    test.fn = watched;
  },
  afterEach: failOnLeak,
  afterAll: failOnLeak,
};
