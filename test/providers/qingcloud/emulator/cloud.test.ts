import { expect } from 'chai';
import { Cloud, HISTORY_MS } from '../../../../providers/qingcloud/emulator/cloud.js';
import type { CloudState } from '../../../../providers/qingcloud/emulator/model.js';

function state(): CloudState {
  return { routers: new Map(), vxnets: new Map(), instances: new Map(), nics: new Map(), jobs: new Map() };
}

describe('Cloud', () => {
  it('gives the state of a time, a change at that very time included', () => {
    let now = 1_000;
    const [first, second, third] = [state(), state(), state()];
    const cloud = new Cloud(first, () => now);
    cloud.commit(second);
    now = 2_000;
    cloud.commit(third);
    expect(cloud.at(999)).to.equal(first);
    expect(cloud.at(1_000)).to.equal(second);
    expect(cloud.at(1_999)).to.equal(second);
    expect(cloud.at(2_000)).to.equal(third);
    expect(cloud.state).to.equal(third);
  });

  it('gives the last of several changes in one millisecond', () => {
    const cloud = new Cloud(state(), () => 5);
    const last = state();
    cloud.commit(state());
    cloud.commit(last);
    expect(cloud.at(5)).to.equal(last);
  });

  it('keeps what was in force for as long as it may be asked for', () => {
    let now = 0;
    const cloud = new Cloud(state(), () => now);
    const [old, young] = [state(), state()];
    cloud.commit(old);
    now = HISTORY_MS - 1;
    cloud.commit(young);
    now = HISTORY_MS + 500;
    cloud.commit(state());
    expect(cloud.at(now - HISTORY_MS)).to.equal(old);
    expect(cloud.at(-1)).to.equal(old);
  });

  it('forgets the oldest of very many states', () => {
    let now = 0;
    const first = state();
    const cloud = new Cloud(first, () => now);
    for (now = 1; now <= 5_000; now++) cloud.commit(state());
    expect(cloud.at(0)).to.not.equal(first);
    expect(cloud.at(0)).to.not.equal(cloud.at(4_999));
  });
});
