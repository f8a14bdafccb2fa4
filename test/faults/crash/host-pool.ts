import { CrashHost, type CrashHostOptions } from './crash-host.js';

/** Hosts that are used again while nothing is wrong with them: starting one takes longer than a point. */
export class HostPool {
  readonly #executable: () => Promise<string>;
  readonly #options: CrashHostOptions;
  readonly #free: CrashHost[] = [];

  /** Starts nothing. @param executable the plugin */
  constructor(executable: () => Promise<string>, options: CrashHostOptions = {}) {
    this.#executable = executable;
    this.#options = options;
  }

  /** A host as new. */
  async take(): Promise<CrashHost> {
    return this.#free.pop() ?? CrashHost.open(await this.#executable(), this.#options);
  }

  /** Gives back one on which nothing is left of what was done there. Any other is to be closed. */
  give(host: CrashHost): void {
    this.#free.push(host);
  }

  /** Closes those that were given back. */
  async close(): Promise<void> {
    for (const host of this.#free.splice(0)) await host.close();
  }
}
