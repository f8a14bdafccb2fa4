import { NicError } from '../../../lib/errors.js';
import { RetCode } from '../ret-code.js';

/** What had to be chosen since nothing about the real service was found. Clients must work with every choice. {@link emulatorChoices} lists them. */
export interface Choices {
  /** What the `nic_name` filter of DescribeNics does. */
  readonly nameFilter?: 'exact' | 'partial' | 'ignored';
  /** What DescribeNics, DescribeVxnets and DescribeInstances do with ids that do not exist: leave them out, or answer 2100. (For DescribeJobs an error is documented.) */
  readonly unknownIds?: 'empty' | 'error';
  /** When the status of a NIC changes. */
  readonly statusChanges?: 'job-start' | 'job-end';
  /** CreateNics where some of the NICs cannot be had: nothing is created, or as many as can be. */
  readonly createAllOrNothing?: boolean;
  /** Which free address is handed out next. */
  readonly addressOrder?: 'lowest' | 'highest' | 'random';
  /** The order of `nics` in the answer of CreateNics with `private_ips`: that of the request, or the other way round. */
  readonly nicOrder?: 'wished' | 'reversed';
  /** `private_ip` of a NIC without address (`disable_ip`, a vxnet in no VPC): an empty text, or no such field. */
  readonly missingAddress?: 'empty' | 'absent';
  /** What a job over several NICs leaves that fails: none of them changed, or all but the last. */
  readonly failedJobs?: 'roll-back' | 'keep-some';
  /** For how many milliseconds a fresh NIC answers 1400 "lease info not ready yet" to whatever would change it. */
  readonly leaseNotReadyMs?: number;
  /** When DescribeVxnets shows `available_ip_count`: always, with `verbose=1`, or never. */
  readonly availableIpCount?: 'always' | 'verbose' | 'never';
  /** Time stamps in the future: 60 s of them pass, as of the past; any; or none at all. */
  readonly futureTimeStamps?: 'window' | 'any' | 'none';
  /** CreateNics whose `count` is not the number of its `private_ips`: refused; the addresses count; or `count` does, cutting or filling up the addresses. */
  readonly countMismatch?: 'refused' | 'addresses' | 'count';
  /** What becomes of the secondary NICs of an instance that is terminated: free, still held, or deleted with it. */
  readonly terminatedInstance?: 'free' | 'keep' | 'delete';
  /** How a reply is sent: with its length, in chunks, compressed where the client takes that, or with the connection closed after it. */
  readonly httpForm?: 'length' | 'chunked' | 'gzip' | 'close';
  /** Whether a refusal names its action, as an answer does. */
  readonly errorForm?: 'bare' | 'with-action';
  /** Messages of which only the first word is known: with an invented detail, or without any. */
  readonly texts?: 'detailed' | 'bare';
  /** `ret_code` for an action that does not exist: users report 1400, the documentation has 1101. */
  readonly unknownActionCode?: number;
  /** `ret_code` when a vxnet has no free address. */
  readonly vxnetFullCode?: number;
  /** `ret_code` when a wished address is taken. */
  readonly addressTakenCode?: number;
  /** `ret_code` when an instance holds as many NICs as it can. */
  readonly instanceFullCode?: number;
  /** `ret_code` when one call names more NICs than it may. */
  readonly tooManyNicsCode?: number;
  /** `ret_code` for a zone that does not exist. */
  readonly wrongZoneCode?: number;
  /** `ret_code` for a job that does not exist. */
  readonly unknownJobCode?: number;
}

/** One thing that had to be chosen. */
export interface EmulatorChoice<T extends string | number | boolean = string | number | boolean> {
  /** Values worth trying, the default first. Codes and times may have others, too. */
  readonly values: readonly [T, ...T[]];
  /** What it decides, in a line. */
  readonly about: string;
}

/**
 * Everything that had to be chosen: the values to try, the default first. Enough to run a test under every choice, or every pair of them.
 * @example
 * ```ts
 * for (const nameFilter of emulatorChoices.nameFilter.values) await run(await startEmulator({ choices: { nameFilter } }));
 * ```
 */
