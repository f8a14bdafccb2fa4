import { isNicError } from '../errors.js';
import { toReason } from './cloud-error.js';
import type { Command } from './context.js';
import { sweepGateways } from './gateway-sweep.js';
import { sweep } from './pending.js';
import { type Survey, survey } from './survey.js';

/**
 * Left-over work of others, within what time is left. The command's own work is done, whatever comes of this.
 * @param known the host's records, where they have been read since anything changed
 */
export async function workOffLeftOvers(command: Command, known?: Survey): Promise<void> {
  const signal = command.budget.atMost(command.context.limits.pendingMs);
  try {
    const records = known ?? (await survey(command));
    await sweep(command, records, { except: '', signal });
    await sweepGateways(command, records, signal);
  } catch (error) {
    if (!isNicError(error)) throw error;
    command.context.log.warn('left-over work could not be looked for', { reason: toReason(error) });
  }
}
