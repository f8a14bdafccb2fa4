import { systemClock } from '../../lib/clock.js';
import type { Nic } from '../../lib/nic.js';
import type { ProviderFeatures } from '../../lib/provider.js';
import { toAbortedError } from './fault.js';
import type { MemoryCall, MemoryCallHook, MemoryCloud, MemoryCloudOptions } from './interface.js';
import { JobRunner } from './job-runner.js';
import { createMemoryProvider, type RunCall } from './provider.js';
import { MemoryState } from './state.js';

const DEFAULT_FEATURES: ProviderFeatures = {
  wishedAddress: true,
  forwarding: true,
  maxNicsPerInstance: 64,
  maxNicsPerCall: 5,
  lateEffectMs: 0,
};

/** Waits for a hook, but not beyond the caller's signal. */
async function waitFor(waiting: Promise<void>, signal: AbortSignal | undefined, what: string): Promise<void> {
  if (signal === undefined) return waiting;
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(toAbortedError(what, signal, 'unknown'));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    await Promise.race([waiting, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Makes a cloud that lives in this process and is gone with it. @throws RangeError when a subnet's range or gateway is no address */
export function createMemoryCloud(options: MemoryCloudOptions): MemoryCloud {
  const clock = options.clock ?? systemClock;
  const nics = new Map<string, Nic>();
  const jobMs = options.jobMs ?? 0;
  const jobs = new JobRunner({
    nics,
    clock,
    fabric: options.fabric,
    jobMs,
    linkMs: options.linkMs ?? jobMs,
    timers: options.timers ?? false,
  });
  const features = { ...DEFAULT_FEATURES, ...options.features };
  const state = new MemoryState({
    nics,
    subnets: options.subnets,
    maxNicsPerSubnet: options.maxNicsPerSubnet ?? 252,
    features,
    jobs,
    fabric: options.fabric,
    now: () => clock.now(),
  });
  state.instances.add(options.instanceId);
  const calls: MemoryCall[] = [];

  const cloud: MemoryCloud = {
    onCall: undefined,
    provider: ({ instanceId = options.instanceId } = {}) => createMemoryProvider(instanceId, features, state, run),
    addInstance: (instanceId) => void state.instances.add(instanceId),
    addNic: (nic) => state.addNic(nic),
    removeNic: (nicId) => state.removeNic(nicId),
    nics: () => [...nics.values()],
    forwardingNics: () => [...state.forwarding],
    jobs: () => jobs.all(),
    finishJobs: (failure) => jobs.finish(failure),
    failJobs: (count, reason) => jobs.failNext(count, reason),
    calls: () => [...calls],
    close: async () => jobs.close(),
  };

  const run: RunCall = async (action, args, callOptions, effect) => {
    const signal = callOptions?.signal;
    if (signal?.aborted === true) throw toAbortedError(action, signal, 'refused');
    const hook = async (phase: Parameters<MemoryCallHook>[1]): Promise<void> => {
      const waiting = cloud.onCall?.(action, phase, args);
      if (waiting !== undefined) await waitFor(waiting, signal, action);
    };
    calls.push({ action, args });
    await hook('before');
    await jobs.advance();
    const result = await effect();
    await hook('after');
    return result;
  };

  return cloud;
}
