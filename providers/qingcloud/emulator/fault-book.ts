import type { ActiveFault, CallFaults, Fault, FaultRule, JobFault, LatencyFault, StaleFault } from './faults.js';

interface Entry {
  readonly id: string;
  readonly rule: FaultRule;
  spared: number;
  struck: number;
}

type Sort = 'latency' | 'answer' | 'stale' | 'job';

function sortOf(fault: Fault): Sort {
  return fault.kind === 'latency' || fault.kind === 'stale' || fault.kind === 'job' ? fault.kind : 'answer';
}

/** The sorts of fault that can strike a call of this kind at all, so that others do not use up a rule. */
function sortsOf(action: string): readonly Sort[] {
  if (action.startsWith('Describe')) return ['latency', 'answer', 'stale'];
  return action === 'AttachNics' || action === 'DetachNics' ? ['latency', 'answer', 'job'] : ['latency', 'answer'];
}

function matches(rule: FaultRule, action: string, params: Readonly<Record<string, string>>): boolean {
  if (rule.action !== undefined && rule.action !== action) return false;
  return Object.entries(rule.match ?? {}).every(([name, value]) => params[name] === value);
}

/** The fault rules in force, and how often each has struck. Rules are asked in the order they were given. */
export class FaultBook {
  readonly #random: () => number;
  readonly #entries = new Map<string, Entry>();
  #made = 0;

  /** @param random numbers from 0 up to 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Puts a rule in force and gives its id. */
  add(rule: FaultRule): string {
    this.#made += 1;
    const id = `fault-${this.#made}`;
    this.#entries.set(id, { id, rule, spared: 0, struck: 0 });
    return id;
  }

  /** Ends a rule; false when there is none of that id. */
  remove(id: string): boolean {
    return this.#entries.delete(id);
  }

  /** Ends all rules. */
  clear(): void {
    this.#entries.clear();
  }

  /** The rules given and not removed, used up or not. */
  list(): ActiveFault[] {
    return [...this.#entries.values()].map(({ id, rule, struck }) => ({ id, rule, struck }));
  }

  /** Which faults strike this call; they count as struck from here on. */
  take(action: string, params: Readonly<Record<string, string>>): CallFaults {
    const latency: LatencyFault[] = [];
    let answer: CallFaults['answer'];
    let stale: StaleFault | undefined;
    let job: JobFault | undefined;
    const sorts = sortsOf(action);
    for (const entry of this.#entries.values()) {
      const { fault } = entry.rule;
      const sort = sortOf(fault);
      if (!sorts.includes(sort) || !matches(entry.rule, action, params)) continue;
      const taken = { latency: undefined, answer, stale, job }[sort];
      if (taken !== undefined || !this.#strikes(entry)) continue;
      if (fault.kind === 'latency') latency.push(fault);
      else if (fault.kind === 'stale') stale = fault;
      else if (fault.kind === 'job') job = fault;
      else answer = fault;
    }
    return { latency, answer, stale, job };
  }

  #strikes(entry: Entry): boolean {
    const { skip = 0, times = 1, probability = 1 } = entry.rule;
    if (times !== 'always' && entry.struck >= times) return false;
    if (entry.spared < skip) {
      entry.spared += 1;
      return false;
    }
    if (probability < 1 && this.#random() >= probability) return false;
    entry.struck += 1;
    return true;
  }
}
