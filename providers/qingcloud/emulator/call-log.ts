/** One call as the emulator saw it. */
export interface EmulatedCall {
  /** Counts from 1. */
  readonly number: number;
  /** When it came, in milliseconds since the epoch. */
  readonly at: number;
  /** How it came. */
  readonly method: 'GET' | 'POST';
  /** The action it named; empty when it named none. */
  readonly action: string;
  /** The action's own parameters, by their full names. */
  readonly params: Readonly<Record<string, string>>;
  /** The `ret_code` that the cloud came to, even where a fault then hid the answer; undefined while the call is under way. */
  readonly retCode: number | undefined;
  /** The fault that struck its answer, if one did. */
  readonly fault: string | undefined;
  /** How long it took, in milliseconds; undefined while it is under way. */
  readonly tookMs: number | undefined;
}

/** How many calls are remembered one by one. */
const KEPT_CALLS = 10_000;

/** Every request carries these; they say nothing about what was asked for. */
const COMMON_PARAMS = [
  'action',
  'access_key_id',
  'signature',
  'signature_method',
  'signature_version',
  'time_stamp',
  'version',
  'req_id',
  'zone',
];

/** The parameters of a request that are its action's own. */
export function ownParams(params: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(params).filter(([name]) => !COMMON_PARAMS.includes(name)));
}

/** The calls that came, the last 10,000 one by one and all of them counted by action. */
export class CallLog {
  readonly #calls = new Map<number, EmulatedCall>();
  readonly #counts = new Map<string, number>();
  #made = 0;

  /** Takes down a call that begins, and gives its number. */
  begin(at: number, method: 'GET' | 'POST', action: string, params: Readonly<Record<string, string>>): number {
    this.#made += 1;
    this.#counts.set(action, (this.#counts.get(action) ?? 0) + 1);
    const call = {
      number: this.#made,
      at,
      method,
      action,
      params: ownParams(params),
      retCode: undefined,
      fault: undefined,
      tookMs: undefined,
    };
    this.#calls.set(call.number, call);
    this.#calls.delete(this.#made - KEPT_CALLS);
    return call.number;
  }

  /** Takes down how a call ended, and gives it; undefined when it is forgotten already. */
  end(number: number, now: number, retCode: number | undefined, fault: string | undefined): EmulatedCall | undefined {
    const call = this.#calls.get(number);
    if (call === undefined) return undefined;
    const ended = { ...call, retCode, fault, tookMs: now - call.at };
    this.#calls.set(number, ended);
    return ended;
  }

  /** The calls remembered, oldest first. */
  list(): EmulatedCall[] {
    return [...this.#calls.values()];
  }

  /** How many calls named each action since the start. */
  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
