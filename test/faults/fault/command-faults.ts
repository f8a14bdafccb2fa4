import type { CommandEnd } from '../../support/machine.js';
import type { DoomedCommand } from '../crash/commands.js';
import { type CrashHost, SUBJECT } from '../crash/crash-host.js';
import type { HostPool } from '../crash/host-pool.js';
import { codeOf, lookAfterGateways, sameDel } from '../crash/recoveries.js';
import type { FaultFigures } from './figures.js';

/** More than a vxnet is set aside that refused a NIC. */
const SET_ASIDE_MS = 120_000;

/** How a command with a fault ended. */
export interface FaultEnd {
  readonly end: CommandEnd;
  /** What the fault struck, for figures. */
  readonly struck: string;
  /** True: the command may die of it without an answer, as one that cannot get back out of a container's namespace must. */
  readonly mayDie?: boolean;
}

/** Something that goes wrong once while a command runs. */
export interface CommandFault {
  /** In words, for messages. */
  readonly name: string;
  /** Runs the command with it. */
  run(host: CrashHost, command: DoomedCommand): Promise<FaultEnd>;
}

/** Runs a command with a fault, then what comes after it. @returns what is wrong */
async function strike(host: CrashHost, command: DoomedCommand, fault: CommandFault, figures: FaultFigures): Promise<readonly string[]> {
  // A vxnet that refused a NIC before is used again.
  host.clock.skip(SET_ASIDE_MS);
  await host.refillBudget();
  await command.prepare(host);
  const { end, struck, mayDie } = await fault.run(host, command);
  figures.count(struck);
  // Requests that take effect late do so within the time a lost answer is watched.
  await host.world.emulator.idle();
  const died = end.code === undefined || end.code > 128;
  if (died && mayDie !== true) return [`it died: exit ${end.code} ${end.signal ?? ''}: ${end.stdout}${end.stderr}`];
  if (!died) codeOf(end);
  const isAdd = command.name.startsWith('ADD');
  if (end.code === 0) figures.survived++;
  if (isAdd !== (end.code === 0)) {
    const left = [...(await host.leftOver()), ...(await host.leftInPod())];
    if (left.length === 0) {
      if (end.code !== 0) figures.refused++;
      return [];
    }
    if (end.code !== 0) figures.countPending(struck);
  } else if (end.code !== 0) figures.countPending(struck);
  const { problems } = await sameDel.run(host, command.keys, () => {});
  await lookAfterGateways(host);
  return [...problems, ...(await host.leftOver())];
}

/**
 * Lets a command be struck by faults, one after another, and compares the network of machine and container, the cloud and the files with what
 * was there before.
 */
export async function runCommandFaults(
  hosts: HostPool,
  command: DoomedCommand,
  faults: (host: CrashHost) => Promise<readonly CommandFault[]>,
  figures: FaultFigures,
): Promise<void> {
  let host = await takeUsed(hosts, command);
  try {
    for (const fault of await faults(host)) {
      const problems = await strike(host, command, fault, figures).catch((error: unknown) => [String(error)]);
      if (problems.length === 0) continue;
      figures.failures.push(`${command.name}: ${fault.name}: ${problems.join('; ')}`);
      await host.close();
      host = await takeUsed(hosts, command);
    }
    hosts.give(host);
  } catch (error) {
    await host.close();
    throw error;
  }
}

/** A host on which the command has run before: what is made once for a host is there. */
async function takeUsed(hosts: HostPool, { keys }: DoomedCommand): Promise<CrashHost> {
  const host = await hosts.take();
  for (const command of ['ADD', 'DEL'] as const) await host.must({ command, pod: SUBJECT, keys });
  await host.rememberBaseline();
  return host;
}
