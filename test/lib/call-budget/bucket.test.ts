import { expect } from 'chai';
import { type BucketState, fullBucket, neededFor, refill, slowDown, take, toBucketSize, waitFor } from '../../../lib/call-budget/bucket.js';
import { seededRandom } from '../../support/random.js';

const HOUR = 3_600_000;
const kinds = ['read', 'change', 'create'] as const;

describe('toBucketSize()', () => {
  it('lets no hour see more calls than asked for, however they are spread', () => {
    const random = seededRandom();
    for (let round = 0; round < 200; round++) {
      const callsPerHour = 1 + Math.floor(random.next() * 400);
      const size = toBucketSize(callsPerHour);
      let state = fullBucket(size, 0);
      const taken: number[] = [];
      for (let now = 0; now < 3 * HOUR; now += Math.floor(random.next() ** 4 * HOUR) + 1) {
        state = refill(state, size, now);
        for (let wanted = Math.floor(random.next() * callsPerHour); wanted > 0; wanted--) {
          const next = take(state, size, 'change');
          if (next === undefined) break;
          state = next;
          taken.push(now);
        }
      }
      for (const [first, from] of taken.entries()) {
        const within = taken.filter((at, index) => index >= first && at < from + HOUR).length;
        expect(within, `${callsPerHour} an hour, ${random.label}`).to.be.at.most(callsPerHour);
      }
    }
  });
});

describe('take()', () => {
  it('leaves a fifth to what finishes, and a twentieth of that to what takes back', () => {
    const size = toBucketSize(200);
    const left = (kind: (typeof kinds)[number]): number => {
      let state = fullBucket(size, 0);
      for (let next = take(state, size, kind); next !== undefined; next = take(state, size, kind)) state = next;
      return state.tokens;
    };
    expect(kinds.map(left)).to.deep.equal([5, 0, 20]);
  });

  it('lets a call of each kind through a bucket for one', () => {
    const size = toBucketSize(1);
    for (const kind of kinds) expect(take(fullBucket(size, 0), size, kind)?.tokens).to.equal(0);
  });
});

describe('waitFor()', () => {
  it('says exactly when the next call of a kind is allowed, whatever the pace', () => {
    const random = seededRandom();
    for (let round = 0; round < 500; round++) {
      const size = toBucketSize(1 + random.next() * 2000);
      const kind = kinds[Math.floor(random.next() * 3)] ?? 'read';
      let state: BucketState = { tokens: random.next() * size.capacity, at: 0, pace: 1 };
      if (random.next() < 0.5) state = slowDown(state);
      const ms = waitFor(state, size, kind);
      expect(take(refill(state, size, ms), size, kind), `${kind} after ${ms}`).to.not.equal(undefined);
      // While it recovers it fills faster than its present pace.
      if (state.pace === 1 && ms > 2) expect(take(refill(state, size, ms - 2), size, kind)).to.equal(undefined);
      expect(ms === 0).to.equal(state.tokens >= neededFor(kind, size));
    }
  });
});

describe('slowDown()', () => {
  it('halves what is left and the pace, down to a sixteenth, and is over after ten minutes', () => {
    let state: BucketState = { tokens: 200, at: 0, pace: 1 };
    for (const [tokens, pace] of [
      [100, 1 / 2],
      [50, 1 / 4],
      [25, 1 / 8],
      [12.5, 1 / 16],
      [6.25, 1 / 16],
    ] as const) {
      state = slowDown({ ...state, at: state.at + 5_000 });
      expect(state).to.deep.equal({ tokens, at: state.at, pace, slowedAt: state.at });
    }
    const size = toBucketSize(400);
    expect(refill(state, size, state.at + 600_000).pace).to.equal(1);
    expect(refill(state, size, state.at + 60_000).pace).to.be.closeTo(1 / 16 + 0.1, 1e-9);
  });

  it('counts once what many calls are told within five seconds', () => {
    const size = toBucketSize(400);
    let state = slowDown(fullBucket(size, 0));
    for (let now = 0; now < 5_000; now += 100) state = slowDown(refill(state, size, now));
    expect(state.pace).to.be.closeTo(0.5 + 4_900 / 600_000, 1e-9);
    expect(state.tokens).to.be.within(100, 101);
    expect(slowDown(refill(state, size, 5_000)).pace).to.be.below(0.3);
  });

  it('slows down after the clock was set back, whenever it did so before', () => {
    const state = slowDown({ tokens: 100, at: HOUR, pace: 1 });
    expect(slowDown(refill(state, toBucketSize(400), 0))).to.deep.equal({ tokens: 25, at: 0, pace: 1 / 4, slowedAt: 0 });
  });

  it('fills the same whether it is looked at once or often', () => {
    const size = toBucketSize(400);
    const slow = slowDown({ tokens: 0, at: 0, pace: 1 });
    const once = refill(slow, size, 900_000);
    let often = slow;
    for (let now = 0; now <= 900_000; now += 1000) often = refill(often, size, now);
    expect(often.tokens).to.be.closeTo(once.tokens, 1e-6);
    // Five minutes at three quarters of its speed on the average, and ten at the whole of it.
    expect(once.tokens).to.be.closeTo(((0.75 * 300 + 600) / 3600) * 200, 1e-9);
  });
});

describe('refill()', () => {
  it('gives nothing for a clock that was set back, and takes nothing', () => {
    const size = toBucketSize(100);
    expect(refill({ tokens: 7, at: HOUR, pace: 1 }, size, 0)).to.deep.equal({ tokens: 7, at: 0, pace: 1 });
  });
});
