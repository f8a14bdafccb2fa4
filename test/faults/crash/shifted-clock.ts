import { readdirSync } from 'node:fs';
import { type Clock, systemClock } from '../../../lib/clock.js';

/** The system's clock, put forward: waits of minutes pass at once for everybody who keeps to it. */
export class ShiftedClock implements Clock {
  #aheadMs = 0;

  /** How far it is ahead, in milliseconds. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** Lets time pass. */
  skip(ms: number): void {
    this.#aheadMs += ms;
  }

  now(): number {
    return Date.now() + this.#aheadMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.sleep(ms, signal);
  }
}

/** Where Debian's package `faketime` has its library; undefined without it. */
export function findFakeTime(): string | undefined {
  for (const folder of readdirSync('/usr/lib')) {
    const path = `/usr/lib/${folder}/faketime/libfaketime.so.1`;
    try {
      readdirSync(`/usr/lib/${folder}/faketime`);
      return path;
    } catch {
      // Another architecture's folder, or none of an architecture.
    }
  }
  return undefined;
}

/**
 * Lets a program see a shifted clock as the time of day: Debian's libfaketime stands between it and the C library's `clock_gettime`.
 * Timers and sleeps stay as they are. Nothing of the program is changed for that, so what is proven holds for the executable as it is shipped.
 */
export function inShiftedTime(library: string, clock: ShiftedClock): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: library,
    FAKETIME: `+${(clock.aheadMs / 1000).toFixed(3)}s`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  };
}
