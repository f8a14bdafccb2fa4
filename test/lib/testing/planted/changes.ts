import { altered, mapErrors, type PlantedFault, unless } from './planted-fault.js';

/** Faults of what is changed, and of what jobs are told to be. */
export const CHANGE_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'doubles on retry: repeats createNic whose answer was lost': {
    plant: (p) => ({ ...p, createNic: (request, o) => unless(p.createNic(request, o), ['ERR_TRANSPORT'], () => p.createNic(request, o)) }),
    by: 'never repeated when its answer is lost',
    because: /whose answer is lost must reject/,
  },
  'doubles on retry without telling: repeats it, and reports the first failure': {
    plant: (p) => ({
      ...p,
      createNic: (request, o) =>
        unless(p.createNic(request, o), ['ERR_TRANSPORT'], async (error) => {
          await p.createNic(request, o);
          throw error;
        }),
    }),
    by: 'never repeated when its answer is lost',
    because: /exactly one NIC must have been made/,
  },
  'takes a NIC of the same name for the new one': {
    plant: (p) => ({
      ...p,
      createNic: async (request, o) => (await p.listNics({ name: request.name }, o))[0] ?? p.createNic(request, o),
    }),
    by: 'works again after a lost answer',
    because: /the lost one and the other/,
  },
  'ignores the wished address': {
    plant: (p) => ({ ...p, createNic: ({ address: _, ...request }, o) => p.createNic(request, o) }),
    by: 'gives a wished address, once',
    because: /must have the wished address/,
  },
  'leaves a NIC with another address when the wished one is taken': {
    plant: (p) => ({
      ...p,
      createNic: (request, o) =>
        unless(p.createNic(request, o), ['ERR_STATE'], async (error) => {
          await p.createNic({ subnetId: request.subnetId, name: request.name }, o);
          throw error;
        }),
    }),
    by: 'gives a wished address, once',
    because: /the refused one must not exist/,
  },
  'attaches the first NIC only': {
    plant: (p) => ({ ...p, attachNics: (ids, instance, o) => p.attachNics(ids.slice(0, 1), instance, o) }),
    by: 'takes as many NICs as its features say',
    because: /all of them must be held/,
  },
  'attaches the NICs it can when one is refused': {
    plant: (p) => ({
      ...p,
      attachNics: (ids, instance, o) =>
        unless(p.attachNics(ids, instance, o), ['ERR_NOT_FOUND'], async (error) => {
          const known = await p.listNics({ ids });
          if (instance === 'i-1' && known.length > 0) await p.attachNics([known[0]?.id ?? ''], instance, o);
          throw error;
        }),
    }),
    by: 'all of its NICs when one is refused',
    because: /after one that was refused must resolve, not reject with ERR_STATE/,
  },
  'cuts a list that is too long to the length that is allowed': {
    plant: (p) => ({ ...p, attachNics: (ids, instance, o) => p.attachNics(ids.slice(0, p.features.maxNicsPerCall), instance, o) }),
    by: 'refuse more NICs than a call takes',
    because: /too many NICs must reject/,
  },
  'deletes the first NIC only': {
    plant: (p) => ({ ...p, deleteNics: (ids, o) => p.deleteNics(ids.slice(0, 1), o) }),
    by: 'deleteNics() deletes what nothing holds',
    because: /must be gone, and no other/,
  },
  'deletes five NICs of a longer list': {
    plant: (p) => ({ ...p, deleteNics: (ids, o) => p.deleteNics(ids.slice(0, 5), o) }),
    by: 'takes any number of NICs',
    because: /all must be deleted/,
  },
  'deletes what is gone without a word': {
    plant: (p) => ({ ...p, deleteNics: (ids, o) => unless(p.deleteNics(ids, o), ['ERR_NOT_FOUND'], () => {}) }),
    by: 'says that a NIC is gone already',
    because: /of an unknown NIC must reject/,
  },
  'deletes while attached': {
    plant: (p, cloud) => ({
      ...p,
      deleteNics: (ids, o) =>
        unless(p.deleteNics(ids, o), ['ERR_STATE'], () => {
          for (const id of ids) cloud.removeNic(id);
        }),
    }),
    by: 'deleteNics() refuses a NIC that is held',
    because: /of a NIC in use must reject/,
  },
  'deletes while attached, and says that it did not': {
    plant: (p, cloud) => ({
      ...p,
      deleteNics: (ids, o) =>
        unless(p.deleteNics(ids, o), ['ERR_STATE'], (error) => {
          for (const id of ids) cloud.removeNic(id);
          throw error;
        }),
    }),
    by: 'deleteNics() refuses a NIC that is held',
    because: /must find exactly one NIC/,
  },
  'deletes while a job is under way': {
    plant: (p, cloud) => ({
      ...p,
      deleteNics: async (ids, o) => {
        const moving = cloud.jobs().some((job) => job.status === 'running' && job.nicIds.some((id) => ids.includes(id)));
        if (!moving) return p.deleteNics(ids, o);
        for (const id of ids) cloud.removeNic(id);
      },
    }),
    by: 'whose detach is under way cannot be deleted',
    because: /on its way must reject/,
  },
  'detaches the primary NIC': {
    plant: (p) => ({ ...p, detachNics: (ids, o) => unless(p.detachNics(ids, o), ['ERR_STATE'], () => 'job-000001') }),
    by: 'cannot be detached',
    because: /of a primary NIC must reject/,
  },
  'takes a NIC for attached as soon as the job starts': {
    plant: (p) => ({
      ...p,
      describeJobs: async (ids, o) => (await p.describeJobs(ids, o)).map((job) => ({ ...job, status: 'succeeded' as const })),
    }),
    by: 'can be neither deleted nor attached',
    because: /a job that was held must be running/,
  },
  'takes failed jobs for running': {
    plant: (p) => ({
      ...p,
      describeJobs: async (ids, o) =>
        (await p.describeJobs(ids, o)).map((job) => (job.status === 'failed' ? { ...job, status: 'running' as const } : job)),
    }),
    by: 'a failed attach job tells why',
    because: /did not end/,
  },
  'takes failed jobs for done': {
    plant: (p) => ({
      ...p,
      describeJobs: async (ids, o) =>
        (await p.describeJobs(ids, o)).map((job) => (job.status === 'failed' ? { ...job, status: 'succeeded', reason: undefined } : job)),
    }),
    by: 'a failed attach job tells why',
    because: /must be told as failed/,
  },
  'gives no reason for a failed job': {
    plant: (p) => ({
      ...p,
      describeJobs: async (ids, o) => (await p.describeJobs(ids, o)).map((job) => ({ ...job, reason: undefined })),
    }),
    by: 'a failed attach job tells why',
    because: /a failed job has a reason/,
  },
  'puts more NICs into a subnet than there are addresses': {
    plant: (p, cloud) => ({
      ...p,
      createNic: (request, o) => unless(p.createNic(request, o), ['ERR_CAPACITY'], () => cloud.addNic(request)),
    }),
    by: 'in a full subnet is refused',
    because: /as many must succeed as there is room for/,
  },
  'takes a full subnet for a wrong request': {
    plant: (p) => mapErrors(p, (error) => (error.code === 'ERR_CAPACITY' ? altered(error, { code: 'ERR_REQUEST' }) : error)),
    by: 'in a full subnet is refused',
    because: /can mean a lack of room, not with ERR_REQUEST/,
  },
  'takes a full instance for success': {
    plant: (p) => ({
      ...p,
      attachNics: (ids, instance, o) => unless(p.attachNics(ids, instance, o), ['ERR_INSTANCE_FULL'], () => 'job-000001'),
    }),
    by: 'to a full instance is refused',
    because: /as many must succeed as there is room for/,
  },
  'allows forwarding to NICs that do not exist': {
    plant: (p) => ({ ...p, allowForwarding: (id, o) => unless(p.allowForwarding(id, o), ['ERR_NOT_FOUND'], () => {}) }),
    by: 'allowForwarding() can be repeated',
    because: /of an unknown NIC must reject/,
  },
};
