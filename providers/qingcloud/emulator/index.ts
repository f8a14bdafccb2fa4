/**
 * The QingCloud API on this machine: signatures, vxnets, NICs and jobs as the real service has them, faults on demand,
 * and, given a fabric, NICs that really appear.
 *
 * @example
 * ```ts
 * import { startEmulator } from 'hostnic-cni/providers/qingcloud/emulator';
 *
 * const emulator = await startEmulator({ jobs: { attachMs: 500 } });
 * emulator.addFault({ action: 'CreateNics', fault: { kind: 'cut' } }); // the answer of the next create is lost
 * console.log(emulator.url); // http://127.0.0.1:40123/iaas
 * await emulator.close();
 * ```
 * @packageDocumentation
 */
export type { StandardErrorName } from './api-error.js';
export type { EmulatedCall } from './call-log.js';
export { type Choices, type EmulatorChoice, emulatorChoices } from './choices.js';
export { type Emulator, startEmulator } from './emulator.js';
export type {
  ActiveFault,
  CutFault,
  ErrorFault,
  Fault,
  FaultMoment,
  FaultRule,
  GarbageFault,
  JobFault,
  LateEffectFault,
  LatencyFault,
  SilenceFault,
  StaleFault,
  StatusFault,
} from './faults.js';
export type { ListeningAt } from './http-server.js';
export type {
  AddressRange,
  EmulatedInstance,
  EmulatedJob,
  EmulatedNic,
  EmulatedVxnet,
  InstanceStatus,
  JobStatus,
  NicTransition,
} from './model.js';
export type {
  CallMoment,
  CallPhase,
  EmulatedAccount,
  EmulatorOptions,
  InstanceOptions,
  JobDurations,
  Limits,
  ListenPlace,
  ListenSocket,
  ListenTarget,
  RouterOptions,
  VxnetOptions,
} from './options.js';
export { DEFAULT_ACCOUNT, DEFAULT_INSTANCE_ID, DEFAULT_VXNET } from './settings.js';
