import { expect } from 'chai';
import type { Link } from '../../lib/driver.js';
import { NetlinkError } from '../../lib/errors.js';
import { type MoveRequests, moveUnderName } from '../../netlink/move.js';

const link: Link = {
  index: 4,
  name: 'eth1',
  altNames: ['enp3s0', 'uplink'],
  mac: '52:54:00:00:00:0a',
  permanentMac: undefined,
  mtu: 1500,
  up: false,
  carrier: false,
  loopback: false,
  kind: undefined,
  masterIndex: undefined,
  lowerIndex: undefined,
};
const other: Link = { ...link, index: 2, name: 'eth9', mac: '52:54:00:00:00:0b', altNames: ['enp3s0'] };
const moved: Link = { ...link, index: 3, name: 'eth0' };
const wish = { link, name: 'eth0', op: 'link.move 4 to pod as eth0' };
const taken = new NetlinkError({ op: 'link.move', errno: 'EEXIST' });

/** Requests that note what is asked; `answers` are the outcomes of one move after another. */
function script(answers: readonly (Error | undefined)[], change: Partial<MoveRequests> = {}) {
  const asked: string[] = [];
  const left = [...answers];
  const requests: MoveRequests = {
    move: async () => {
      asked.push('move');
      const answer = left.shift();
      if (answer !== undefined) throw answer;
    },
    removeAltName: async (altName) => {
      asked.push(`remove ${altName}`);
    },
    read: async () => link,
    target: async () => [other],
    arrived: async () => moved,
    ...change,
  };
  return { asked, requests };
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it was not refused'),
    (error: unknown) => error,
  );
}

describe('moveUnderName()', () => {
  it('needs one request where nothing clashes', async () => {
    const { asked, requests } = script([undefined]);
    expect(await moveUnderName(wish, requests)).to.equal(moved);
    expect(asked).to.deep.equal(['move']);
  });

  it('removes only the alternative names that clash and tries once more', async () => {
    const { asked, requests } = script([taken, undefined]);
    expect(await moveUnderName(wish, requests)).to.equal(moved);
    expect(asked).to.deep.equal(['move', 'remove enp3s0', 'move']);
  });

  it('gives up when the second try is refused too', async () => {
    const again = new NetlinkError({ op: 'link.move', errno: 'EEXIST' });
    const { asked, requests } = script([taken, again]);
    expect(await rejection(moveUnderName(wish, requests))).to.equal(again);
    expect(asked).to.deep.equal(['move', 'remove enp3s0', 'move']);
  });

  it('touches nothing when the link has moved, or another has its index by now', async () => {
    for (const found of [undefined, other]) {
      const { asked, requests } = script([taken], { read: async () => found });
      expect(await rejection(moveUnderName(wish, requests))).to.equal(taken);
      expect(asked).to.deep.equal(['move']);
    }
  });

  it('touches nothing when no alternative name clashes, or the refusal is another', async () => {
    const { asked, requests } = script([taken], { target: async () => [{ ...other, altNames: [] }] });
    expect(await rejection(moveUnderName(wish, requests))).to.equal(taken);
    expect(asked).to.deep.equal(['move']);
    const denied = new NetlinkError({ op: 'link.move', errno: 'EPERM' });
    const second = script([denied]);
    expect(await rejection(moveUnderName(wish, second.requests))).to.equal(denied);
    expect(second.asked).to.deep.equal(['move']);
  });

  it('removes an alternative name that is the wanted name before it moves', async () => {
    const { asked, requests } = script([undefined]);
    await moveUnderName({ ...wish, name: 'uplink' }, requests);
    expect(asked).to.deep.equal(['remove uplink', 'move']);
  });

  it('does not take another link for the moved one', async () => {
    for (const arrived of [undefined, { ...moved, mac: other.mac }]) {
      const { requests } = script([undefined], { arrived: async () => arrived });
      expect(await rejection(moveUnderName(wish, requests))).to.have.property('code', 'ERR_LINK');
    }
  });
});
