import { expect } from 'chai';
import { NicError, ProviderError } from '../../../lib/errors.js';
import type { Nic } from '../../../lib/nic.js';
import type { NicProvider } from '../../../lib/provider.js';
import { describeProvider } from '../../../lib/testing/index.js';
import { createMemoryBed } from '../../support/memory-bed.js';

interface Verdict {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
}

async function runSuite(wrap?: (provider: NicProvider) => NicProvider): Promise<Verdict> {
  const cases: { readonly title: string; readonly body: () => Promise<void> }[] = [];
  describeProvider({
    name: 'mutant',
    describe: (_title, body) => body(),
    it: (title, body) => cases.push({ title, body }),
    setup: async () => createMemoryBed({}, wrap),
    faults: true,
  });
  const passed: string[] = [];
  const failed: string[] = [];
  for (const { title, body } of cases) {
    try {
      await body();
      passed.push(title);
    } catch {
      failed.push(title);
    }
  }
  return { passed, failed };
}

function mapNics(provider: NicProvider, change: (nic: Nic) => Nic): NicProvider {
  return {
    ...provider,
    createNic: async (request, options) => change(await provider.createNic(request, options)),
    listNics: async (filter, options) => (await provider.listNics(filter, options)).map(change),
  };
}

function mapErrors(provider: NicProvider, change: (error: ProviderError) => Error): NicProvider {
  const wrap =
    <A extends readonly unknown[], T>(method: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      try {
        return await method(...args);
      } catch (error) {
        throw error instanceof ProviderError ? change(error) : error;
      }
    };
  return {
    ...provider,
    createNic: wrap(provider.createNic),
    attachNics: wrap(provider.attachNics),
    detachNics: wrap(provider.detachNics),
    deleteNics: wrap(provider.deleteNics),
    allowForwarding: wrap(provider.allowForwarding),
  };
}

function recoded(error: ProviderError, outcome: 'refused' | 'unknown', code = error.code): ProviderError {
  return new ProviderError(code, error.message, { action: error.action, retryable: error.retryable, outcome });
}

let serial = 0;

