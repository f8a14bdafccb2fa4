import { expect } from 'chai';
import type { AttachRequest } from '../../lib/attachment/index.js';
import { nicName } from '../../lib/attachment/names.js';
import { isNicError, type NicError } from '../../lib/errors.js';
import type { FaultRule } from '../../providers/qingcloud/emulator/index.js';
import { RetCode } from '../../providers/qingcloud/ret-code.js';
import { keyOf, pathOf } from './attachment-bed.js';
import type { CloudAction, NamedFault } from './cloud-faults.js';
import {
  type EmulatedBed,
  type EmulatedBedOptions,
  leftovers,
  lostNics,
  openEmulatedBed,
  recordsOf,
  secondaryNics,
} from './emulated-bed.js';

/** When a fault strikes: one call, or all calls during a command. */
export type StoryMoment = { readonly kind: 'call'; readonly n: number } | { readonly kind: 'whole'; readonly command: 'ADD' | 'DEL' };

/** How the container ends. */
export const ENDINGS = ['DEL', 'its namespace, then DEL', 'its namespace, and no DEL'] as const;

/** One of {@link ENDINGS}. */
export type Ending = (typeof ENDINGS)[number];

/** One container's life on a host whose cloud fails. */
export interface Story {
  readonly action: CloudAction;
  readonly fault: NamedFault;
  readonly moment: StoryMoment;
  readonly ending: Ending;
}

/** What came of it. */
export interface StoryEnd {
  /** How often the fault struck. */
  readonly struck: number;
  /** What ADD said; undefined when it went well. */
  readonly addError: NicError | undefined;
  readonly delError: NicError | undefined;
}

const ATTACH_REFUSED: FaultRule = { action: 'AttachNics', fault: { kind: 'error', retCode: RetCode.denied }, times: 3 };
const WITH_GATEWAY: Partial<AttachRequest> = { routes: [{ dst: '10.96.0.0/12', via: { kind: 'host' } }] };
/** Commands of other containers that may be needed for finishing what was left. */
const MOST_ROUNDS = 12;

/** The title of a story. */
export function describeStory({ action, fault, moment, ending }: Story): string {
  const when = moment.kind === 'call' ? `call ${moment.n} of ${action}` : `all ${action} of ${moment.command}`;
  return `${when}: ${fault.name}; the container ends with ${ending}`;
}

/** Runs a command and gives the error that it rejected with, if it is one for users. Its deadline holds whatever happens. */
export async function outcomeOf(bed: EmulatedBed, command: Promise<unknown>): Promise<NicError | undefined> {
  const { deadline } = bed.timing();
  let failure: NicError | undefined;
  try {
    await command;
  } catch (error) {
    if (!isNicError(error)) throw error;
    failure = error;
  }
  expect(bed.clock.now(), 'when the command answered').to.be.at.most(deadline);
  return failure;
}

/** A container that was answered well has its one NIC, up and under its name, and the cloud holds it for this instance or is about to. */
export function expectAttached(bed: EmulatedBed, name: string, nicId: string): void {
  const links = bed.kernel.namespace(pathOf(name)).links();
  expect(
    links.filter((link) => link.name === 'eth0').map((link) => [link.mac, link.up]),
    `the link of ${name}`,
  ).to.deep.equal([[nicId, true]]);
  const nic = bed.emulator.nics().find(({ id }) => id === nicId);
  expect(nic?.name, `the NIC of ${name} in the cloud`).to.equal(nicName(bed.instanceId, keyOf(name)));
}

/** No NIC is without a record, whatever happened. */
export function expectNothingLost(bed: EmulatedBed, when: string): void {
  expect(lostNics(bed), `NICs without a record ${when}`).to.deep.equal([]);
}

