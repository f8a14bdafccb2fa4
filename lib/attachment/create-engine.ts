import { collectAccount } from './account-gc.js';
import { add } from './add.js';
import { check } from './check.js';
import { Command, createContext } from './context.js';
import { del } from './del.js';
import type { AttachmentEngine, AttachmentEngineOptions, CommandOptions } from './engine.js';
import { collect } from './gc.js';
import { status } from './status.js';

/** Makes an engine. It holds nothing open between commands: state is in its stores, so any number of processes can work side by side. */
export function createAttachmentEngine(options: AttachmentEngineOptions): AttachmentEngine {
  const context = createContext(options);
  const run = async <T>(timing: CommandOptions, work: (command: Command) => Promise<T>): Promise<T> => {
    const command = new Command(context, timing);
    try {
      return await work(command);
    } finally {
      command.close();
    }
  };
  return {
    attach: (request, timing) => run(timing, (command) => add(command, request)),
    detach: (request, timing) => run(timing, (command) => del(command, request)),
    check: (request, timing) => run(timing, (command) => check(command, request)),
    collect: (request, timing) => run(timing, (command) => collect(command, request)),
    collectAccount: (request, timing) => run(timing, (command) => collectAccount(command, request)),
    status: (request, timing) => run(timing, (command) => status(command, request)),
  };
}
