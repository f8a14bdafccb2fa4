import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../clock.js';
import type { NamespaceRef, NetworkNamespace } from '../driver.js';
import { type Logger, silentLogger } from '../log.js';
import type { NicProvider } from '../provider.js';
import { Backoff } from './backoff.js';
import { Budget } from './budget.js';
import type { AttachmentEngineOptions, CommandOptions } from './engine.js';
import { DEFAULT_LIMITS, type EngineLimits } from './limits.js';

/** What all commands of an engine share. */
export interface EngineContext extends Required<Omit<AttachmentEngineOptions, 'limits' | 'clock' | 'log'>> {
  /** Time. */
  readonly clock: Clock;
  /** Where to say what is done. */
  readonly log: Logger;
  /** Complete limits. */
  readonly limits: EngineLimits;
}

/** Fills in what the caller left out. */
export function createContext(options: AttachmentEngineOptions): EngineContext {
  return {
    ...options,
    host: options.host ?? { kind: 'own' },
    clock: options.clock ?? systemClock,
    log: options.log ?? silentLogger,
    random: options.random ?? Math.random,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  };
}

/** The cloud as a command uses it. */
export interface Cloud {
  /** The provider. */
  readonly provider: NicProvider;
  /** The instance this host is. */
  readonly instanceId: string;
}

/** Who asks the cloud: what it says to one asker need not hold for another. A digest, since it is written to a file. */
export function askerOf({ provider, instanceId }: Cloud): string {
  return createHash('sha256')
    .update(JSON.stringify([provider.name, provider.identity ?? '', instanceId]))
    .digest('hex')
    .slice(0, 32);
}

/** One command of an engine: its time, and what it has opened. */
export class Command {
  readonly context: EngineContext;
  readonly budget: Budget;
  #cloud: Promise<Cloud> | undefined;
  #host: Promise<NetworkNamespace> | undefined;
  readonly #open: NetworkNamespace[] = [];

  constructor(context: EngineContext, options: CommandOptions) {
    this.context = context;
    this.budget = new Budget({
      clock: context.clock,
      deadline: options.deadline,
      signal: options.signal,
      reserveMs: context.limits.unwindReserveMs,
      answerMs: context.limits.createAnswerMs,
    });
  }

  /** The provider and the instance, asked for once. Rejects as often as it is asked when they cannot be had. */
  cloud(): Promise<Cloud> {
    this.#cloud ??= this.#connect();
    return this.#cloud;
  }

  /** The namespace in which NICs appear. */
  host(): Promise<NetworkNamespace> {
    this.#host ??= this.open(this.context.host).catch((error: unknown) => {
      // What failed for a moment only must not fail for all of the command.
      this.#host = undefined;
      throw error;
    });
    return this.#host;
  }

  /** Opens a namespace until the command ends. @throws NicError `ERR_NAMESPACE` */
  async open(ref: NamespaceRef): Promise<NetworkNamespace> {
    const namespace = await this.context.driver.open(ref);
    this.#open.push(namespace);
    return namespace;
  }

  /** Waits that grow, for looking at something in the cloud again and again. */
  backoff(firstMs: number = this.context.limits.pollMs): Backoff {
    const { clock, random, limits } = this.context;
    return new Backoff({ clock, random, firstMs, maxMs: limits.maxPollMs });
  }

  /** Closes what was opened. */
  close(): void {
    this.budget.close();
    for (const namespace of this.#open) namespace.close();
  }

  async #connect(): Promise<Cloud> {
    const provider = await this.context.provider();
    const instanceId = await provider.instanceId({ signal: this.budget.whole() });
    return { provider, instanceId };
  }
}
