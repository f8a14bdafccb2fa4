import type { LogFields, Logger } from '../../lib/log.js';

function formatFields(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => `  ${key} ${value}`)
    .join('');
}

/** A logger for somebody who watches: the time of day, what happened, and its particulars. */
export function createTerminalLog(print: (line: string) => void, now: () => number, quiet: boolean): Logger {
  const write = (mark: string, message: string, fields: LogFields = {}): void => {
    const time = new Date(now()).toISOString().slice(11, 23);
    print(`${time} ${mark} ${message}${formatFields(fields)}`);
  };
  return {
    debug: (message, fields) => {
      if (!quiet) write(' ', message, fields);
    },
    info: (message, fields) => {
      if (!quiet) write(' ', message, fields);
    },
    warn: (message, fields) => write('!', message, fields),
  };
}
