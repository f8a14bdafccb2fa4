import type * as E from 'fp-ts/lib/Either.js';
import type { ApiError } from '../api-error.js';
import type { CloudState, EmulatedJob } from '../model.js';
import type { QueryObject } from '../query.js';
import type { Settings } from '../settings.js';

/** What an action works on. */
export interface ActionInput {
  /** The parameters of the request. */
  readonly query: QueryObject;
  /** The cloud as it is now; for reads it may be an older state. */
  readonly state: CloudState;
  /** The time, in milliseconds since the epoch. */
  readonly now: number;
  /** Limits, choices, random numbers. */
  readonly settings: Settings;
}

/** What an action that was not refused did. Nothing has happened until `state` is put in force. */
export interface ActionOutcome {
  /** The fields of the reply beside `action` and `ret_code`. */
  readonly reply: Readonly<Record<string, unknown>>;
  /** The cloud afterwards, where it changed. */
  readonly state?: CloudState;
  /** The job that was started. */
  readonly job?: EmulatedJob;
  /** A NIC whose filter for foreign source addresses is switched. */
  readonly antiSpoofing?: { readonly nicId: string; readonly on: boolean };
}

/** An action of the API as a pure function. */
export type Action = (input: ActionInput) => E.Either<ApiError, ActionOutcome>;
