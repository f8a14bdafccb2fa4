import { expect } from 'chai';
import { systemClock, toAbortError } from '../../lib/clock.js';
import { isNicError, NicError } from '../../lib/errors.js';

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('resolved although it should reject');
}

describe('lib/clock', () => {
  it('sleep() resolves after its time', async () => {
    const start = systemClock.now();
    await systemClock.sleep(5);
    // Timers may fire up to a millisecond early by the wall clock.
    expect(systemClock.now() - start).to.be.at.least(3);
  });

  it('sleep() rejects at once when the signal is aborted already', async () => {
    expect(isNicError(await rejection(systemClock.sleep(60_000, AbortSignal.abort())), 'ERR_CANCELLED')).to.equal(true);
  });

  it('sleep() rejects when the signal aborts, and leaves no listener behind', async () => {
    const controller = new AbortController();
    const wait = rejection(systemClock.sleep(60_000, controller.signal));
    controller.abort();
    expect(isNicError(await wait, 'ERR_CANCELLED')).to.equal(true);
  });

  it('toAbortError() tells a time-out from a cancellation and passes a NicError through', () => {
    const timedOut = new AbortController();
    timedOut.abort(new DOMException('late', 'TimeoutError'));
    expect(toAbortError(timedOut.signal, 'x').code).to.equal('ERR_DEADLINE');
    const own = new NicError('ERR_LOCKED', 'locked');
    const controller = new AbortController();
    controller.abort(own);
    expect(toAbortError(controller.signal, 'x')).to.equal(own);
    expect(toAbortError(AbortSignal.abort(), 'x').code).to.equal('ERR_CANCELLED');
  });
});
