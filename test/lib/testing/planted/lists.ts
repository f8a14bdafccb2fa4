import type { Nic } from '../../../../lib/nic.js';
import type { NicProvider } from '../../../../lib/provider.js';
import { gone, mapNics, type PlantedFault } from './planted-fault.js';

/** Reads a list page by page, each page at its own time. */
function byPages(provider: NicProvider, size: number): NicProvider['listNics'] {
  return async (filter, options) => {
    const found = new Map<string, Nic>();
    for (let offset = 0; ; offset += size) {
      const page = (await provider.listNics(filter, options)).slice(offset, offset + size);
      for (const nic of page) found.set(nic.id, nic);
      if (page.length < size) return [...found.values()];
    }
  };
}

let serial = 0;

/** Faults of what is read. */
export const LIST_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'forgets all pages but the first': {
    plant: (p) => ({ ...p, listNics: async (filter, o) => (await p.listNics(filter, o)).slice(0, 100) }),
    by: 'gives every page',
    because: /must give all of 101 NICs/,
  },
  'leaves the size of a page to the cloud and takes the first for all': {
    plant: (p) => ({ ...p, listNics: async (filter, o) => (await p.listNics(filter, o)).slice(0, 20) }),
    by: 'gives every page',
    because: /must give all of 21 NICs/,
  },
  'takes a full page for one of more, and the last NIC of it for the first of the next': {
    plant: (p) => ({
      ...p,
      listNics: async (filter, o) => {
        const nics = await p.listNics(filter, o);
        return nics.length > 0 && nics.length % 50 === 0 ? [...nics, ...nics.slice(-1)] : nics;
      },
    }),
    by: 'gives every page',
    because: /must give each of 50 NICs once/,
  },
  'sends the first hundred ids only': {
    plant: (p) => ({
      ...p,
      listNics: (filter, o) => p.listNics(filter.ids === undefined ? filter : { ...filter, ids: filter.ids.slice(0, 100) }, o),
    }),
    by: 'takes more ids than fit',
    because: /must give the NICs of all ids/,
  },
  'loses NICs that slide to an earlier page while it reads': {
    plant: (p) => ({ ...p, listNics: byPages(p, 25) }),
    by: 'misses no NIC while others come and go',
    because: /was there all the time/,
  },
  'matches parts of names': {
    plant: (p) => ({
      ...p,
      listNics: async ({ name, ...filter }, o) => (await p.listNics(filter, o)).filter((nic) => nic.name.includes(name ?? '')),
    }),
    by: 'compares names exactly',
    because: /suite-name2/,
  },
  'ignores the case of names': {
    plant: (p) => ({
      ...p,
      listNics: async ({ name, ...filter }, o) =>
        (await p.listNics(filter, o)).filter((nic) => name === undefined || nic.name.toLowerCase() === name.toLowerCase()),
    }),
    by: 'compares names exactly',
    because: /Suite-Name/,
  },
  'ignores the status filter': {
    plant: (p) => ({ ...p, listNics: ({ status: _, ...filter }, o) => p.listNics(filter, o) }),
    by: 'combines its fields with AND',
    because: /must combine name and status/,
  },
  'ignores the instance filter': {
    plant: (p) => ({ ...p, listNics: ({ instanceId: _, ...filter }, o) => p.listNics(filter, o) }),
    by: 'combines its fields with AND',
    because: /must combine name and instanceId/,
  },
  'ignores the subnet filter': {
    plant: (p) => ({ ...p, listNics: ({ subnetIds: _, ...filter }, o) => p.listNics(filter, o) }),
    by: 'combines its fields with AND',
    because: /must combine name and subnetIds/,
  },
  'takes an empty list of ids for no filter': {
    plant: (p) => ({
      ...p,
      listNics: ({ ids, ...filter }, o) => p.listNics({ ...filter, ...(ids === undefined || ids.length === 0 ? {} : { ids }) }, o),
    }),
    by: 'leaves out unknown ids',
    because: /empty list of ids matches nothing/,
  },
  'rejects for unknown NICs': {
    plant: (p) => ({
      ...p,
      listNics: async (filter, o) => {
        const nics = await p.listNics(filter, o);
        if (filter.ids !== undefined && nics.length < filter.ids.length) throw gone();
        return nics;
      },
    }),
    by: 'leaves out unknown ids',
    because: /must resolve, not reject with ERR_NOT_FOUND/,
  },
  'rejects for unknown jobs': {
    plant: (p) => ({
      ...p,
      describeJobs: async (ids, o) => {
        const jobs = await p.describeJobs(ids, o);
        if (jobs.length < ids.length) throw gone();
        return jobs;
      },
    }),
    by: 'describeJobs() leaves out',
    because: /must resolve, not reject with ERR_NOT_FOUND/,
  },
  'rejects for unknown subnets': {
    plant: (p) => ({
      ...p,
      describeSubnets: async (ids, o) => {
        const subnets = await p.describeSubnets(ids, o);
        if (subnets.length < ids.length) throw gone();
        return subnets;
      },
    }),
    by: 'describeSubnets() gives the subnets that exist',
    because: /must resolve, not reject with ERR_NOT_FOUND/,
  },
  'describes all subnets, whatever was asked': {
    plant: (p) => ({ ...p, describeSubnets: (_ids, o) => p.describeSubnets(['net-1', 'net-2', 'net-3'], o) }),
    by: 'describeSubnets() gives the subnets that exist',
    because: /must give those that exist/,
  },
  'forgets the router': {
    plant: (p) => ({
      ...p,
      describeSubnets: async (ids, o) => (await p.describeSubnets(ids, o)).map((subnet) => ({ ...subnet, gateway: undefined })),
    }),
    by: 'tells range and router',
    because: /cidr and gateway must be addresses/,
  },
  'gives a range with host bits': {
    plant: (p) => ({
      ...p,
      describeSubnets: async (ids, o) => (await p.describeSubnets(ids, o)).map((subnet) => ({ ...subnet, cidr: '192.168.100.1/24' })),
    }),
    by: 'tells range and router',
    because: /must have no host bits/,
  },
  'forgets the name': {
    plant: (p) => mapNics(p, (nic) => ({ ...nic, name: '' })),
    by: 'gives a NIC that is available and complete',
    because: /name: 'suite-one'/,
  },
  'gives MAC addresses in upper case': {
    plant: (p) => mapNics(p, (nic) => ({ ...nic, mac: nic.mac.replace('52:54', '5A:54') })),
    by: 'gives a NIC that is available and complete',
    because: /mac is written in lower case/,
  },
  'gives addresses with prefix length': {
    plant: (p) => mapNics(p, (nic) => ({ ...nic, addresses: nic.addresses.map((ip) => `${ip}/24`) })),
    by: 'gives a NIC that is available and complete',
    because: /without prefix length/,
  },
  'gives no addresses': {
    plant: (p) => mapNics(p, (nic) => ({ ...nic, addresses: [] })),
    by: 'gives a NIC that is available and complete',
    because: /must be in the range of its subnet/,
  },
  'gives an empty instance id for none': {
    plant: (p) => mapNics(p, (nic) => ({ ...nic, instanceId: nic.instanceId ?? '' })),
    by: 'gives a NIC that is available and complete',
    because: /in use exactly when it names its instance/,
  },
  'takes every NIC for a secondary one': {
    plant: (p) => mapNics(p, (nic) => ({ ...nic, role: 'secondary' })),
    by: 'primary NIC of an instance is told apart',
    because: /'primary'/,
  },
  'tells a new NIC otherwise than a listed one': {
    plant: (p) => ({ ...p, createNic: async (request, o) => ({ ...(await p.createNic(request, o)), subnetId: 'vpc-1/net-1' }) }),
    by: 'finds at once, as they were told',
    because: /vpc-1\/net-1/,
  },
  'changes its instance id': {
    plant: (p) => ({ ...p, instanceId: async () => `i-${serial++}` }),
    by: 'gives the same id each time',
    because: /i-\d/,
  },
  'says that it can do less than it can': {
    plant: (p) => ({ ...p, features: { ...p.features, forwarding: false } }),
    by: 'features.forwarding is true',
    because: /must be what the suite was told/,
  },
};
