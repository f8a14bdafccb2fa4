import type { MemoryOperation } from '../../netlink/memory/index.js';
import type { MemoryAction } from '../../providers/memory/index.js';
import type { AttachmentBed, BedProcess, BedProcessOptions } from './attachment-bed.js';

/** A point in a run at which something outside is about to change, or has changed and is not answered yet. */
export interface FaultPoint {
  readonly kind: 'cloud' | 'kernel' | 'folder';
  readonly phase: 'before' | 'after';
  readonly what: string;
  readonly action?: MemoryAction;
}

/** Calls a function at every point of what a process does. Returns a way to stop. */
export function atEveryPoint(bed: AttachmentBed, reach: (point: FaultPoint) => void | Promise<void>): () => void {
  bed.cloud.onCall = (action, phase) => reach({ kind: 'cloud', phase, what: action, action });
  const kernel =
    (phase: 'before' | 'after') =>
    (operation: MemoryOperation): void | Promise<void> => {
      // The fabric is the cloud's hand, not the process's.
      if (!operation.kind.startsWith('fabric.')) return reach({ kind: 'kernel', phase, what: operation.op });
    };
  bed.kernel.onOperation = kernel('before');
  bed.kernel.afterOperation = kernel('after');
  return () => {
    bed.cloud.onCall = undefined;
    bed.kernel.onOperation = undefined;
    bed.kernel.afterOperation = undefined;
  };
}

/** A process that is killed at its n-th point, counted from 0. */
export interface DoomedProcess {
  readonly process: BedProcess;
  /** Resolves when it has died. */
  readonly died: Promise<FaultPoint>;
  /** All points it came by. */
  readonly points: readonly FaultPoint[];
  /** Takes the hooks off. */
  release(): void;
}

/** Starts a process that dies at its n-th point; `Infinity`: never. */
export function doomed(bed: AttachmentBed, n: number, options: BedProcessOptions = {}): DoomedProcess {
  const points: FaultPoint[] = [];
  let tell: (point: FaultPoint) => void = () => {};
  const died = new Promise<FaultPoint>((resolve) => {
    tell = resolve;
  });
  let dead = false;
  const die = (point: FaultPoint): void => {
    dead = true;
    process.kill();
    release();
    tell(point);
  };
  const reach = (point: FaultPoint): boolean => {
    if (dead) return true;
    points.push(point);
    if (points.length - 1 === n) die(point);
    return dead;
  };
  const process = bed.process({
    ...options,
    onFolder: (operation) => {
      const phase = operation.startsWith('before') ? 'before' : 'after';
      if (reach({ kind: 'folder', phase, what: operation.slice(phase.length + 1) })) throw new Error('killed');
    },
  });
  const release = atEveryPoint(bed, (point) => (reach(point) ? new Promise<never>(() => {}) : undefined));
  return { process, died, points, release };
}
