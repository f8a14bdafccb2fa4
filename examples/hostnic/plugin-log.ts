import { appendFileSync, constants, writeSync } from 'node:fs';
import type { LogFields, Logger } from '../../lib/log.js';
import type { LogLevel } from './netconf-codec.js';

/** What every line of one command carries: which command, for which attachment. */
export interface PluginLogOptions {
  /** Less important lines go neither to the file nor to standard error. */
  readonly level: LogLevel;
  /** File that each line is appended to as one JSON object. Standard error then gets warnings only. */
  readonly file?: string;
  /** Fields of every line. */
  readonly context: LogFields;
  /** Gets every line of every level, in the place of standard error. */
  readonly print?: (line: string) => void;
}

/** A pipe that nobody reads, in the file's place, must not hold the command up. */
const APPEND = (constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NONBLOCK) as unknown as string;

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2 };

/** Runtimes drop or close a plugin's standard error as they like; a log line that finds no reader must not fail the command. */
function printToStderr(line: string): void {
  try {
    writeSync(2, `hostnic ${line}\n`);
  } catch {
    // Nowhere left to say it.
  }
}

function formatFields(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' && /[\s"=]/.test(value) ? JSON.stringify(value) : value}`)
    .join('');
}

/**
 * The plugin's logger: standard error, and a file, since runtimes swallow standard error
 * (containerd drops it whenever a plugin fails). Every line is appended by one write, so lines of plugins that run side by side do not mix.
 */
export function createPluginLog(options: PluginLogOptions): Logger {
  const print = options.print ?? printToStderr;
  let { file } = options;
  const write = (level: LogLevel, message: string, fields: LogFields = {}): void => {
    const wanted = ranks[level] >= ranks[options.level];
    if (options.print !== undefined || (wanted && (file === undefined || level === 'warn'))) {
      print(`${level}: ${message}${formatFields({ ...options.context, ...fields })}`);
    }
    if (file === undefined || !wanted) return;
    const line = JSON.stringify({ time: new Date().toISOString(), level, pid: process.pid, message, ...options.context, ...fields });
    try {
      appendFileSync(file, `${line}\n`, { mode: 0o600, flag: APPEND });
    } catch (error) {
      print(`warn: nothing more is logged to ${file}: ${error instanceof Error ? error.message : String(error)}`);
      file = undefined;
    }
  };
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
  };
}

/**
 * Chooses where lines for a person go: through the package `debug`, which costs 5 ms to load, only when `DEBUG` names `hostnic`.
 * @returns the printer, or undefined when `DEBUG` does not ask for it
 */
export async function loadDebugPrinter(env: NodeJS.ProcessEnv): Promise<((line: string) => void) | undefined> {
  if ((env['DEBUG'] ?? '') === '') return undefined;
  const { default: createDebug } = await import('debug');
  const printer = createDebug('hostnic');
  return printer.enabled ? (line) => printer('%s', line) : undefined;
}