export const emulatorChoices: { readonly [K in keyof Choices]-?: EmulatorChoice<NonNullable<Choices[K]>> } = {
  nameFilter: { values: ['exact', 'partial', 'ignored'], about: 'what the nic_name filter of DescribeNics does' },
  unknownIds: { values: ['empty', 'error'], about: 'unknown NICs, vxnets and instances in a Describe call: left out, or 2100' },
  statusChanges: { values: ['job-end', 'job-start'], about: 'when a NIC shows the status that its job brings' },
  createAllOrNothing: { values: [true, false], about: 'CreateNics where some cannot be had: nothing, or as many as can be' },
  addressOrder: { values: ['lowest', 'highest', 'random'], about: 'which free address is handed out next' },
  nicOrder: { values: ['wished', 'reversed'], about: 'order of nics in an answer beside private_ips of its request' },
  missingAddress: { values: ['empty', 'absent'], about: 'private_ip of a NIC without address' },
  failedJobs: { values: ['roll-back', 'keep-some'], about: 'a failed job over several NICs: none changed, or all but the last' },
  leaseNotReadyMs: { values: [0, 300], about: 'how long a fresh NIC answers 1400 "lease info not ready yet"' },
  availableIpCount: { values: ['always', 'verbose', 'never'], about: 'when DescribeVxnets shows available_ip_count' },
  futureTimeStamps: { values: ['window', 'any', 'none'], about: 'time stamps in the future: up to 60 s, any, or none' },
  countMismatch: { values: ['refused', 'addresses', 'count'], about: 'CreateNics with another count than private_ips' },
  terminatedInstance: { values: ['free', 'keep', 'delete'], about: 'secondary NICs of an instance that is terminated' },
  httpForm: { values: ['length', 'chunked', 'gzip', 'close'], about: 'how a reply is sent' },
  errorForm: { values: ['bare', 'with-action'], about: 'whether a refusal names its action' },
  texts: { values: ['detailed', 'bare'], about: 'messages of which only the first word is known' },
  unknownActionCode: { values: [RetCode.denied, RetCode.wrongMethod], about: 'an action that does not exist' },
  vxnetFullCode: { values: [RetCode.denied, RetCode.quota, RetCode.noResources], about: 'a vxnet without free address' },
  addressTakenCode: { values: [RetCode.denied, RetCode.alreadyExists, RetCode.malformed], about: 'a wished address that is taken' },
  instanceFullCode: { values: [RetCode.denied, RetCode.quota], about: 'an instance with as many NICs as it can hold' },
  tooManyNicsCode: { values: [RetCode.denied, RetCode.malformed, RetCode.quota], about: 'a call with more NICs than it may name' },
  wrongZoneCode: { values: [RetCode.malformed, RetCode.denied, RetCode.notFound], about: 'a zone that does not exist' },
  unknownJobCode: { values: [RetCode.notFound, RetCode.malformed], about: 'a job that does not exist' },
};

/** A table of {@link emulatorChoices} by names of which nothing is known yet. */
export const CHOICES_BY_NAME: ReadonlyMap<string, EmulatorChoice> = new Map<string, EmulatorChoice>(Object.entries(emulatorChoices));

function isPossible({ values }: EmulatorChoice, value: unknown): boolean {
  // Codes and times are examples in the table; other positive ones will do.
  if (typeof values[0] === 'number')
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= Math.min(...values.map(Number), 1);
  return values.some((one) => one === value);
}

/** What can stand for a choice, for messages. */
export function describeValues({ values }: EmulatorChoice): string {
  return typeof values[0] === 'number' ? `a whole number, such as ${values.join(' or ')}` : `one of ${values.join(', ')}`;
}

/**
 * Fills in the defaults and checks what was given.
 * @throws NicError `ERR_CONFIG` with the name of the choice
 */
export function toChoices(given: Choices): Required<Choices> {
  for (const [name, value] of Object.entries(given)) {
    const choice = CHOICES_BY_NAME.get(name);
    if (choice === undefined) {
      const names = [...CHOICES_BY_NAME.keys()].join(', ');
      throw new NicError('ERR_CONFIG', `emulator options: there is no such choice as one of those given; there are ${names}`);
    }
    if (value === undefined || isPossible(choice, value)) continue;
    throw new NicError('ERR_CONFIG', `emulator options: choices.${name} must be ${describeValues(choice)}`);
  }
  return {
    nameFilter: given.nameFilter ?? emulatorChoices.nameFilter.values[0],
    unknownIds: given.unknownIds ?? emulatorChoices.unknownIds.values[0],
    statusChanges: given.statusChanges ?? emulatorChoices.statusChanges.values[0],
    createAllOrNothing: given.createAllOrNothing ?? emulatorChoices.createAllOrNothing.values[0],
    addressOrder: given.addressOrder ?? emulatorChoices.addressOrder.values[0],
    nicOrder: given.nicOrder ?? emulatorChoices.nicOrder.values[0],
    missingAddress: given.missingAddress ?? emulatorChoices.missingAddress.values[0],
    failedJobs: given.failedJobs ?? emulatorChoices.failedJobs.values[0],
    leaseNotReadyMs: given.leaseNotReadyMs ?? emulatorChoices.leaseNotReadyMs.values[0],
    availableIpCount: given.availableIpCount ?? emulatorChoices.availableIpCount.values[0],
    futureTimeStamps: given.futureTimeStamps ?? emulatorChoices.futureTimeStamps.values[0],
    countMismatch: given.countMismatch ?? emulatorChoices.countMismatch.values[0],
    terminatedInstance: given.terminatedInstance ?? emulatorChoices.terminatedInstance.values[0],
    httpForm: given.httpForm ?? emulatorChoices.httpForm.values[0],
    errorForm: given.errorForm ?? emulatorChoices.errorForm.values[0],
    texts: given.texts ?? emulatorChoices.texts.values[0],
    unknownActionCode: given.unknownActionCode ?? emulatorChoices.unknownActionCode.values[0],
    vxnetFullCode: given.vxnetFullCode ?? emulatorChoices.vxnetFullCode.values[0],
    addressTakenCode: given.addressTakenCode ?? emulatorChoices.addressTakenCode.values[0],
    instanceFullCode: given.instanceFullCode ?? emulatorChoices.instanceFullCode.values[0],
    tooManyNicsCode: given.tooManyNicsCode ?? emulatorChoices.tooManyNicsCode.values[0],
    wrongZoneCode: given.wrongZoneCode ?? emulatorChoices.wrongZoneCode.values[0],
    unknownJobCode: given.unknownJobCode ?? emulatorChoices.unknownJobCode.values[0],
  };
}
