import { NicError } from '../../../lib/errors.js';
import { pickAddresses, refuseAddress } from './address-pool.js';
import type { CloudState, EmulatedInstance, EmulatedNic } from './model.js';
import { newMac } from './new-id.js';
import type { InstanceOptions } from './options.js';
import type { Settings } from './settings.js';

function toInstance(options: InstanceOptions, now: number): EmulatedInstance {
  const { id, name = id, status = 'running', clusterNode = false, namespace } = options;
  return { id, name, status, clusterNode, hasNamespace: namespace !== undefined, createdAt: now, statusAt: now };
}

function primaryAddress(
  settings: Settings,
  nics: ReadonlyMap<string, EmulatedNic>,
  vxnetId: string,
  wished: string | undefined,
  where: string,
): string {
  const vxnet = settings.vxnets.get(vxnetId);
  if (vxnet === undefined || vxnet.routerId === undefined) return '';
  if (wished !== undefined) {
    const refusal = refuseAddress(vxnet, [...nics.values()], wished);
    if (refusal === undefined) return wished;
    throw new NicError('ERR_CONFIG', `emulator options: ${where} is ${refusal === 'taken' ? 'taken' : `outside of ${vxnet.cidr}`}`);
  }
  const [address] = pickAddresses(vxnet, [...nics.values()], 1, settings.choices.addressOrder, settings.random);
  if (address === undefined) throw new NicError('ERR_CONFIG', `emulator options: ${where}: vxnet ${vxnetId} has no free address`);
  return address;
}

/**
 * The cloud as it is at the start: instances with their primary NICs.
 * @throws NicError `ERR_CONFIG` when the address of a primary NIC cannot be had, or its id is given twice
 */
export function toInitialState(settings: Settings): CloudState {
  const now = settings.clock.now();
  const nics = new Map<string, EmulatedNic>();
  for (const [i, { id: instanceId, primaryNic }] of settings.instances.entries()) {
    if (primaryNic === undefined) continue;
    const id = primaryNic.id ?? newMac(settings.random, nics);
    if (nics.has(id)) throw new NicError('ERR_CONFIG', `emulator options: instances[${i}].primaryNic.id is given twice`);
    nics.set(id, {
      id,
      name: '',
      vxnetId: primaryNic.vxnetId,
      address: primaryAddress(settings, nics, primaryNic.vxnetId, primaryNic.address, `instances[${i}].primaryNic.address`),
      status: 'in-use',
      instanceId,
      role: 1,
      sequence: 0,
      antiSpoofing: settings.antiSpoofing,
      transition: undefined,
      plugged: false,
      createdAt: now,
      statusAt: now,
    });
  }
  const instances = new Map(settings.instances.map((options) => [options.id, toInstance(options, now)]));
  return { routers: settings.routers, vxnets: settings.vxnets, instances, nics, jobs: new Map() };
}