/** Providers that each break the contract in one way. */
const MUTANTS: Readonly<Record<string, (provider: NicProvider) => NicProvider>> = {
  'forgets all pages but the first': (p) => ({ ...p, listNics: async (filter, o) => (await p.listNics(filter, o)).slice(0, 100) }),
  'gives a NIC twice': (p) => ({
    ...p,
    listNics: async (filter, o) => {
      const nics = await p.listNics(filter, o);
      return nics.length > 100 ? [...nics, ...nics.slice(0, 1)] : nics;
    },
  }),
  'matches parts of names': (p) => ({
    ...p,
    listNics: async ({ name, ...filter }, o) => (await p.listNics(filter, o)).filter((nic) => nic.name.includes(name ?? '')),
  }),
  'ignores the case of names': (p) => ({
    ...p,
    listNics: async ({ name, ...filter }, o) =>
      (await p.listNics(filter, o)).filter((nic) => name === undefined || nic.name.toLowerCase() === name.toLowerCase()),
  }),
  'ignores the status filter': (p) => ({ ...p, listNics: ({ status: _, ...filter }, o) => p.listNics(filter, o) }),
  'ignores the instance filter': (p) => ({ ...p, listNics: ({ instanceId: _, ...filter }, o) => p.listNics(filter, o) }),
  'ignores the subnet filter': (p) => ({ ...p, listNics: ({ subnetIds: _, ...filter }, o) => p.listNics(filter, o) }),
  'takes an empty list of ids for no filter': (p) => ({
    ...p,
    listNics: ({ ids, ...filter }, o) => p.listNics({ ...filter, ...(ids === undefined || ids.length === 0 ? {} : { ids }) }, o),
  }),
  'rejects for unknown NICs': (p) => ({
    ...p,
    listNics: async (filter, o) => {
      const nics = await p.listNics(filter, o);
      if (filter.ids !== undefined && nics.length < filter.ids.length) throw new NicError('ERR_NOT_FOUND', 'gone');
      return nics;
    },
  }),
  'rejects for unknown jobs': (p) => ({
    ...p,
    describeJobs: async (ids, o) => {
      const jobs = await p.describeJobs(ids, o);
      if (jobs.length < ids.length) throw new NicError('ERR_NOT_FOUND', 'gone');
      return jobs;
    },
  }),
  'rejects for unknown subnets': (p) => ({
    ...p,
    describeSubnets: async (ids, o) => {
      const subnets = await p.describeSubnets(ids, o);
      if (subnets.length < ids.length) throw new NicError('ERR_NOT_FOUND', 'gone');
      return subnets;
    },
  }),
  'forgets the router': (p) => ({
    ...p,
    describeSubnets: async (ids, o) => (await p.describeSubnets(ids, o)).map((subnet) => ({ ...subnet, gateway: undefined })),
  }),
  'gives a range with host bits': (p) => ({
    ...p,
    describeSubnets: async (ids, o) => (await p.describeSubnets(ids, o)).map((subnet) => ({ ...subnet, cidr: '192.168.100.1/24' })),
  }),
  'repeats createNic': (p) => ({
    ...p,
    createNic: async (request, o) => {
      try {
        return await p.createNic(request, o);
      } catch (error) {
        if (error instanceof ProviderError && error.retryable) return p.createNic(request, o);
        throw error;
      }
    },
  }),
  'ignores the wished address': (p) => ({ ...p, createNic: ({ address: _, ...request }, o) => p.createNic(request, o) }),
  'forgets the name': (p) => mapNics(p, (nic) => ({ ...nic, name: '' })),
  'gives MAC addresses in upper case': (p) => mapNics(p, (nic) => ({ ...nic, mac: nic.mac.toUpperCase().replace('52:54', '5A:54') })),
  'gives addresses with prefix length': (p) => mapNics(p, (nic) => ({ ...nic, addresses: nic.addresses.map((ip) => `${ip}/24`) })),
  'gives no addresses': (p) => mapNics(p, (nic) => ({ ...nic, addresses: [] })),
  'gives an empty instance id for none': (p) => mapNics(p, (nic) => ({ ...nic, instanceId: nic.instanceId ?? '' })),
  'takes every NIC for a secondary one': (p) => mapNics(p, (nic) => ({ ...nic, role: 'secondary' })),
  'takes the NIC for attached as soon as the job starts': (p) => ({
    ...p,
    describeJobs: async (ids, o) => (await p.describeJobs(ids, o)).map((job) => ({ ...job, status: 'succeeded' as const })),
  }),
  'takes failed jobs for running': (p) => ({
    ...p,
    describeJobs: async (ids, o) =>
      (await p.describeJobs(ids, o)).map((job) => (job.status === 'failed' ? { ...job, status: 'running' as const } : job)),
  }),
  'takes failed jobs for done': (p) => ({
    ...p,
    describeJobs: async (ids, o) =>
      (await p.describeJobs(ids, o)).map((job) => ({ ...job, status: 'succeeded' as const, reason: undefined })),
  }),
  'gives no reason for a failed job': (p) => ({
    ...p,
    describeJobs: async (ids, o) => (await p.describeJobs(ids, o)).map((job) => ({ ...job, reason: undefined })),
  }),
  'attaches the first NIC only': (p) => ({ ...p, attachNics: (ids, instance, o) => p.attachNics(ids.slice(0, 1), instance, o) }),
  'deletes the first NIC only': (p) => ({ ...p, deleteNics: (ids, o) => p.deleteNics(ids.slice(0, 1), o) }),
  'deletes what is gone without a word': (p) => ({
    ...p,
    deleteNics: async (ids, o) => {
      try {
        await p.deleteNics(ids, o);
      } catch (error) {
        if (!(error instanceof NicError) || error.code !== 'ERR_NOT_FOUND') throw error;
      }
    },
  }),
  'takes every failure for a refusal': (p) => mapErrors(p, (error) => recoded(error, 'refused')),
  'takes every failure for unknown': (p) => mapErrors(p, (error) => recoded(error, 'unknown')),
  'has one code for everything': (p) => mapErrors(p, (error) => recoded(error, error.outcome, 'ERR_SERVICE')),
  'rejects with plain errors': (p) => mapErrors(p, (error) => new Error(error.message)),
  'rejects with plain NicErrors': (p) => mapErrors(p, (error) => new NicError(error.code, error.message)),
  'ignores signals': (p) => ({
    ...p,
    createNic: (request) => p.createNic(request),
    listNics: (filter) => p.listNics(filter),
  }),
  'takes a call that was ended before it began for one that may have arrived': (p) =>
    mapErrors(p, (error) => (error.code === 'ERR_CANCELLED' ? recoded(error, 'unknown') : error)),
  'changes its instance id': (p) => ({ ...p, instanceId: async () => `i-${serial++}` }),
  'cannot be closed twice': (p) => {
    let closed = false;
    return {
      ...p,
      close: async () => {
        if (closed) throw new Error('closed already');
        closed = true;
      },
    };
  },
};

describe('describeProvider()', () => {
  it('passes the reference provider', async () => {
    const { passed, failed } = await runSuite();
    expect(failed).to.deep.equal([]);
    expect(passed).to.have.length.above(30);
  });

  it('defines the cases that need faults only where faults can be made', () => {
    const titles = (faults: boolean): string[] => {
      const found: string[] = [];
      describeProvider({
        name: 'x',
        describe: (_title, body) => body(),
        it: (title) => found.push(title),
        setup: async () => createMemoryBed(),
        faults,
      });
      return found;
    };
    expect(titles(true).slice(0, titles(false).length)).to.deep.equal(titles(false));
    expect(titles(true)).to.have.length.above(titles(false).length);
  });

  for (const [flaw, mutate] of Object.entries(MUTANTS)) {
    it(`fails a provider that ${flaw}`, async () => {
      const { failed } = await runSuite(mutate);
      expect(failed).to.have.length.above(0);
    });
  }
});
