import { NicError } from '../errors.js';
import { askerOf, type Command } from './context.js';
import type { RecordHeader } from './record.js';

/**
 * Whether the cloud that a command asks can be believed when it says that a record's NICs are gone: with the settings of another account or
 * zone it knows none of them, and nothing else of this host either. Settings that are not those a NIC was made with may be as good, as
 * after a key was exchanged; then the cloud has to show a NIC of this instance, or one of the record's.
 * @returns what to ask for each record: undefined, or why it must be kept
 */
export function createWitness(command: Command, signal: AbortSignal): (record: RecordHeader) => Promise<NicError | undefined> {
  let shown: Promise<boolean> | undefined;
  const showsInstance = async (): Promise<boolean> => {
    const { provider, instanceId } = await command.cloud();
    return (await provider.listNics({ instanceId }, { signal })).length > 0;
  };
  return async ({ asker, nics }) => {
    const cloud = await command.cloud();
    if (asker === undefined || asker === askerOf(cloud)) return undefined;
    shown ??= showsInstance();
    if (await shown) return undefined;
    const ids = nics.map(({ id }) => id);
    if (ids.length > 0 && (await cloud.provider.listNics({ ids }, { signal })).length > 0) return undefined;
    return new NicError(
      'ERR_CONFIG',
      `the provider's settings are not those that the NIC was made with, and with them the cloud shows no NIC of instance ${cloud.instanceId}: check account and zone`,
    );
  };
}
