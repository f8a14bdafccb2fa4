import { type ChildProcess, execFileSync, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, createReadStream, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type PluginAnswer, type PluginProcess, runPlugin } from '../../../lib/cni/index.js';

const program = fileURLToPath(new URL('../../support/cni-plugin.ts', import.meta.url));
const stdin = JSON.stringify({ cniVersion: '1.0.0', name: 'n1', type: 'x' });
const golden = {
  cniVersion: '1.0.0',
  interfaces: [{ name: 'eth0' }],
  ips: [{ address: '10.0.0.2/24', interface: 0 }],
};

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Started {
  readonly child: ChildProcess;
  /** Resolves once standard error holds the text. */
  waitFor(text: string): Promise<void>;
  readonly ended: Promise<Ended>;
}

const running = new Set<ChildProcess>();

function start(env: Readonly<Record<string, string>>, stdio: StdioOptions = ['pipe', 'pipe', 'pipe']): Started {
  const base = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/none', CNI_IFNAME: 'eth0', CNI_PATH: '/p' };
  const child = spawn(process.execPath, ['--import', 'tsx', program], { stdio, env: { PATH: process.env['PATH'], ...base, ...env } });
  running.add(child);
  let stdout = '';
  let stderr = '';
  const waiting: { text: string; tell: () => void }[] = [];
  child.stdin?.on('error', () => undefined);
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const one of waiting) if (stderr.includes(one.text)) one.tell();
  });
  const ended = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr };
  });
  const waitFor = (text: string): Promise<void> =>
    stderr.includes(text) ? Promise.resolve() : new Promise((tell) => waiting.push({ text, tell }));
  return { child, waitFor, ended };
}

/** Runs ADD in a mode of the program. */
function add(mode: string, config: object = {}): Started {
  const started = start({ CNI_ARGS: `MODE=${mode}` });
  started.child.stdin?.end(JSON.stringify({ ...(JSON.parse(stdin) as object), ...config }));
  return started;
}

/** The one document on standard output; `JSON.parse` refuses a second one. */
function document(ended: Ended): Record<string, unknown> {
  return JSON.parse(ended.stdout) as Record<string, unknown>;
}

