import { NicError } from '../../../lib/errors.js';
import type { LogFields } from '../../../lib/log.js';
import type { Limits } from './options.js';

/** The limits of the real service (docs, `compute/vm/manual/nic.md`; per call: `hostnic-cni` issue 74). */
const SERVICE = { nicsPerInstance: 64, nicsPerVxnet: 252, nicsPerCall: 5 } as const;

/**
 * Fills in the service's limits and checks what was given.
 * @throws NicError `ERR_CONFIG` with the name of the limit
 */
export function toLimits(given: Limits): Required<Limits> {
  const all: Required<Limits> = {
    nicsPerInstance: given.nicsPerInstance ?? SERVICE.nicsPerInstance,
    nicsPerVxnet: given.nicsPerVxnet ?? SERVICE.nicsPerVxnet,
    nicsPerCall: given.nicsPerCall ?? SERVICE.nicsPerCall,
    nicsPerAccount: given.nicsPerAccount ?? Number.POSITIVE_INFINITY,
    callsPerHour: given.callsPerHour ?? Number.POSITIVE_INFINITY,
  };
  for (const [name, value] of Object.entries(all)) {
    if (value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && value >= 0)) continue;
    throw new NicError('ERR_CONFIG', `emulator options: limits.${name} must be a whole number, 0 or more`);
  }
  return all;
}

/** The limits that are above those of the real service, each with the service's; undefined when none is. */
export function raisedLimits(limits: Required<Limits>): LogFields | undefined {
  const raised = new Map<string, string>();
  for (const [name, service] of Object.entries(SERVICE)) {
    const limit = new Map(Object.entries(limits)).get(name) ?? service;
    if (limit > service) raised.set(name, `${limit} (the service: ${service})`);
  }
  return raised.size === 0 ? undefined : Object.fromEntries(raised);
}
