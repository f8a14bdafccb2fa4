import type { Server } from 'node:http';
import { decode, orThrow } from '../../../lib/codec.js';
import { NicError } from '../../../lib/errors.js';
import type { EmulatedCall } from './call-log.js';
import { Cloud } from './cloud.js';
import { buildNetworks, startMachines } from './data-centre.js';
import { FaultRuleCodec } from './fault-codec.js';
import type { ActiveFault, FaultRule } from './faults.js';
import { closeHttpServer, createHttpServer, type ListeningAt, listen } from './http-server.js';
import { toInitialState } from './initial-state.js';
import { changeInstanceStatus } from './instance-status.js';
import { JobRunner } from './job-runner.js';
import { raisedLimits } from './limits.js';
import type { EmulatedInstance, EmulatedJob, EmulatedNic, EmulatedVxnet, InstanceStatus } from './model.js';
import type { EmulatorOptions } from './options.js';
import { Service } from './service.js';
import { toSettings } from './settings.js';

/** A running emulator. */
export interface Emulator extends AsyncDisposable {
  /** The URL of the API at the first place it listens at, such as `http://127.0.0.1:40123/iaas`. */
  readonly url: string;
  /** The address of the first place. */
  readonly host: string;
  /** The port of the first place. */
  readonly port: number;
  /** All places it listens at. */
  readonly listening: readonly ListeningAt[];
  /** The vxnets. */
  vxnets(): readonly EmulatedVxnet[];
  /** The instances. */
  instances(): readonly EmulatedInstance[];
  /** All NICs there are now, primary ones too. */
  nics(): readonly EmulatedNic[];
  /** All jobs since the start. */
  jobs(): readonly EmulatedJob[];
  /** The calls that came, oldest first; the last 10,000 of them. */
  calls(): readonly EmulatedCall[];
  /** How many calls named each action since the start. */
  callCounts(): Readonly<Record<string, number>>;
  /**
   * Puts a fault in force and gives its id.
   * @throws DecodeError `ERR_DECODE` when the rule has an impossible value
   */
  addFault(rule: FaultRule): string;
  /** Ends a fault; false when there is none of that id. */
  removeFault(id: string): boolean;
  /** Ends all faults. Calls they struck already go on as they would. */
  clearFaults(): void;
  /** The faults given and not removed. */
  faults(): readonly ActiveFault[];
  /** Changes the status of an instance. @throws NicError `ERR_NOT_FOUND` */
  setInstanceStatus(id: string, status: InstanceStatus): void;
  /**
   * Takes a NIC out of the namespace it is in and lets it come back to its machine, as a card does whose namespace died.
   * Resolves when it is gone; it is back a little later.
   * @throws NicError `ERR_NOT_FOUND` when it is not plugged, `ERR_NOT_SUPPORTED` without a fabric that does this
   */
  returnNic(id: string): Promise<void>;
  /** Jobs that start from now on stay `pending`, and their time does not run, until {@link Emulator.releaseJobs}. */
  holdJobs(): void;
  /** Lets held jobs begin, and later ones too. */
  releaseJobs(): void;
  /** Resolves when no job runs and no late request is left. Stuck jobs do not count. */
  idle(): Promise<void>;
  /** Stops: cuts all connections and leaves jobs where they are. The fabric stays as it is. Two closes are fine. */
  close(): Promise<void>;
}

/** IPv6 addresses stand in brackets in a URL. */
function toUrl({ host, port }: ListeningAt): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/iaas`;
}

/**
 * Starts a QingCloud API on this machine: it checks signatures, keeps vxnets, NICs and jobs, and, given a fabric, plugs NICs
 * that really carry traffic into the namespaces that play its instances.
 *
 * The same server answers, unsigned and on loopback only, below `/control/`: state and calls to read; faults, jobs, instances and NICs to change.
 *
 * @throws NicError `ERR_CONFIG` for an option that cannot be, `ERR_IO` when it cannot listen, `ERR_NOT_SUPPORTED` when anti-spoofing is
 * asked for and the fabric cannot do it; what the fabric throws
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const settings = toSettings(options);
  const { clock } = settings;
  const now = (): number => clock.now();
  const cloud = new Cloud(toInitialState(settings), now);
  const fabric = options.fabric === undefined ? undefined : await buildNetworks(options.fabric, settings, options.antiSpoofing);
  const jobs = new JobRunner({ cloud, fabric, settings });
  const service = new Service({ cloud, jobs, fabric, settings });
  const addFault = (rule: FaultRule): string => service.faults.add(orThrow(decode(FaultRuleCodec, rule, 'fault rule')));
  for (const rule of options.faults ?? []) addFault(rule);
  if (fabric !== undefined) await startMachines(fabric, settings, cloud);
  const setInstanceStatus = (id: string, status: InstanceStatus): boolean => {
    const change = changeInstanceStatus(cloud.state, id, status, now(), settings.choices.terminatedInstance);
    if (change === undefined) return false;
    cloud.commit(change.state);
    jobs.takeLinks(change.unplugged);
    return true;
  };
  const returnNic = async (id: string): Promise<void> => {
    if (cloud.state.nics.get(id)?.plugged !== true) throw new NicError('ERR_NOT_FOUND', `emulator: nic ${id} is not plugged`);
    if (fabric?.returnNic === undefined) throw new NicError('ERR_NOT_SUPPORTED', 'emulator: there is no fabric that lets NICs come back');
    await fabric.returnNic(id);
  };
  const raised = raisedLimits(settings.limits);
  if (raised !== undefined) settings.log.warn('limits above those of the service', raised);
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    await Promise.all([service.close(), jobs.close(), ...servers.map(closeHttpServer)]);
  };
  const listening: ListeningAt[] = [];
  try {
    for (const target of settings.listen) {
      const server = createHttpServer({
        cloud,
        service,
        jobs,
        settings,
        setInstanceStatus,
        returnNic,
        httpForm: settings.choices.httpForm,
        log: settings.log,
      });
      servers.push(server);
      listening.push(await listen(server, target));
    }
  } catch (error) {
    await close();
    throw error;
  }
  const [first] = listening;
  if (first === undefined) throw new RangeError('checked above: there is at least one place to listen at');
  return {
    url: toUrl(first),
    host: first.host,
    port: first.port,
    listening,
    vxnets: () => [...cloud.state.vxnets.values()],
    instances: () => [...cloud.state.instances.values()],
    nics: () => [...cloud.state.nics.values()],
    jobs: () => [...cloud.state.jobs.values()],
    calls: () => service.calls.list(),
    callCounts: () => service.calls.counts(),
    addFault,
    removeFault: (id) => service.faults.remove(id),
    clearFaults: () => service.faults.clear(),
    faults: () => service.faults.list(),
    setInstanceStatus(id, status) {
      if (!setInstanceStatus(id, status)) throw new NicError('ERR_NOT_FOUND', `emulator: there is no instance ${id}`);
    },
    returnNic,
    holdJobs: () => jobs.hold(),
    releaseJobs: () => jobs.release(),
    idle: () => service.idle(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
