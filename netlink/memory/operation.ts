import type { NamespaceRef } from '../../lib/driver.js';

/** What can be done to a fake kernel through a driver or a fabric; each is one point where a fault can be injected. */
export type MemoryOperationKind =
  | 'namespace.open'
  | 'link.list'
  | 'link.watch'
  | 'link.change'
  | 'link.move'
  | 'address.list'
  | 'address.add'
  | 'address.remove'
  | 'route.list'
  | 'route.add'
  | 'route.replace'
  | 'route.remove'
  | 'sysctl.read'
  | 'sysctl.write'
  | 'announce'
  | 'fabric.plug'
  | 'fabric.unplug';

/** One operation, as the hooks of a fake kernel see it. */
export interface MemoryOperation {
  /** What is done. */
  readonly kind: MemoryOperationKind;
  /** The label of the namespace it is done in. */
  readonly namespace: string;
  /** The operation with its arguments as a person writes them; the `op` of the error when it is refused. */
  readonly op: string;
}

/**
 * Called around each operation. Throwing makes the operation reject with what was thrown; a promise makes it wait.
 * Throwing before the effect is a refusal; throwing after it is an answer that was lost.
 */
export type MemoryHook = (operation: MemoryOperation) => void | Promise<void>;

/** Writes a namespace reference as a person does. */
export function formatNamespaceRef(ref: NamespaceRef): string {
  switch (ref.kind) {
    case 'own':
      return 'own namespace';
    case 'path':
      return ref.path;
    case 'pid':
      return `namespace of process ${ref.pid}`;
    case 'fd':
      return `descriptor ${ref.fd}`;
  }
}
