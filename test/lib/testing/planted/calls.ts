import { NicError, ProviderError } from '../../../../lib/errors.js';
import type { Nic } from '../../../../lib/nic.js';
import type { NicFilter } from '../../../../lib/provider.js';
import { altered, mapErrors, type PlantedFault, unless } from './planted-fault.js';

/** Timers that a fault leaves running; whoever plants it has to stop them. */
export const leftTimers: NodeJS.Timeout[] = [];

/** Faults of what errors say, of calls that are ended, and of calls at the same time. */
export const CALL_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'takes every failure for a refusal': {
    plant: (p) => mapErrors(p, (error) => altered(error, { outcome: 'refused' })),
    by: 'createNic() is never repeated when its answer is lost',
    because: /nobody can know whether it took effect/,
  },
  'takes every failure for unknown': {
    plant: (p) => mapErrors(p, (error) => altered(error, { outcome: 'unknown' })),
    by: 'refuses a subnet that does not exist',
    because: /a definite no has the outcome "refused"/,
  },
  'has one code for everything': {
    plant: (p) => mapErrors(p, (error) => altered(error, { code: 'ERR_SERVICE' })),
    by: 'says that a NIC is gone already',
    because: /must reject with ERR_NOT_FOUND, not with ERR_SERVICE/,
  },
  'takes too many requests for a quota that is used up': {
    plant: (p) => mapErrors(p, (error) => (error.code === 'ERR_RATE_LIMIT' ? altered(error, { code: 'ERR_QUOTA' }) : error)),
    by: 'refuses with ERR_RATE_LIMIT',
    because: /the code of createNic\(\)/,
  },
  'takes a clock that is off for wrong keys': {
    plant: (p) => mapErrors(p, (error) => (error.code === 'ERR_CLOCK' ? altered(error, { code: 'ERR_AUTH' }) : error)),
    by: 'refuses with ERR_CLOCK',
    because: /the code of createNic\(\)/,
  },
  'gives up a service that is busy': {
    plant: (p) => mapErrors(p, (error) => altered(error, { retryable: false })),
    by: 'refuses with ERR_BUSY',
    because: /ERR_BUSY of createNic\(\) is retryable: true/,
  },
  'lets wrong keys be tried again': {
    plant: (p) => mapErrors(p, (error) => altered(error, { retryable: true })),
    by: 'refuses with ERR_AUTH',
    because: /ERR_AUTH of createNic\(\) is retryable: false/,
  },
  'rejects with plain errors': {
    plant: (p) => mapErrors(p, (error) => new Error(error.message)),
    by: 'refuses a subnet that does not exist',
    because: /must reject with an error of this package/,
  },
  'rejects with plain NicErrors': {
    plant: (p) => mapErrors(p, (error) => new NicError(error.code, error.message)),
    by: 'refuses a subnet that does not exist',
    because: /must reject with a ProviderError, not with NicError/,
  },
  'names no action': {
    plant: (p) =>
      mapErrors(p, ({ code, message, retryable, outcome }) => new ProviderError(code, message, { action: '', retryable, outcome })),
    by: 'refuses a subnet that does not exist',
    because: /the error must name the action/,
  },
  'ignores signals': {
    plant: (p) => ({ ...p, createNic: (request) => p.createNic(request) }),
    by: 'gives up at once when its signal is aborted already',
    because: /createNic\(\) with an aborted signal must reject/,
  },
  'looks at the signal at the beginning only': {
    plant: (p) => ({
      ...p,
      createNic: (request, { signal } = {}) => p.createNic(request, signal?.aborted === true ? { signal } : {}),
    }),
    by: 'createNic() that is ended under way',
    because: /gives up when its signal aborts/,
  },
  'takes a call that was ended before it began for one that may have arrived': {
    plant: (p) => mapErrors(p, (error) => (error.code === 'ERR_CANCELLED' ? altered(error, { outcome: 'unknown' }) : error)),
    by: 'gives up at once when its signal is aborted already',
    because: /nothing was sent/,
  },
  'leaks on abort: says that nothing was made when the request had come already': {
    plant: (p) => mapErrors(p, (error) => (error.code === 'ERR_CANCELLED' ? altered(error, { outcome: 'refused' }) : error)),
    by: 'createNic() that is ended under way',
    because: /may have taken effect/,
  },
  'takes a deadline for a cancellation': {
    plant: (p) => mapErrors(p, (error) => (error.code === 'ERR_DEADLINE' ? altered(error, { code: 'ERR_CANCELLED' }) : error)),
    by: 'a call whose time is up under way',
    because: /code and outcome of createNic/,
  },
  'leaks on abort: keeps listening to the signals of calls that are over': {
    plant: (p) => ({
      ...p,
      listNics: (filter, o) => {
        o?.signal?.addEventListener('abort', () => {});
        return p.listNics(filter, o);
      },
    }),
    by: 'a signal that aborts after a call changes nothing',
    because: /must take their listeners off the signal/,
  },
  'leaks on abort: goes on waiting for the answer': {
    plant: (p) => ({
      ...p,
      listNics: (filter, o) =>
        unless(p.listNics(filter, o), ['ERR_CANCELLED'], (error) => {
          leftTimers.push(setTimeout(() => {}, 3_600_000));
          throw error;
        }),
    }),
    by: 'leave no timer and no connection behind',
    because: /timers and connections of calls that were ended are gone/,
  },
  'shares a read among its callers, and ends it with the first who gives up': {
    plant: (p) => {
      const running = new Map<string, Promise<readonly Nic[]>>();
      return {
        ...p,
        listNics: (filter, o) => {
          const key = JSON.stringify(filter);
          const shared = running.get(key) ?? Promise.resolve().then(() => p.listNics(filter, o));
          running.set(key, shared);
          const forget = (): void => void running.delete(key);
          shared.then(forget, forget);
          return shared;
        },
      };
    },
    by: 'takes nobody along',
    because: /listNics\(\) of another caller must succeed/,
  },
  'shares one request among its callers, and gives each the answers of all': {
    plant: (p) => {
      let together: { readonly ids: string[]; readonly answer: ReturnType<typeof p.describeJobs> } | undefined;
      return {
        ...p,
        describeJobs: (ids) => {
          if (together === undefined) {
            const all: string[] = [];
            const answer = Promise.resolve().then(() => {
              together = undefined;
              return p.describeJobs(all);
            });
            together = { ids: all, answer };
          }
          together.ids.push(...ids);
          return together.answer;
        },
      };
    },
    by: 'reads at the same time get each its own answer',
    because: /describeJobs\(\) must give what this caller asked for/,
  },
  'shares one request among its callers, and fails all when one is refused': {
    plant: (p) => {
      let together: { readonly ids: string[]; readonly jobId: Promise<string> } | undefined;
      return {
        ...p,
        attachNics: (ids, instance, o) => {
          if (o?.signal !== undefined || ids.length > 1) return p.attachNics(ids, instance, o);
          if (together === undefined) {
            const all: string[] = [];
            const jobId = Promise.resolve().then(() => {
              together = undefined;
              return p.attachNics(all, instance);
            });
            together = { ids: all, jobId };
          }
          together.ids.push(...ids);
          return together.jobId;
        },
      };
    },
    by: 'a call that is refused harms none',
    because: /that nothing is wrong with must succeed/,
  },
  'takes two requests for the same for one': {
    plant: (p) => {
      const running = new Map<string, Promise<Nic>>();
      return {
        ...p,
        createNic: (request, o) => {
          const key = JSON.stringify(request);
          const shared = running.get(key) ?? p.createNic(request, o).finally(() => running.delete(key));
          running.set(key, shared);
          return shared;
        },
      };
    },
    by: 'makes as many different NICs',
    because: /id must differ/,
  },
  'keeps lists that others may have changed': {
    plant: (p) => {
      const kept = new Map<string, readonly Nic[]>();
      const keyOf = (filter: NicFilter): string => JSON.stringify(filter);
      return {
        ...p,
        listNics: async (filter, o) => {
          const nics = kept.get(keyOf(filter)) ?? (await p.listNics(filter, o));
          kept.set(keyOf(filter), nics);
          return nics;
        },
      };
    },
    by: 'what another process does is seen at once',
    because: /that another process attached must be seen in use/,
  },
  'cannot be closed twice': {
    plant: (p) => {
      let closed = false;
      return {
        ...p,
        close: async () => {
          if (closed) throw new Error('closed already');
          closed = true;
        },
      };
    },
    by: 'close() may be called twice',
    because: /the second close\(\) must resolve/,
  },
};
