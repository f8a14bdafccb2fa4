import { toAbortError } from '../clock.js';
import { NicError } from '../errors.js';
import type { Nic } from '../nic.js';
import { isRefusal, toReason } from './cloud-error.js';
import type { Command } from './context.js';
import type { Journal } from './journal.js';
import type { RoutedSubnet } from './plan.js';
import type { NicEntry, RecordHeader } from './record.js';
import { lookUp, toNicEntry } from './settle.js';
import { isSubnetRefusal, setSubnetAside } from './subnets.js';

/** How many create requests of one command may lose their answers. */
const MAX_LOST_ANSWERS = 2;
/** When to look for the NIC of a lost answer, in milliseconds from one look to the next. */
const LOOKS_MS = [0, 1000, 2000];

/** What {@link acquireNic} needs. */
export interface AcquireOptions {
  /** The record the NIC is for, its lock held. */
  readonly journal: Journal<RecordHeader>;
  /** Where to take it from, in this order. */
  readonly subnets: readonly RoutedSubnet[];
  /** A wished address. */
  readonly address?: string | undefined;
  /** Rejects when the command must not go on. */
  readonly guard: () => Promise<void>;
}

/** A NIC of this attachment's own. */
export interface AcquiredNic {
  /** The NIC. */
  readonly entry: NicEntry;
  /** Its subnet. */
  readonly subnet: RoutedSubnet;
  /** It is on this instance already. */
  readonly attached: boolean;
}

/**
 * Gets a NIC: one that was made for this record before and whose answer was lost, else a new one.
 * Every further NIC of its name stays in the record as surplus.
 * @throws ProviderError when no subnet gives one
 */
export async function acquireNic(command: Command, options: AcquireOptions): Promise<AcquiredNic> {
  const { journal, subnets } = options;
  const { current } = journal;
  if (current.create !== undefined || current.uncertainAt !== undefined || current.nics.length > 0) {
    const adopted = await adopt(command, options);
    if (adopted !== undefined) return adopted;
  }
  let lost = 0;
  let refused: unknown;
  for (let i = 0; i < subnets.length; ) {
    const subnet = subnets[i];
    if (subnet === undefined) break;
    try {
      return await create(command, options, subnet);
    } catch (error) {
      if (isRefusal(error)) {
        await journal.save({ create: undefined }, 'quick');
        // With a wished address, the refusal may be about that.
        if (!isSubnetRefusal(error) || options.address !== undefined) throw error;
        await setSubnetAside(command, subnet.id, command.budget.signal);
        refused = error;
        i++;
        continue;
      }
      if (journal.current.create === undefined) throw error;
      const adopted = await recover(command, options, error);
      if (adopted !== undefined) return adopted;
      lost++;
      if (lost >= MAX_LOST_ANSWERS) throw error;
    }
  }
  throw refused ?? new NicError('ERR_CAPACITY', 'there is no subnet to take a NIC from');
}

async function create(command: Command, options: AcquireOptions, subnet: RoutedSubnet): Promise<AcquiredNic> {
  const { journal, address } = options;
  const { provider } = await command.cloud();
  const name = journal.current.nicName;
  if (name === undefined) throw new TypeError('a record without a NIC name cannot get a NIC');
  await options.guard();
  const { startSignal, patientSignal, forwardUntil } = command.budget;
  if (startSignal.aborted) throw toAbortError(startSignal, 'create a NIC');
  try {
    await journal.step('create', { create: { subnetId: subnet.id, notAfter: forwardUntil } });
  } catch (error) {
    // What could not be recorded was not sent.
    journal.note({ create: undefined });
    throw error;
  }
  const wish = address === undefined ? {} : { address };
  // Only time ends this call: its answer is worth more than stopping at once, since without it the NIC must be looked for.
  const nic = await provider.createNic({ subnetId: subnet.id, name, ...wish }, { signal: patientSignal, startSignal });
  command.context.log.info('NIC created', { nic: nic.id, subnet: subnet.id, address: nic.addresses[0] });
  const entry = toNicEntry(nic);
  // Not written by itself: the next step is recorded durably before it is taken, and until then the request stands in the record.
  journal.note({ create: undefined, nics: [...journal.current.nics, entry], nicId: entry.id });
  return { entry, subnet, attached: false };
}

/** After a lost answer: looks for the NIC a few times before anything else is tried. */
async function recover(command: Command, options: AcquireOptions, error: unknown): Promise<AcquiredNic | undefined> {
  const { clock, log } = command.context;
  await options.journal.save({ create: undefined, uncertainAt: clock.now() }, 'durable');
  log.warn('the answer to a create request was lost; looking for the NIC by its name', { reason: toReason(error) });
  for (const ms of LOOKS_MS) {
    await clock.sleep(ms, command.budget.signal);
    const adopted = await adopt(command, options);
    if (adopted !== undefined) return adopted;
  }
  return undefined;
}

function serves(nic: Nic, options: AcquireOptions): RoutedSubnet | undefined {
  if (nic.role === 'primary') return undefined;
  if (options.address !== undefined && !nic.addresses.includes(options.address)) return undefined;
  return options.subnets.find((subnet) => subnet.id === nic.subnetId);
}

async function adopt(command: Command, options: AcquireOptions): Promise<AcquiredNic | undefined> {
  const { journal } = options;
  const { signal } = command.budget;
  const { provider, instanceId } = await command.cloud();
  await lookUp(command, [journal], signal);
  const ids = journal.current.nics.map((nic) => nic.id);
  if (ids.length === 0) return undefined;
  const nics = await provider.listNics({ ids }, { signal });
  const here = (nic: Nic): boolean => nic.instanceId === instanceId;
  // One that is here already saves the attaching.
  for (const nic of [...nics.filter(here), ...nics.filter((other) => other.status === 'available')]) {
    const subnet = serves(nic, options);
    if (subnet === undefined) continue;
    command.context.log.info('NIC adopted', { nic: nic.id, subnet: nic.subnetId });
    const known = journal.current.nics.find((entry) => entry.id === nic.id);
    const entry = { ...toNicEntry(nic), job: known?.job };
    journal.note({ nics: journal.current.nics.map((other) => (other.id === nic.id ? entry : other)), nicId: nic.id });
    return { entry, subnet, attached: here(nic) };
  }
  return undefined;
}
