import type { NicProvider } from '../../lib/provider.js';
import type { MemoryCloud } from '../../providers/memory/index.js';

/** Lets all providers of a cloud, from now on, do some things another way. @param change gives what is done another way, knowing the original */
export function changeProvider(cloud: MemoryCloud, change: (original: NicProvider) => Partial<NicProvider>): void {
  const makeProvider = cloud.provider.bind(cloud);
  cloud.provider = (options) => {
    const original = makeProvider(options);
    const changed = Object.entries(change(original));
    return new Proxy(original, {
      get(target, name) {
        const own = changed.find(([key]) => key === name)?.[1];
        const value: unknown = own ?? Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
}

/** A cloud that knows no job: whoever asks for one gets no answer about it. */
export const forgetsJobs = (): Partial<NicProvider> => ({ describeJobs: async () => [] });
