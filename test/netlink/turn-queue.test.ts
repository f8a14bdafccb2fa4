import { expect } from 'chai';
import { isNicError } from '../../lib/errors.js';
import { TurnQueue } from '../../netlink/turn-queue.js';
import { rejection } from '../support/netlink-lab.js';

describe('TurnQueue', () => {
  it('has one user at a time', async () => {
    const queue = new TurnQueue();
    expect(queue.tryTake()).to.equal(true);
    expect(queue.tryTake()).to.equal(false);
    queue.release();
    await queue.take('first');
    expect(queue.tryTake()).to.equal(false);
  });

  it('hands the turn over in order, so that nobody can overtake, however many wait', async () => {
    const queue = new TurnQueue();
    queue.tryTake();
    const order: number[] = [];
    const users = Array.from({ length: 5000 }, async (_, i) => {
      await queue.take(`user ${i}`);
      order.push(i);
      expect(queue.tryTake()).to.equal(false);
      queue.release();
    });
    queue.release();
    expect(queue.tryTake(), 'the turn is free between two users').to.equal(false);
    await Promise.all(users);
    expect(order).to.deep.equal(Array.from({ length: 5000 }, (_, i) => i));
    expect(queue.tryTake()).to.equal(true);
  });

  it('lets a user give up before or while it waits, and passes over it', async () => {
    const queue = new TurnQueue();
    queue.tryTake();
    expect(isNicError(await rejection(queue.take('late', AbortSignal.abort())), 'ERR_CANCELLED')).to.equal(true);
    const controller = new AbortController();
    const first = rejection(queue.take('first', controller.signal));
    const second = queue.take('second');
    const third = rejection(queue.take('third', controller.signal));
    controller.abort();
    for (const error of [await first, await third]) expect(isNicError(error, 'ERR_CANCELLED')).to.equal(true);
    queue.release();
    await second;
    queue.release();
    expect(queue.tryTake()).to.equal(true);
  });

  it('does not take a turn away from who has it when its signal aborts afterwards', async () => {
    const queue = new TurnQueue();
    queue.tryTake();
    const controller = new AbortController();
    const user = queue.take('user', controller.signal);
    queue.release();
    await user;
    controller.abort();
    expect(queue.tryTake()).to.equal(false);
  });
});
