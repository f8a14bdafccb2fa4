import { type CrashHost, type HostCall, SUBJECT, THROUGH_HOST } from './crash-host.js';

/** A command that is killed. */
export interface DoomedCommand {
  /** For titles. */
  readonly name: string;
  /** The keys of the subject's configuration. */
  readonly keys: Readonly<Record<string, unknown>>;
  /** Steps of the engine that its records show while it runs. */
  readonly steps: readonly string[];
  /** Brings the host to where the command begins. */
  prepare(host: CrashHost): Promise<void>;
  /** What is run. */
  call(host: CrashHost): HostCall;
}

const forward = ['create', 'attach', 'move', 'redirects', 'configure', 'announce'];
const backward = ['clear', 'restore', 'detach', 'delete'];

function doomed(name: 'ADD' | 'DEL' | 'GC', withGateway: boolean): DoomedCommand {
  const keys = withGateway ? THROUGH_HOST : {};
  const gateway = name === 'ADD' ? ['gateway create', 'gateway attach'] : ['gateway detach', 'gateway delete'];
  const doing = withGateway ? (name === 'ADD' ? ' that makes a gateway' : ' that removes a gateway') : '';
  return {
    name: `${name}${doing}`,
    keys,
    steps: [...(name === 'ADD' ? forward : backward), ...(withGateway ? gateway : [])],
    prepare: async (host) => {
      if (name !== 'ADD') await host.must({ command: 'ADD', pod: SUBJECT, keys });
    },
    call: (host) => (name === 'GC' ? host.collect(keys) : { command: name, pod: SUBJECT, keys }),
  };
}

/** ADD, DEL and GC, without a gateway and with one that each of them has to make or remove. */
export const commands: readonly DoomedCommand[] = [false, true].flatMap((withGateway) => [
  doomed('ADD', withGateway),
  doomed('DEL', withGateway),
  doomed('GC', withGateway),
]);