describe('runPlugin() as a process', function () {
  this.timeout(60_000);

  afterEach(() => {
    for (const child of running) child.kill('SIGKILL');
  });

  it('prints the result and exits with 0', async () => {
    const ended = await add('result').ended;
    expect([ended.code, ended.stderr]).to.deep.equal([0, '']);
    expect(ended.stdout).to.equal(JSON.stringify(golden, null, 4));
  });

  it('keeps stray output away from the result, and shows it on standard error', async () => {
    const ended = await add('chatty').ended;
    expect(ended.code).to.equal(0);
    expect(document(ended)).to.deep.equal(golden);
    for (const what of ['log', 'info', 'debug', 'table', 'group', 'write', 'end']) {
      expect(ended.stderr, what).to.match(new RegExp(what === 'table' ? 'stray.*\\n.*\\n.*table' : `stray ${what}`));
    }
  });

  it('prints nothing for a DEL that printed to the console', async () => {
    const started = start({ CNI_COMMAND: 'DEL' });
    started.child.stdin?.end(stdin);
    expect(await started.ended).to.include({ code: 0, stdout: '', stderr: 'stray\n' });
  });

  for (const [mode, code, msg] of [
    ['reject', 999, 'plain failure'],
    ['callback', 999, 'uncaught error in the plugin: thrown in a callback'],
    ['unhandled', 999, 'uncaught error in the plugin: nobody awaits this'],
    ['fatal', 999, 'uncaught error in the plugin: undefined'],
  ] as const) {
    it(`answers one error object in the configuration's version for mode ${mode}`, async () => {
      const ended = await add(mode).ended;
      expect(ended.code).to.equal(1);
      expect(document(ended)).to.deep.equal({ cniVersion: '1.0.0', code, msg });
    });
  }

  for (const mode of ['exit', 'idle']) {
    it(`answers when the process ends without an answer (${mode})`, async () => {
      const ended = await add(mode).ended;
      expect(ended.code).to.equal(1);
      expect(document(ended)).to.include({ code: 999, msg: 'the plugin ended before it answered' });
    });
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`lets the handler unwind on ${signal}`, async () => {
      const started = add('unwind');
      await started.waitFor('ready');
      started.child.kill(signal);
      const ended = await started.ended;
      expect(ended).to.include({ code: 1, stderr: 'ready\nunwound\n' });
      expect(document(ended)).to.deep.equal({ cniVersion: '1.0.0', code: 11, msg: 'one NIC is left to detach' });
    });
  }

  it('answers by itself when the handler ignores SIGTERM', async () => {
    const started = add('stubborn');
    await started.waitFor('ready');
    started.child.kill('SIGTERM');
    const ended = await started.ended;
    expect(ended.code).to.equal(1);
    expect(document(ended)).to.deep.equal({
      cniVersion: '1.0.0',
      code: 11,
      msg: 'the plugin was stopped by SIGTERM',
      details: 'it did not come back within 50 ms and may have left work behind',
    });
  });

  it('answers by itself after the deadline', async () => {
    const ended = await add('overdue', { deadlineMs: 20 }).ended;
    expect(ended.code).to.equal(1);
    expect(document(ended)).to.include({ code: 11, msg: 'ADD: the deadline of 20 ms has passed' });
  });

  it('writes a large result to the last byte, however slowly it is read', async () => {
    const started = add('large');
    started.child.stdout?.pause();
    started.child.stderr?.resume();
    // The pipe is full before the plugin is done: it has to wait for a reader.
    await once(started.child.stdin as NodeJS.EventEmitter, 'close');
    started.child.stdout?.resume();
    const ended = await started.ended;
    expect(ended.code).to.equal(0);
    expect(document(ended)['ips']).to.have.length(20_000);
  });

  it('ends when nobody reads its answer', async () => {
    const started = start({ CNI_ARGS: 'MODE=large' });
    started.child.stdout?.destroy();
    started.child.stdin?.end(stdin);
    expect(await started.ended).to.include({ code: 0, stderr: 'ready\nthe answer could not be written to standard output\n' });
  });

  it('ends by itself when a signal comes after its answer, so that what it did is not taken for failed', async () => {
    for (let i = 0; i < 5; i++) {
      const { child, ended } = add('result');
      child.stdout?.once('data', () => child.kill(i % 2 === 0 ? 'SIGTERM' : 'SIGINT'));
      expect(await ended, `round ${i}`).to.include({ code: 0, signal: null });
    }
  });

  it('can be ended by a signal while it writes to someone who does not read', async () => {
    const started = add('large');
    started.child.stdout?.pause();
    await started.waitFor('ready');
    // The first one may come while the handler still runs: the command ends by itself then and begins to write.
    const again = setInterval(() => started.child.kill('SIGTERM'), 20);
    const [, signal] = (await once(started.child, 'exit')) as [number | null, string | null];
    clearInterval(again);
    expect(signal).to.equal('SIGTERM');
  });

  it('answers VERSION while standard input stays open', async () => {
    const started = start({ CNI_COMMAND: 'VERSION' });
    const ended = await started.ended;
    expect(ended.code).to.equal(0);
    expect(document(ended)['cniVersion']).to.equal('1.1.0');
    expect(ended.stdout).to.match(/^[^\n]*\n$/);
  });

  it('says on standard error what it is when started by hand', async () => {
    const started = start({ CNI_COMMAND: '' });
    expect(await started.ended).to.include({
      code: 0,
      stdout: '',
      stderr: 'CNI plugin for tests\nCNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0\n',
    });
  });

  it('answers code 6 for no input and code 5 for one that cannot be read', async () => {
    const none = await start({}, ['ignore', 'pipe', 'pipe']).ended;
    expect(document(none)).to.include({ code: 6, msg: 'error unmarshall network config: it is empty' });
    const folder = openSync('/', constants.O_RDONLY);
    const unreadable = await start({}, [folder, 'pipe', 'pipe']).ended.finally(() => closeSync(folder));
    expect(document(unreadable)).to.include({ code: 5, msg: 'error reading from stdin: descriptor 0: EISDIR' });
  });

  it('answers code 6 for more input than it takes, without reading on', async () => {
    const started = start({});
    started.child.stdin?.end(Buffer.alloc(64 * 1024 * 1024, ' '));
    const ended = await started.ended;
    expect(document(ended)).to.include({ code: 6, msg: 'error unmarshall network config: it is larger than 1048576 bytes' });
  });

  it('waits for a slow reader of a non-blocking pipe', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cni-stdout-'));
    try {
      const fifo = join(folder, 'stdout');
      execFileSync('mkfifo', [fifo]);
      // Read and write, so that neither end waits for the other to be opened.
      const writer = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
      const started = start({ CNI_ARGS: 'MODE=large' }, ['pipe', writer, 'pipe']);
      const reader = createReadStream(fifo);
      await once(reader, 'open');
      closeSync(writer);
      started.child.stdin?.end(stdin);
      let stdout = '';
      for await (const chunk of reader.setEncoding('utf8')) stdout += String(chunk);
      expect(await started.ended).to.include({ code: 0, stderr: 'ready\n' });
      expect(document({ ...(await started.ended), stdout })['ips']).to.have.length(20_000);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('refuses its own namespace and passes over a path that is none', async () => {
    const own = start({ CNI_ARGS: 'MODE=result', CNI_NETNS: '/proc/self/ns/net' });
    own.child.stdin?.end(stdin);
    expect(document(await own.ended)).to.include({ code: 8 });
    const named = start({ CNI_ARGS: 'MODE=result', CNI_NETNS: `/proc/${process.pid}/ns/net` });
    named.child.stdin?.end(stdin);
    expect(document(await named.ended)).to.include({ code: 8 });
    const none = start({ CNI_ARGS: 'MODE=result', CNI_NETNS: '/dev/null' });
    none.child.stdin?.end(stdin);
    expect(document(await none.ended)).to.deep.equal(golden);
  });
});

describe('runPlugin()', () => {
  const runOn = async (env: Readonly<Record<string, string>>): Promise<{ calls: string[]; answer: PluginAnswer | undefined }> => {
    const calls: string[] = [];
    let answer: PluginAnswer | undefined;
    const host: PluginProcess = {
      env,
      async readStdin(maxBytes) {
        calls.push(`readStdin ${maxBytes}`);
        return new TextEncoder().encode(stdin);
      },
      isOwnNamespace: () => false,
      guard: () => calls.push('guard'),
      onSignal: () => calls.push('onSignal'),
      answer(given) {
        calls.push('answer');
        answer = given;
      },
    };
    await runPlugin({ versions: ['1.0.0'], status: async () => undefined }, host);
    return { calls, answer };
  };

  it('heeds signals only once the input was read, so that they end a process that waits for it', async () => {
    const { calls, answer } = await runOn({ CNI_COMMAND: 'DEL', CNI_CONTAINERID: 'c1', CNI_IFNAME: 'eth0', CNI_PATH: '/p' });
    expect(calls).to.deep.equal(['guard', 'readStdin 1048576', 'onSignal', 'answer']);
    expect(answer).to.deep.equal({ exitCode: 0, stdout: '', stderr: '' });
  });

  it('answers VERSION without reading anything', async () => {
    const { calls, answer } = await runOn({ CNI_COMMAND: 'VERSION' });
    expect(calls).to.deep.equal(['guard', 'answer']);
    expect(answer?.stdout).to.equal('{"cniVersion":"1.1.0","supportedVersions":["1.0.0"]}\n');
  });
});
