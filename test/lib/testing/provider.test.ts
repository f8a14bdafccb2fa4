import { AssertionError } from 'node:assert';
import { expect } from 'chai';
import { describeProvider, type SuiteFeatures } from '../../../lib/testing/index.js';
import { createMemoryBed, MEMORY_FEATURES, type WrapProvider } from '../../support/memory-bed.js';
import { CALL_FAULTS, leftTimers } from './planted/calls.js';
import { CHANGE_FAULTS } from './planted/changes.js';
import { LIST_FAULTS } from './planted/lists.js';

interface Case {
  readonly title: string;
  readonly body: () => Promise<void>;
}

interface Suite {
  readonly parts: readonly string[];
  readonly cases: readonly Case[];
  readonly skipped: readonly string[];
}

function collectSuite(features: SuiteFeatures = MEMORY_FEATURES, wrap?: WrapProvider): Suite {
  const parts: string[] = [];
  const cases: Case[] = [];
  const skipped: string[] = [];
  const it = (title: string, body: () => Promise<void>): void => void cases.push({ title, body });
  describeProvider({
    name: 'collected',
    describe: (title, body) => {
      parts.push(title);
      body();
    },
    it: Object.assign(it, { skip: (title: string): void => void skipped.push(title) }),
    setup: async () => createMemoryBed({}, wrap),
    teardown: ({ cloud }) => cloud.close(),
    features,
  });
  return { parts, cases, skipped };
}

async function errorOf(body: () => Promise<void>): Promise<unknown> {
  try {
    await body();
    return undefined;
  } catch (error) {
    return error;
  }
}

const FAULTS = { ...LIST_FAULTS, ...CHANGE_FAULTS, ...CALL_FAULTS };

describe('describeProvider()', () => {
  afterEach(() => {
    for (const timer of leftTimers.splice(0)) clearTimeout(timer);
  });

  it('passes the reference provider', async () => {
    const { cases } = collectSuite();
    for (const { title, body } of cases) expect(await errorOf(body), title).to.equal(undefined);
    expect(cases).to.have.length.above(50);
  });

  it('has a part for each thing that a provider must get right', () => {
    const [, ...parts] = collectSuite().parts;
    expect(parts).to.deep.equal([
      'subnets and NICs',
      'attaching and detaching',
      'paging',
      'error classes',
      'lost answers',
      'concurrency',
      'cancellation',
      'limits',
    ]);
  });

  it('skips what a provider lacks, and shows the reason', () => {
    const all = collectSuite({});
    expect(all.skipped).to.deep.equal([]);
    const some = collectSuite({ ...MEMORY_FEATURES, withholdAnswer: 'answers come at once', ERR_BALANCE: 'nothing costs money here' });
    expect(some.cases.length + some.skipped.length).to.equal(all.cases.length);
    const about = (feature: string): readonly string[] => some.skipped.filter((title) => title.includes(`no ${feature}:`));
    expect(about('withholdAnswer')).to.have.length.at.least(5);
    expect(about('ERR_BALANCE')).to.deep.equal([
      'what a cloud refuses with ERR_BALANCE rejects with ERR_BALANCE, and makes nothing (skipped, no ERR_BALANCE: nothing costs money here)',
    ]);
  });

  it('puts another case in the place of one about an ability that is lacking', () => {
    const titles = collectSuite({ ...MEMORY_FEATURES, forwarding: 'every NIC forwards' }).cases.map(({ title }) => title);
    expect(titles).to.include('features.forwarding is false').and.include('allowForwarding() says that it cannot be done');
  });

  it('fails a bed that lacks a fault which its features do not name', async () => {
    const { cases } = collectSuite({});
    const spoilt = cases.find(({ title }) => title.includes('when its answer is no answer'));
    const error = await errorOf(spoilt?.body ?? (async () => {}));
    expect(error).to.be.instanceOf(AssertionError).with.property('message').that.includes('the bed has no fault spoilAnswer');
  });

  it('takes the bed down when a case fails', async () => {
    let down = 0;
    const bodies: (() => Promise<void>)[] = [];
    describeProvider({
      name: 'failing',
      describe: (_title, body) => body(),
      it: Object.assign((_title: string, body: () => Promise<void>): void => void bodies.push(body), { skip: () => {} }),
      setup: async () => createMemoryBed({}, (p) => ({ ...p, name: '' })),
      teardown: async () => {
        down++;
      },
    });
    expect(await errorOf(bodies[0] ?? (async () => {}))).to.be.instanceOf(AssertionError);
    expect(down).to.equal(1);
  });

  describe('notices a provider that', () => {
    for (const [fault, { plant, by, because }] of Object.entries(FAULTS)) {
      it(fault, async () => {
        const named = collectSuite(MEMORY_FEATURES, plant).cases.filter(({ title }) => title.includes(by));
        expect(named, by).to.have.length(1);
        const error = await errorOf(named[0]?.body ?? (async () => {}));
        expect(error).to.be.instanceOf(AssertionError);
        expect((error as AssertionError).message).to.match(because);
      });
    }
  });
});
