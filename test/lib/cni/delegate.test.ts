import { expect } from 'chai';
import * as E from 'fp-ts/lib/Either.js';
import {
  createDelegate,
  createNetworkConfig,
  type Delegate,
  type PluginExec,
  type PluginOutcome,
  type PluginRequest,
  type PluginRun,
  readOutcome,
} from '../../../lib/cni/index.js';

const ok = (stdout = ''): PluginOutcome => ({ exitCode: 0, ending: 'exit status 0', stdout, stderr: '' });
const failed = (error: object, stderr = ''): PluginOutcome => ({
  exitCode: 1,
  ending: 'exit status 1',
  stdout: JSON.stringify(error),
  stderr,
});

/** Says what the executor was asked, and answers from a list. */
class RecordingExec implements PluginExec {
  readonly finds: [string, readonly string[]][] = [];
  readonly runs: PluginRun[] = [];
  readonly #outcomes: PluginOutcome[];

  constructor(...outcomes: PluginOutcome[]) {
    this.#outcomes = outcomes;
  }

  async find(type: string, folders: readonly string[]): Promise<string> {
    this.finds.push([type, folders]);
    return `/opt/cni/bin/${type}`;
  }

  async run(run: PluginRun): Promise<PluginOutcome> {
    this.runs.push(run);
    const outcome = this.#outcomes.shift();
    if (outcome === undefined) throw new Error('one run too many');
    return outcome;
  }
}

const env = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_PATH: '/a::/b', PATH: '/bin' };
const stderr: string[] = [];
const delegateOn = (exec: PluginExec): Delegate => createDelegate({ exec, env, onStderr: (text) => stderr.push(text) });
const request: PluginRequest = {
  command: 'ADD',
  containerId: 'c1',
  netns: '/n',
  ifname: 'eth0',
  args: '',
  path: '/a::/b',
  netnsOverride: false,
  config: createNetworkConfig({ name: 'n1', cniVersion: '0.4.0' }, 'n1', '0.4.0'),
  stdin: '{"name":"n1","cniVersion":"0.4.0"}',
  signal: new AbortController().signal,
};

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('did not reject');
}

describe('createDelegate()', () => {
  it('runs the plugin with the own environment and input, only the command replaced', async () => {
    const exec = new RecordingExec(ok('{"ips":[{"version":"4","address":"10.0.0.2/24"}]}'));
    const result = await delegateOn(exec).add('host-local', request);
    expect(exec.finds).to.deep.equal([['host-local', ['/a', '/b']]]);
    expect(exec.runs).to.deep.equal([
      { file: '/opt/cni/bin/host-local', env: { ...env, CNI_COMMAND: 'ADD' }, stdin: request.stdin, signal: request.signal },
    ]);
    expect(result).to.deep.equal({ cniVersion: '1.1.0', interfaces: [], ips: [{ address: '10.0.0.2/24' }], routes: [] });
  });

  it('sends each of the other commands', async () => {
    const exec = new RecordingExec(ok(), ok(), ok('ignored'), ok());
    const delegate = delegateOn(exec);
    await delegate.del('x', request);
    await delegate.check('x', request);
    await delegate.gc('x', request);
    await delegate.status('x', request);
    expect(exec.runs.map((run) => run.env['CNI_COMMAND'])).to.deep.equal(['DEL', 'CHECK', 'GC', 'STATUS']);
  });

  it("passes the plugin's own error on, with its number, and its standard error", async () => {
    stderr.length = 0;
    const exec = new RecordingExec(failed({ code: 50, msg: 'no addresses', details: 'pool empty' }, 'log line\n'));
    const error = await rejection(delegateOn(exec).status('x', request));
    expect(error).to.include({ cniCode: 50, message: 'no addresses', details: 'pool empty' });
    expect(stderr).to.deep.equal(['log line\n']);
  });

  it('deletes again after a failed add, without the signal that may have stopped it', async () => {
    const exec = new RecordingExec(failed({ code: 11, msg: 'busy' }), ok());
    expect(await rejection(delegateOn(exec).add('x', request))).to.include({ cniCode: 11, message: 'busy' });
    expect(exec.runs.map((run) => [run.env['CNI_COMMAND'], run.signal])).to.deep.equal([
      ['ADD', request.signal],
      ['DEL', undefined],
    ]);
  });

  it('deletes again after an answer that is no result', async () => {
    const exec = new RecordingExec(ok('nonsense'), ok());
    expect(await rejection(delegateOn(exec).add('x', request))).to.include({
      code: 'ERR_DECODE',
      message: 'result of plugin x: must be valid JSON',
    });
    expect(exec.runs).to.have.length(2);
  });

  it('reports both errors when deleting again fails too', async () => {
    const exec = new RecordingExec(failed({ code: 7, msg: 'bad range' }), failed({ code: 11, msg: 'busy' }));
    const error = await rejection(delegateOn(exec).add('x', request));
    expect(error).to.be.instanceOf(AggregateError);
    expect((error as AggregateError).errors.map((one: Error) => one.message)).to.deep.equal(['bad range', 'busy']);
  });

  it('looks for no plugin outside the folders', async () => {
    const exec = new RecordingExec();
    expect(await rejection(delegateOn(exec).status('../x', request))).to.include({ cniCode: 7, message: 'invalid plugin name: ../x' });
    expect(await rejection(delegateOn(exec).status('', request))).to.include({ cniCode: 7 });
    expect(exec.finds).to.deep.equal([]);
  });
});

describe('readOutcome()', () => {
  const message = (outcome: Partial<PluginOutcome>): unknown => {
    const read = readOutcome({ exitCode: 1, ending: 'exit status 1', stdout: '', stderr: '', ...outcome });
    return E.isLeft(read) ? [read.left.cniCode, read.left.message] : read.right;
  };

  it('goes by the exit code alone', () => {
    expect(message({ exitCode: 0, stdout: '{"code":7,"msg":"x"}' })).to.equal('{"code":7,"msg":"x"}');
  });

  it('says what there was of a plugin that failed without an error object', () => {
    expect(message({ stderr: 'panic', ending: 'exit status 3' })).to.deep.equal([0, 'netplugin failed: "panic": exit status 3']);
    expect(message({ exitCode: undefined, ending: 'signal: killed' })).to.deep.equal([
      0,
      'netplugin failed with no error message: signal: killed',
    ]);
    for (const stdout of ['not json', '[]', '{"code":"7"}']) {
      expect(message({ stdout })).to.deep.equal([
        0,
        `netplugin failed but error parsing its diagnostic message ${JSON.stringify(stdout)}: it is no error object`,
      ]);
    }
  });

  it('reads error objects leniently', () => {
    expect(message({ stdout: '{"Code":11,"MSG":"later","new":1}' })).to.deep.equal([11, 'later']);
    for (const stdout of ['{}', 'null']) expect(message({ stdout })).to.deep.equal([0, '']);
  });
});
