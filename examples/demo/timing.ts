import { openRtnetlink } from '../../netlink/index.js';
import type { Place } from './place.js';
import type { Runtime } from './runtime.js';
import type { Stage } from './stage.js';

/** What one ADD took, in milliseconds. */
export interface AddTiming {
  /** What the emulator's attach job was set to take. */
  readonly jobMs: number;
  /** The plugin's life, from exec to exit. */
  readonly totalMs: number;
  /** What the emulator took to plug the NIC, which no cloud would count as the plugin's. */
  readonly plugMs: number;
}

/** The middle one of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low = Number.NaN, high = low] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return (low + high) / 2;
}

/** Times the bare move of a link from one namespace to another, which the kernel takes whoever asks for it. */
export async function timeBareMove(from: Place, to: Place, rounds: number): Promise<readonly number[]> {
  const rtnetlink = openRtnetlink(from.namespace);
  try {
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await rtnetlink.link.add({ kind: 'veth', name: 'move0', peer: { name: 'stay0' } });
      const { index } = await rtnetlink.link.get({ name: 'move0' });
      const begun = performance.now();
      await rtnetlink.link.move(index, to.namespace, { name: 'moved0' });
      times.push(performance.now() - begun);
      // With one end of a veth the other one goes.
      await rtnetlink.link.delete({ name: 'stay0' });
    }
    return times;
  } finally {
    rtnetlink.close();
  }
}

/** Times VERSION, which is little more than the start of a process, in milliseconds. */
export async function timeVersions(runtime: Runtime, rounds: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push((await runtime.version()).ms);
  return times;
}

/** Times ADDs for one pod, with a DEL after each, while attach jobs take so long. */
export async function timeAdds(stage: Stage, runtime: Runtime, pod: Place, jobMs: number, rounds: number): Promise<readonly AddTiming[]> {
  const { emulator } = stage;
  const fault = emulator.addFault({ action: 'AttachNics', times: 'always', fault: { kind: 'job', durationMs: jobMs } });
  try {
    const timings: AddTiming[] = [];
    for (let round = 0; round < rounds; round++) {
      const added = await runtime.add(pod);
      const job = emulator.jobs().findLast((entry) => entry.action === 'AttachNics');
      const plugMs = job?.linksAt === undefined ? 0 : Math.max(0, job.linksAt - job.createdAt - jobMs);
      timings.push({ jobMs, totalMs: added.ms, plugMs });
      await runtime.del(pod, added);
    }
    return timings;
  } finally {
    emulator.removeFault(fault);
  }
}
