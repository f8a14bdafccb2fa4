import { expect } from 'chai';
import { isNicError } from '../../../lib/errors.js';
import { InFlight } from '../../../providers/qingcloud/in-flight.js';

function createQuestion() {
  const started: { readonly signal: AbortSignal; readonly answer: (value: string) => void; readonly fail: (error: Error) => void }[] = [];
  const start = (signal: AbortSignal): Promise<string> =>
    new Promise((answer, fail) => {
      started.push({ signal, answer, fail });
    });
  return { started, start };
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (isNicError(error) ? error.code : error),
  );

describe('InFlight', () => {
  it('lets equal questions share one request, and different ones not', async () => {
    const { started, start } = createQuestion();
    const inFlight = new InFlight<string>('Describe');
    const asked = [inFlight.run('a', undefined, start), inFlight.run('a', undefined, start), inFlight.run('b', undefined, start)];
    expect(started).to.have.length(2);
    started[0]?.answer('A');
    started[1]?.answer('B');
    expect(await Promise.all(asked)).to.deep.equal(['A', 'A', 'B']);
  });

  it('asks anew once the answer is there, be it an error', async () => {
    const { started, start } = createQuestion();
    const inFlight = new InFlight<string>('Describe');
    const first = inFlight.run('a', undefined, start);
    started[0]?.fail(new Error('no'));
    expect(await codeOf(first)).to.be.instanceOf(Error);
    const second = inFlight.run('a', undefined, start);
    started[1]?.answer('yes');
    expect(await second).to.equal('yes');
  });

  it('goes on while anybody waits, and stops when nobody does', async () => {
    const { started, start } = createQuestion();
    const inFlight = new InFlight<string>('Describe');
    const [one, two] = [new AbortController(), new AbortController()];
    const asked = [codeOf(inFlight.run('a', one.signal, start)), codeOf(inFlight.run('a', two.signal, start))];
    one.abort();
    expect(await asked[0]).to.equal('ERR_CANCELLED');
    expect(started[0]?.signal.aborted).to.equal(false);
    two.abort(new DOMException('late', 'TimeoutError'));
    expect(await asked[1]).to.equal('ERR_DEADLINE');
    expect(started[0]?.signal.aborted).to.equal(true);
    expect(started).to.have.length(1);
  });

  it('does not let a newcomer join a request that was given up', async () => {
    const { started, start } = createQuestion();
    const inFlight = new InFlight<string>('Describe');
    const controller = new AbortController();
    const first = codeOf(inFlight.run('a', controller.signal, start));
    controller.abort();
    const second = inFlight.run('a', undefined, start);
    started[0]?.fail(new Error('aborted'));
    started[1]?.answer('fresh');
    expect(await first).to.equal('ERR_CANCELLED');
    expect(await second).to.equal('fresh');
  });

  it('does not start for a caller who has given up already', async () => {
    const { started, start } = createQuestion();
    expect(await codeOf(new InFlight<string>('Describe').run('a', AbortSignal.abort(), start))).to.equal('ERR_CANCELLED');
    expect(started).to.deep.equal([]);
  });
});
