import { expect } from 'chai';
import {
  allVersions,
  CniError,
  dispatch,
  type NetworkConfig,
  type Plugin,
  type PluginAnswer,
  type PluginRequest,
} from '../../../lib/cni/index.js';
import { NicError } from '../../../lib/errors.js';
import { ManualClock } from '../../support/manual-clock.js';

const env = { CNI_COMMAND: 'DEL', CNI_CONTAINERID: 'c1', CNI_IFNAME: 'eth0', CNI_PATH: '/p' };
const forever = (): Promise<never> => new Promise(() => undefined);

interface Run {
  readonly clock: ManualClock;
  readonly stop: AbortController;
  /** Resolves with the request once the handler runs. */
  readonly started: Promise<PluginRequest>;
  readonly answer: Promise<PluginAnswer>;
}

/** Starts DEL with a handler, on a clock that stands still. Standard input takes `readMs` of its time. */
function start(del: (request: PluginRequest) => Promise<void>, plugin: Partial<Plugin> = {}, config: object = {}, readMs = 0): Run {
  const clock = new ManualClock();
  const stop = new AbortController();
  let tell: (request: PluginRequest) => void;
  const started = new Promise<PluginRequest>((resolve) => {
    tell = resolve;
  });
  const handler = async (request: PluginRequest): Promise<void> => {
    tell(request);
    await del(request);
  };
  const stdin = new TextEncoder().encode(JSON.stringify({ name: 'n1', cniVersion: '1.0.0', ...config }));
  const readStdin = async (): Promise<Uint8Array> => {
    if (readMs > 0) await clock.sleep(readMs);
    return stdin;
  };
  const answer = dispatch(
    { versions: allVersions, del: handler, ...plugin },
    { env, readStdin, isOwnNamespace: () => false, signal: stop.signal, clock },
  );
  return { clock, stop, started, answer };
}

/** Rejects with the signal's reason when it aborts, as a handler that unwinds does. */
function untilAborted({ signal }: PluginRequest): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

async function shown(answer: Promise<PluginAnswer>): Promise<Record<string, unknown>> {
  const { exitCode, stdout } = await answer;
  expect(exitCode).to.equal(stdout === '' ? 0 : 1);
  return stdout === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
}

describe('the time limit of a command', () => {
  it('aborts the handler at the deadline and answers its error', async () => {
    const run = start(untilAborted, { deadlineMs: 55_000 });
    const { signal } = await run.started;
    await run.clock.advance(54_999);
    expect(signal.aborted).to.equal(false);
    await run.clock.advance(1);
    expect(signal.reason).to.include({ code: 'ERR_DEADLINE' });
    expect(await shown(run.answer)).to.deep.equal({ cniVersion: '1.0.0', code: 11, msg: 'DEL: the deadline of 55000 ms has passed' });
  });

  it('takes the deadline from the configuration', async () => {
    const deadlineMs = (config: NetworkConfig): number => Number(config.get('deadlineSeconds')) * 1000;
    const run = start(untilAborted, { deadlineMs }, { deadlineSeconds: 3 });
    await run.started;
    await run.clock.advance(3000);
    expect(await shown(run.answer)).to.include({ code: 11, msg: 'DEL: the deadline of 3000 ms has passed' });
  });

  it('answers without a handler that does not come back', async () => {
    const run = start(forever, { deadlineMs: 1000, graceMs: 200 });
    await run.started;
    await run.clock.advance(1199);
    let answered = false;
    void run.answer.then(() => {
      answered = true;
    });
    await run.clock.advance(0);
    expect(answered).to.equal(false);
    await run.clock.advance(1);
    expect(await shown(run.answer)).to.deep.equal({
      cniVersion: '1.0.0',
      code: 11,
      msg: 'DEL: the deadline of 1000 ms has passed',
      details: 'it did not come back within 200 ms and may have left work behind',
    });
  });

  it('gives 5 s of grace when the plugin says nothing, and no deadline', async () => {
    const run = start(forever);
    await run.started;
    await run.clock.advance(24 * 3600 * 1000);
    run.stop.abort(new NicError('ERR_CANCELLED', 'stopped by SIGTERM'));
    await run.clock.advance(4999);
    await run.clock.advance(1);
    expect(await shown(run.answer)).to.include({ code: 11, msg: 'stopped by SIGTERM' });
  });

  it('believes a handler that ends well after it was stopped', async () => {
    const run = start(async (request) => untilAborted(request).catch(() => undefined));
    await run.started;
    run.stop.abort(new NicError('ERR_CANCELLED', 'stopped by SIGTERM'));
    expect(await shown(run.answer)).to.deep.equal({});
  });

  it('believes the error of a handler that was stopped', async () => {
    const run = start(async (request) =>
      untilAborted(request).catch(() => {
        throw new NicError('ERR_PENDING', 'one NIC is left to detach');
      }),
    );
    await run.started;
    run.stop.abort();
    expect(await shown(run.answer)).to.include({ code: 11, msg: 'one NIC is left to detach' });
  });

  it('answers the error that nobody caught, whatever the handler says', async () => {
    for (const end of [async () => undefined, async () => Promise.reject(new NicError('ERR_AUTH', 'no'))]) {
      const run = start(async (request) => untilAborted(request).catch(end));
      await run.started;
      run.stop.abort(new CniError(999, 'uncaught error in the plugin: x'));
      expect(await shown(run.answer)).to.include({ code: 999, msg: 'uncaught error in the plugin: x' });
    }
  });

  it('answers the error that nobody caught when the handler does not come back', async () => {
    const run = start(forever, { graceMs: 10 });
    await run.started;
    run.stop.abort(new CniError(999, 'uncaught error in the plugin: x'));
    await run.clock.advance(10);
    expect(await shown(run.answer)).to.include({ code: 999, msg: 'uncaught error in the plugin: x' });
  });

  it('does not call the handler when it was stopped before', async () => {
    let called = false;
    const run = start(async () => {
      called = true;
    });
    run.stop.abort(new NicError('ERR_CANCELLED', 'stopped by SIGINT'));
    expect(await shown(run.answer)).to.include({ code: 11, msg: 'stopped by SIGINT' });
    expect(called).to.equal(false);
  });

  it('counts the time from the start of the command, reading included', async () => {
    const run = start(untilAborted, { deadlineMs: 1000 }, {}, 400);
    await run.clock.sleeping(1);
    await run.clock.advance(400);
    const { signal } = await run.started;
    await run.clock.advance(599);
    expect(signal.aborted).to.equal(false);
    await run.clock.advance(1);
    expect(signal.aborted).to.equal(true);
    await run.answer;
  });

  it('takes the longest timer there is for a deadline beyond it', async () => {
    const run = start(untilAborted, { deadlineMs: Number.MAX_SAFE_INTEGER });
    const { signal } = await run.started;
    await run.clock.advance(2 ** 31 - 2);
    expect(signal.aborted).to.equal(false);
    await run.clock.advance(1);
    expect(signal.aborted).to.equal(true);
    await run.answer;
  });

  it('leaves no timer behind', async () => {
    const run = start(async () => undefined, { deadlineMs: 1000 });
    await run.answer;
    let woken = false;
    void run.clock.sleeping(1).then(() => {
      woken = true;
    });
    await run.clock.advance(0);
    expect(woken).to.equal(false);
  });
});
