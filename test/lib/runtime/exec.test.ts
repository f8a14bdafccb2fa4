import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { createPluginExec, type PluginExecOptions, PluginStoppedError } from '../../../lib/runtime/index.js';
import { ManualClock } from '../../support/manual-clock.js';
import { rejection } from '../../support/rejection.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

const env = { PATH: process.env['PATH'] };

/** Whether a process is there and no zombie. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function untilTrue(what: string, test: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000 && !test(); tries++) await new Promise((resolve) => setTimeout(resolve, 5));
  if (!test()) throw new Error(`never came: ${what}`);
}

describe('createPluginExec()', () => {
  let folder: TemporaryFolder;

  before(async () => {
    folder = await makeTemporaryFolder('exec');
  });

  after(() => folder.remove());

  async function runScript(text: string, options: PluginExecOptions = {}, stdin = '', signal?: AbortSignal) {
    const file = await folder.script('plugin', text);
    return createPluginExec(options).run({ file, env, stdin, ...(signal === undefined ? {} : { signal }) });
  }

  it('gives the input whole, and takes both outputs whole', async () => {
    const stdin = 'ä'.repeat(200_000);
    const end = await runScript('cat; echo said >&2', {}, stdin);
    expect(end).to.deep.equal({ exitCode: 0, ending: 'exit status 0', stdout: stdin, stderr: 'said\n' });
  });

  it('gives the environment as it is, and nothing else', async () => {
    const file = await folder.script('plugin', '/usr/bin/env');
    const { stdout } = await createPluginExec().run({ file, env: { CNI_COMMAND: 'ADD', UNSET: undefined }, stdin: '' });
    expect(stdout.split('\n').filter((line) => !/^(PWD|_|SHLVL|OLDPWD)=/.test(line))).to.deep.equal(['CNI_COMMAND=ADD', '']);
  });

  it('does not mind a plugin that leaves its input unread', async () => {
    const end = await runScript('exit 3', {}, 'x'.repeat(1_000_000));
    expect(end).to.include({ exitCode: 3, ending: 'exit status 3' });
  });

  it('names the signal that ended a plugin', async () => {
    expect(await runScript('kill -SEGV $$')).to.include({ exitCode: undefined, signal: 'SIGSEGV', ending: 'signal: segmentation fault' });
  });

  it('says why a plugin cannot be started', async () => {
    const exec = createPluginExec();
    const plain = await folder.file('plain', 'text');
    for (const [file, reason] of [
      [plain, 'permission denied'],
      [join(folder.path, 'gone'), 'no such file or directory'],
      [join(plain, 'below'), 'not a directory'],
    ] as const) {
      expect(await exec.run({ file, env, stdin: '' })).to.deep.equal({
        exitCode: undefined,
        ending: `fork/exec ${file}: ${reason}`,
        stdout: '',
        stderr: '',
      });
    }
  });

  it('says that a value cannot be handed over, without the value', async () => {
    const { ending } = await createPluginExec().run({ file: '/bin/true', env: { SECRET: 's3cret\0' }, stdin: '' });
    expect(ending).to.match(/^fork\/exec \/bin\/true: /);
    expect(ending).not.to.include('s3cret');
  });

  it('kills the whole process group at the limit, and waits for nobody', async () => {
    const pidFile = join(folder.path, 'pid');
    const limit = new AbortController();
    // The child ignores what can be ignored, and holds both outputs.
    const run = runScript(
      `echo begun; (trap '' TERM HUP INT; echo $$ >&2; exec sleep 1000) & echo $! > ${pidFile}; wait`,
      {},
      '',
      limit.signal,
    );
    run.catch(() => undefined);
    await untilTrue('the grandchild', () => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'));
    const grandchild = Number(readFileSync(pidFile, 'utf8'));
    expect(isAlive(grandchild)).to.equal(true);
    limit.abort(new DOMException('late', 'TimeoutError'));
    const error = await rejection(run, 'ERR_DEADLINE');
    expect(error).to.be.instanceOf(PluginStoppedError);
    expect((error as PluginStoppedError).outcome).to.include({ signal: 'SIGKILL', ending: 'signal: killed', stdout: 'begun\n' });
    await untilTrue('the end of the grandchild', () => !isAlive(grandchild));
  });

  it('stops reading at the limit even when somebody else holds the outputs', async () => {
    const pidFile = join(folder.path, 'daemon');
    const limit = new AbortController();
    // setsid leaves the group, as a daemon does.
    const run = runScript(`setsid sh -c 'echo $$ > ${pidFile}; exec sleep 1000' & exec sleep 1000`, {}, '', limit.signal);
    run.catch(() => undefined);
    await untilTrue('the daemon', () => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'));
    const daemon = Number(readFileSync(pidFile, 'utf8'));
    try {
      limit.abort();
      await rejection(run, 'ERR_CANCELLED');
      expect(isAlive(daemon)).to.equal(true);
    } finally {
      process.kill(daemon, 'SIGKILL');
    }
  });

  it('comes back after the end of a plugin that left a process behind', async () => {
    const clock = new ManualClock();
    const pidFile = join(folder.path, 'left');
    const run = runScript(`setsid sh -c 'exec sleep 1000' & echo $! > ${pidFile}; echo answer`, { clock });
    await clock.sleeping(1);
    try {
      await clock.advance(5000);
      expect(await run).to.include({ exitCode: 0, stdout: 'answer\n' });
    } finally {
      process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
    }
  });

  it('lets a plugin unwind where it is given time for it', async () => {
    const readyFile = join(folder.path, 'ready');
    const limit = new AbortController();
    const text = `trap 'echo unwound; exit 1' TERM; echo > ${readyFile}; while :; do sleep 0.01; done`;
    const run = runScript(text, { graceMs: 10_000 }, '', limit.signal);
    run.catch(() => undefined);
    await untilTrue('the plugin', () => existsSync(readyFile));
    limit.abort();
    const error = await rejection(run, 'ERR_CANCELLED');
    expect((error as PluginStoppedError).outcome).to.include({ exitCode: 1, stdout: 'unwound\n' });
  });

  it('does not start a plugin whose limit is over', async () => {
    const marker = join(folder.path, 'started');
    const error = await rejection(
      runScript(`echo > ${marker}`, {}, '', AbortSignal.abort(new DOMException('', 'TimeoutError'))),
      'ERR_DEADLINE',
    );
    expect((error as PluginStoppedError).outcome.ending).to.equal('context deadline exceeded');
    expect(existsSync(marker)).to.equal(false);
  });

  it('kills a plugin that writes without end', async () => {
    const end = await runScript('exec cat /dev/zero', { maxOutputBytes: 100_000 });
    expect(end.exitCode).to.equal(undefined);
    expect(end.ending).to.equal('killed: it wrote more than 100000 bytes');
  });

  it('tries an executable that is being written again, and fails with that reason in the end', async () => {
    const clock = new ManualClock();
    const file = join(folder.path, 'busy');
    await writeFile(file, readFileSync('/bin/true'));
    await chmod(file, 0o755);
    const writer = openSync(file, 'r+');
    try {
      const run = createPluginExec({ clock }).run({ file, env, stdin: '' });
      for (let wait = 1; wait <= 5; wait++) {
        await clock.sleeping(1);
        await clock.advance(1000);
      }
      expect(await run).to.include({ exitCode: undefined, ending: `fork/exec ${file}: text file busy` });
    } finally {
      closeSync(writer);
    }
  });

  it('succeeds with an executable that is busy only at first', async () => {
    const clock = new ManualClock();
    const file = join(folder.path, 'busy');
    const writer = openSync(file, 'r+');
    const run = createPluginExec({ clock }).run({ file, env, stdin: '' });
    await clock.sleeping(1);
    closeSync(writer);
    await clock.advance(1000);
    expect(await run).to.include({ exitCode: 0 });
  });

  it('gives up waiting for a busy executable at the limit', async () => {
    const clock = new ManualClock();
    const file = join(folder.path, 'busy');
    const writer = openSync(file, 'r+');
    try {
      const limit = new AbortController();
      const run = createPluginExec({ clock }).run({ file, env, stdin: '', signal: limit.signal });
      await clock.sleeping(1);
      limit.abort();
      await rejection(run, 'ERR_CANCELLED');
    } finally {
      closeSync(writer);
    }
  });

  it('finds a plugin in the first folder that has it as a file', async () => {
    const exec = createPluginExec();
    const script = await folder.script('found', 'exit 0');
    expect(await exec.find('found', ['/nowhere', '', folder.path])).to.equal(script);
    await rejection(exec.find(folder.path.split('/').at(-1) ?? '', ['/tmp']), 'ERR_PLUGIN');
  });
});
