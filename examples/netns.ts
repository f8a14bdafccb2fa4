import { isNicError, NicError } from 'hostnic-cni';
import { type NamespaceHandle, NamespaceService } from 'hostnic-cni/netlink';

/**
 * Opens the network namespace that a command line names: by path, or as `ip netns` knows it; without a name, the own.
 * @throws NicError `ERR_NAMESPACE`, in words for the one at the terminal
 */
export async function openNetns(text: string | undefined): Promise<NamespaceHandle> {
  const namespaces = new NamespaceService();
  if (text === undefined) return namespaces.open({ kind: 'own' });
  if (text.includes('/')) return namespaces.open({ kind: 'path', path: text });
  const found = await namespaces.find(text);
  if (found !== undefined) return found;
  const names = (await namespaces.list()).map(({ name }) => name).join(', ');
  throw new NicError('ERR_NAMESPACE', `there is no namespace named ${text}; ${names === '' ? 'none has a name' : `there are: ${names}`}`);
}

/** Says what went wrong and lets the process end with 1. What its user can mend is said in a line; anything else is a defect, and shown whole. */
export function fail(program: string, error: unknown): void {
  console.error(isNicError(error) || error instanceof RangeError ? `${program}: ${error.message}` : error);
  process.exitCode = 1;
}
