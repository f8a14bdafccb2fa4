import { expect } from 'chai';
import { Budget } from '../../../lib/attachment/budget.js';
import { NicError } from '../../../lib/errors.js';
import { VirtualClock } from '../../support/virtual-clock.js';

function open(clock: VirtualClock, ms: number, signal?: AbortSignal): Budget {
  return new Budget({ clock, deadline: clock.now() + ms, signal, reserveMs: 12_000, answerMs: 2000 });
}

/** When a signal aborts, in milliseconds from now. */
async function timeOf(clock: VirtualClock, signal: AbortSignal): Promise<number> {
  const start = clock.now();
  while (!signal.aborted) await clock.sleep(10);
  return clock.now() - start;
}

describe('Budget', () => {
  for (const { ms, start, forward } of [
    // 100 ms are for the answer, 12 s for unwinding, 2 s for the answer to a create request.
    { ms: 55_000, start: 40_900, forward: 42_900 },
    // Two fifths of 9.9 s are for unwinding, a fifth of the other 5.94 s for that answer.
    { ms: 10_000, start: 4752, forward: 5940 },
    { ms: 1000, start: 432, forward: 540 },
  ]) {
    it(`of ${ms} ms lets a NIC be asked for until ${start} ms, and its answer come until ${forward} ms`, async () => {
      for (const [name, at] of [
        ['startSignal', start],
        ['patientSignal', forward],
        ['signal', forward],
      ] as const) {
        const clock = new VirtualClock();
        const budget = open(clock, ms);
        expect(await timeOf(clock, budget[name]), name).to.be.within(at, at + 10);
        expect(budget[name].reason, name).to.include({ code: 'ERR_DEADLINE' });
        budget.close();
      }
    });
  }

  it('lets nothing be started once the caller has given up, and waits for the answer to what was', () => {
    const caller = new AbortController();
    const budget = open(new VirtualClock(), 55_000, caller.signal);
    caller.abort(new NicError('ERR_CANCELLED', 'SIGTERM'));
    expect([budget.startSignal.aborted, budget.signal.aborted, budget.patientSignal.aborted]).to.deep.equal([true, true, false]);
    expect(budget.startSignal.reason).to.include({ code: 'ERR_CANCELLED', message: 'SIGTERM' });
    budget.close();
  });
});
