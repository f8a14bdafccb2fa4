import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { attachmentId } from '../../lib/attachment/names.js';
import type { NetworkNamespace } from '../../lib/driver.js';
import { childOf } from '../support/machine.js';
import { type Answer, type Host, NETWORK } from './host.js';
import type { JournalWatch } from './journal-watch.js';

/** What an ADD is about to do, or has done, when a DEL of the same container meets it. */
export const PHASES = [
  'before its lock',
  'before create',
  'create',
  'attach',
  'move',
  'redirects',
  'configure',
  'announce',
  'complete',
] as const;

/** One of {@link PHASES}. */
export type Phase = (typeof PHASES)[number];

function isPhase(text: string): text is Phase {
  return (PHASES as readonly string[]).includes(text);
}

/** When the DEL of a pair begins. */
export interface Moment {
  /** As soon as the ADD is seen in this phase. */
  readonly phase: Phase;
  /** Stops the ADD where it is then, as a busy machine may, until the DEL has asked it to give up. Otherwise both run on. */
  readonly held: boolean;
  /** How much later, in milliseconds. */
  readonly delayMs: number;
}

/** How a pair went. */
export interface Crossing {
  /** Where the DEL met the ADD, whatever the intention was. */
  readonly met: Phase;
  /** What the ADD answered. */
  readonly add: Answer;
}

/** A place for one container at a time. */
export interface Slot {
  /** Name of its namespace, used again for each. */
  readonly pod: string;
  /** The same, open in this process. */
  readonly namespace: NetworkNamespace;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether a process holds a lock of the kind that the plugin takes. */
function holdsLock(pid: number): boolean {
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .some((line) => line.includes('FLOCK') && line.split(/\s+/)[4] === String(pid));
}

/** Its end may be nearer than the news of it. */
function signalIfRunning(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** One ADD of a container with a DEL of it while that runs. */
class Pair {
  readonly #host: Host;
  readonly #watch: JournalWatch;
  readonly #slot: Slot;
  readonly #containerId: string;
  readonly #id: string;
  /** What runs the plugin inside of the machine, and the plugin itself. */
  #processes: readonly number[] = [];
  #added = false;
  #seen: Phase = 'before create';
  #met: Phase | undefined;
  #stopped = false;

  constructor(host: Host, watch: JournalWatch, slot: Slot, containerId: string) {
    this.#host = host;
    this.#watch = watch;
    this.#slot = slot;
    this.#containerId = containerId;
    this.#id = attachmentId({ network: NETWORK, containerId, ifname: 'eth0' });
  }

  async run({ phase, held, delayMs }: Moment): Promise<Crossing> {
    const request = { containerId: this.#containerId, pod: this.#slot.pod };
    let arrive: () => void = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = () => {
        if (held && !this.#added && this.#met === undefined) this.#stop();
        resolve();
      };
    });
    this.#watch.listen(this.#id, {
      onStep: (step) => {
        if (isPhase(step)) this.#seen = step;
        if (step === phase) arrive();
      },
      onMark: () => {
        this.#met ??= this.#phase();
        void this.#release();
      },
    });
    let nsenter = 0;
    const onSpawn = (child: ChildProcess): void => {
      nsenter = child.pid ?? 0;
    };
    const adding = this.#host.run({ ...request, command: 'ADD', onSpawn }).finally(() => {
      this.#added = true;
      arrive();
    });
    const both = async (): Promise<Answer> => {
      if (phase !== 'before its lock') {
        this.#processes = [await childOf(nsenter), nsenter];
        if (phase === 'before create') void this.#untilLocked().then(arrive);
        await arrived;
      }
      await sleep(delayMs);
      await this.#host.succeed({ ...request, command: 'DEL' }).finally(() => this.#release());
      return adding;
    };
    try {
      const add = await both();
      // Nobody was asked to give up: the DEL was over before the ADD began, or began after it was over.
      const met = this.#met ?? (this.#host.nicsOf(this.#containerId).length > 0 ? 'before its lock' : 'complete');
      return { met, add };
    } finally {
      await this.#release();
      await adding.catch(() => {});
      this.#watch.forget(this.#id);
    }
  }

  #phase(): Phase {
    const step = this.#watch.read(this.#id) ?? '';
    return isPhase(step) ? step : this.#seen;
  }

  async #untilLocked(): Promise<void> {
    const [plugin = 0] = this.#processes;
    while (!this.#added && !holdsLock(plugin)) await sleep(1);
  }

  #stop(): void {
    this.#stopped = true;
    for (const pid of this.#processes.slice(0, 1)) signalIfRunning(pid, 'SIGSTOP');
  }

  /** Lets the ADD go on. nsenter stops itself when its child stops, which may be a little later than this, so that it is told until it ends. */
  async #release(): Promise<void> {
    if (!this.#stopped) return;
    this.#stopped = false;
    while (!this.#added) {
      for (const pid of this.#processes) signalIfRunning(pid, 'SIGCONT');
      await sleep(20);
    }
  }
}

/** Runs one. Both commands have ended when it resolves. */
export function cross(host: Host, watch: JournalWatch, slot: Slot, containerId: string, moment: Moment): Promise<Crossing> {
  return new Pair(host, watch, slot, containerId).run(moment);
}

/** Nothing of a container is left anywhere, and its namespace is as it was. */
export async function expectGone(host: Host, slot: Slot, containerId: string): Promise<void> {
  expect(host.nicsOf(containerId), 'NICs in the cloud').to.deep.equal([]);
  expect(host.filesOf(containerId), 'files of the journal').to.deep.equal([]);
  const links = await slot.namespace.listLinks();
  expect(
    links.map((link) => link.name),
    'links in the container',
  ).to.deep.equal(['lo']);
  expect(await slot.namespace.readSysctl('ipv4/conf/all/accept_redirects'), 'redirects in the container').to.equal('1');
}
