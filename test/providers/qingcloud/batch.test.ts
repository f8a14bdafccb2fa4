import { expect } from 'chai';
import { isNicError } from '../../../lib/errors.js';
import { Batch } from '../../../providers/qingcloud/batch.js';
import { seededRandom } from '../../support/random.js';

interface Sent {
  readonly key: string;
  readonly items: readonly string[];
  readonly signal: AbortSignal;
  readonly answer: () => void;
  readonly fail: (error: Error) => void;
}

const REFUSED = new Error('refused');
const LOST = new Error('lost');

/** A batch of at most three items a request, whose requests the test answers. The result names all items of the request. */
function createBed() {
  const sent: Sent[] = [];
  const batch = new Batch<string>({
    action: 'AttachNics',
    most: 3,
    send: (key, items, signal) =>
      new Promise((resolve, fail) => {
        signal.addEventListener('abort', () => fail(new Error('ended')), { once: true });
        sent.push({ key, items, signal, answer: () => resolve(items.join('+')), fail });
      }),
    isShared: (error) => error === REFUSED,
  });
  const outcomes: Record<string, unknown> = {};
  const ask = (items: string, signal?: AbortSignal, key = 'k'): void => {
    batch.run(key, items.split(' '), signal).then(
      (result) => {
        outcomes[items] = result;
      },
      (error: unknown) => {
        outcomes[items] = isNicError(error) && 'outcome' in error ? `${error.code} ${error.outcome}` : error;
      },
    );
  };
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { sent, outcomes, ask, settled, wereSent: () => sent.map(({ items }) => items.join(' ')) };
}

describe('Batch', () => {
  it('sends a lone request at once', async () => {
    const { ask, sent, outcomes, settled, wereSent } = createBed();
    ask('a');
    await Promise.resolve();
    expect(wereSent()).to.deep.equal(['a']);
    sent[0]?.answer();
    await settled();
    expect(outcomes).to.deep.equal({ a: 'a' });
  });

  it('puts together what comes at the same instant, and what comes while a request is under way', async () => {
    const { ask, sent, outcomes, settled, wereSent } = createBed();
    ask('a');
    ask('b');
    await settled();
    ask('c');
    ask('d');
    await settled();
    expect(wereSent()).to.deep.equal(['a b']);
    sent[0]?.answer();
    await settled();
    expect(wereSent()).to.deep.equal(['a b', 'c d']);
    sent[1]?.answer();
    await settled();
    expect(outcomes).to.deep.equal({ a: 'a+b', b: 'a+b', c: 'c+d', d: 'c+d' });
  });

  it('does not hold full requests back', async () => {
    const { ask, settled, wereSent } = createBed();
    ask('a');
    await settled();
    for (const item of 'bcdefgh') ask(item);
    await settled();
    expect(wereSent()).to.deep.equal(['a', 'b c d', 'e f g']);
  });

  it('never splits what one caller asks, and asks for nothing twice in a request', async () => {
    const { ask, settled, wereSent } = createBed();
    ask('a b');
    ask('c d');
    ask('c e');
    ask('f g h');
    await settled();
    expect(wereSent()).to.deep.equal(['a b', 'c d e', 'f g h']);
  });

  it('keeps requests with different keys apart', async () => {
    const { ask, settled, sent } = createBed();
    ask('a', undefined, 'i-1');
    ask('b', undefined, 'i-2');
    await settled();
    expect(sent.map(({ key, items }) => [key, ...items])).to.deep.equal([
      ['i-1', 'a'],
      ['i-2', 'b'],
    ]);
  });

  it('asks for each caller alone after a refusal, so that one does not fail for another', async () => {
    const { ask, settled, sent, outcomes, wereSent } = createBed();
    ask('a');
    ask('b');
    await settled();
    sent[0]?.fail(REFUSED);
    await settled();
    expect(wereSent()).to.deep.equal(['a b', 'a', 'b']);
    sent[1]?.fail(REFUSED);
    sent[2]?.answer();
    await settled();
    expect(outcomes).to.deep.equal({ a: REFUSED, b: 'b' });
    expect(sent).to.have.length(3);
  });

  it('tells all of them when nobody knows what became of the request', async () => {
    const { ask, settled, sent, outcomes } = createBed();
    ask('a');
    ask('b');
    await settled();
    sent[0]?.fail(LOST);
    await settled();
    expect(outcomes).to.deep.equal({ a: LOST, b: LOST });
    expect(sent).to.have.length(1);
  });

  it('leaves the others alone when a caller gives up, and ends a request with its last one', async () => {
    const { ask, settled, sent, outcomes } = createBed();
    const [one, two] = [new AbortController(), new AbortController()];
    ask('a', one.signal);
    ask('b', two.signal);
    await settled();
    one.abort();
    await settled();
    expect(outcomes).to.deep.equal({ a: 'ERR_CANCELLED unknown' });
    expect(sent[0]?.signal.aborted).to.equal(false);
    two.abort();
    await settled();
    expect(sent[0]?.signal.aborted).to.equal(true);
    expect(String(outcomes['b'])).to.equal('Error: ended');
  });

  it('sends nothing for a caller that gives up in the queue, and says so', async () => {
    const { ask, settled, sent, outcomes, wereSent } = createBed();
    const controller = new AbortController();
    ask('a');
    await settled();
    ask('b', controller.signal);
    ask('c');
    controller.abort();
    ask('d', controller.signal);
    sent[0]?.answer();
    await settled();
    expect(wereSent()).to.deep.equal(['a', 'c']);
    expect(outcomes).to.include({ b: 'ERR_CANCELLED refused', d: 'ERR_CANCELLED refused' });
  });

  it('answers everyone exactly once, with a request that had his items in it, whatever happens', async () => {
    const random = seededRandom();
    const { ask, settled, sent, outcomes } = createBed();
    let asked = 0;
    for (let step = 0; step < 2000; step++) {
      const dice = random.next();
      if (dice < 0.5) ask(`n${asked++}`);
      else if (dice < 0.7) sent.splice(Math.floor(random.next() * sent.length), 1)[0]?.answer();
      else if (dice < 0.8) sent.splice(Math.floor(random.next() * sent.length), 1)[0]?.fail(random.next() < 0.5 ? REFUSED : LOST);
      else await settled();
      for (const { items } of sent) expect(items.length, random.label).to.be.within(1, 3);
    }
    while (Object.keys(outcomes).length < asked) {
      await settled();
      for (const request of sent.splice(0)) request.answer();
    }
    for (const [item, outcome] of Object.entries(outcomes)) {
      if (typeof outcome === 'string') expect(outcome.split('+'), random.label).to.include(item);
      else expect([REFUSED, LOST]).to.include(outcome);
    }
  });
});