/** Other containers come and go, as on a living host, until nothing is left of this one. Every one of them must be served. */
async function recover(bed: EmulatedBed, { forGood, cardStays }: NamedFault): Promise<void> {
  const left = (): readonly string[] => leftovers(bed).filter((what) => cardStays !== true || !what.startsWith('link '));
  for (let round = 0; round < MOST_ROUNDS && left().length > 0; round++) {
    bed.clock.skip(61_000);
    const name = `other${round}`;
    bed.pod(name);
    const { nicId } = await bed.attach(name);
    expectAttached(bed, name, nicId);
    await bed.detach(name);
    bed.removePod(name);
    expectNothingLost(bed, `after round ${round} of recovery`);
  }
  if (forGood !== true) {
    expect(left(), 'in the end').to.deep.equal([]);
    return;
  }
  // What the cloud never lets go stays recorded, and nothing else is left.
  const { attachments, gateways } = recordsOf(bed);
  const records = [...attachments, ...gateways];
  const recorded = new Set(records.flatMap(({ nics }) => nics.map(({ id }) => id)));
  const nics = secondaryNics(bed).map(({ id }) => id);
  expect(
    nics.filter((id) => !recorded.has(id)),
    'NICs that are not recorded in the end',
  ).to.deep.equal([]);
  expect(
    records.filter((record) => !record.nics.some(({ id }) => nics.includes(id))),
    'records without NICs in the end',
  ).to.deep.equal([]);
}

async function end(bed: EmulatedBed, ending: Ending): Promise<NicError | undefined> {
  if (ending !== 'DEL') bed.removePod('c1');
  if (ending === 'its namespace, and no DEL') return undefined;
  const failure = await outcomeOf(bed, bed.detach('c1'));
  if (failure === undefined) {
    const name = nicName(bed.instanceId, keyOf('c1'));
    expect(
      secondaryNics(bed).filter((nic) => nic.name === name),
      'NICs of the container after a DEL that went well',
    ).to.deep.equal([]);
    return undefined;
  }
  expect(failure.code, `DEL: ${failure.message}`).to.equal('ERR_PENDING');
  expect(failure.message).not.to.match(/not found|no such file or directory/i);
  return failure;
}

async function live(bed: EmulatedBed, { action, fault, moment, ending }: Story): Promise<StoryEnd> {
  let struck = 0;
  const arm = (command?: 'ADD' | 'DEL'): void => {
    if (moment.kind === 'call' && command === undefined) bed.emulator.addFault({ action, fault: fault.fault, skip: moment.n });
    if (moment.kind === 'whole' && command === moment.command) bed.emulator.addFault({ action, fault: fault.fault, times: 'always' });
  };
  const disarm = (): void => {
    struck += bed.emulator.faults().reduce((sum, rule) => sum + rule.struck, 0);
    bed.emulator.clearFaults();
  };
  bed.pod('c1');
  arm();
  arm('ADD');
  // The instance is looked at only where an attach request was refused.
  const needed = action === 'DescribeInstances' ? bed.emulator.addFault(ATTACH_REFUSED) : undefined;
  const addError = await outcomeOf(
    bed,
    bed.attach('c1', WITH_GATEWAY).then(({ nicId }) => expectAttached(bed, 'c1', nicId)),
  );
  expectNothingLost(bed, 'after ADD');
  if (needed !== undefined) bed.emulator.removeFault(needed);
  if (moment.kind === 'whole') disarm();
  arm('DEL');
  const delError = await end(bed, ending);
  expectNothingLost(bed, `after ${ending}`);
  disarm();
  if (ending === 'DEL') bed.removePod('c1');
  await recover(bed, fault);
  return { struck, addError, delError };
}

/**
 * Runs a story on a bed of its own: ADD with a gateway, the container's end, then what others do; with a fault somewhere.
 * At each step NICs in the cloud = living attachments + gateways + recorded work, and in the end nothing is left.
 * @throws Error with the story and the log's last lines when something is wrong
 */
export async function runStory(story: Story, options: EmulatedBedOptions = {}): Promise<StoryEnd> {
  const bed = await openEmulatedBed(options);
  try {
    return await live(bed, story);
  } catch (error) {
    const calls = bed.emulator
      .calls()
      .slice(-30)
      .map((call) => `${call.number} ${call.action} ${JSON.stringify(call.params)} ${call.retCode ?? '-'} ${call.fault ?? ''}`);
    const log = [...bed.lines.slice(-40), ...calls].join('\n  ');
    throw new Error(`${describeStory(story)}\n${error instanceof Error ? error.stack : String(error)}\n  ${log}`, { cause: error });
  } finally {
    await bed.close();
  }
}
