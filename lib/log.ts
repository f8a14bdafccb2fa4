/** What a log line carries beside its text: ids, durations, counts. Never a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where the library says what it does. Standard output is never used: it belongs to CNI. */
export interface Logger {
  /** Each step, for the curious. */
  debug(message: string, fields?: LogFields): void;
  /** What an operator wants to find afterwards. */
  info(message: string, fields?: LogFields): void;
  /** Something is wrong and was dealt with, or will be. */
  warn(message: string, fields?: LogFields): void;
}

/** A logger that says nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
};
