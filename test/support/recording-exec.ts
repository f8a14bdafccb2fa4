import {
  type AnyResult,
  allVersions,
  CniError,
  type CniVersion,
  dispatch,
  type EnvironmentVariables,
  type Plugin,
  type PluginExec,
  type PluginOutcome,
  type PluginRequest,
  type PluginRun,
} from '../../lib/cni/index.js';
import { findPlugin } from '../../lib/runtime/index.js';

/** How a plugin behaves, in the words of the recorded vectors. */
export interface PluginBehaviour {
  /** What it prints as its answer to ADD. */
  readonly raw?: string;
  /** When it fails and how: `ADD:typed`, several between commas. */
  readonly fail?: string;
  /** The versions it supports; all by default. */
  readonly versions?: readonly CniVersion[];
}

/** A call that reached a plugin's own code. */
export interface Invocation {
  /** The plugin's type. */
  readonly plugin: string;
  /** The variables of the protocol. */
  readonly env: Readonly<Record<string, string>>;
  /** Its request, parsed. */
  readonly stdin: unknown;
}

type Failure = { readonly kind: 'throw'; readonly error: Error } | { readonly kind: 'end'; readonly outcome: PluginOutcome };

function ended(exitCode: number, stdout: string, stderr: string): Failure {
  return { kind: 'end', outcome: { exitCode, ending: `exit status ${exitCode}`, stdout, stderr } };
}

const failures: Readonly<Record<string, Failure>> = {
  typed: { kind: 'throw', error: new CniError(150, 'typed msg', { details: 'typed details' }) },
  typed50: { kind: 'throw', error: new CniError(50, 'not available') },
  wrapped: { kind: 'throw', error: new Error('wrapping', { cause: new CniError(11, 'try later') }) },
  plain: { kind: 'throw', error: new Error('plain failure') },
  stderr: ended(3, '', 'only on stderr\n'),
  silent: ended(4, '', ''),
  garbage: ended(1, 'not json', ''),
  'ok-but-garbage': ended(0, 'not json', ''),
};

/** Thrown through the dispatcher to end a plugin in a way that no handler can. */
class EndedPlugin extends Error {
  readonly outcome: PluginOutcome;

  constructor(outcome: PluginOutcome) {
    super('ended');
    this.outcome = outcome;
  }
}

/** Plugins without processes, built on this package's own plugin side, that note how they are called: those the vectors were recorded with. */
export class RecordingExec implements PluginExec {
  /** What reached plugins so far, in order. */
  readonly invocations: Invocation[] = [];
  /** How plugins behave, by type. */
  behaviour: Readonly<Record<string, PluginBehaviour>> = {};
  readonly #types: readonly string[];

  constructor(types: readonly string[] = ['pa', 'pb', 'pc']) {
    this.#types = types;
  }

  find(type: string, folders: readonly string[]): Promise<string> {
    return findPlugin(type, folders, async (path) => this.#types.some((known) => path === `${folders[0]}/${known}`));
  }

  async run({ file, env, stdin }: PluginRun): Promise<PluginOutcome> {
    const type = file.slice(file.lastIndexOf('/') + 1);
    const behaviour = this.behaviour[type] ?? {};
    let ending: PluginOutcome | undefined;
    const enter = (request: PluginRequest): void => {
      this.invocations.push({ plugin: type, env: protocolVariables(env), stdin: JSON.parse(request.stdin) });
      const [, kind] =
        (behaviour.fail ?? '')
          .split(',')
          .map((one) => one.split(':'))
          .find(([name]) => name === request.command) ?? [];
      const failure = kind === undefined ? undefined : failures[kind];
      if (kind !== undefined && failure === undefined) throw new TypeError(`unknown kind of failure: ${kind}`);
      if (failure?.kind === 'throw') throw failure.error;
      if (failure?.kind === 'end') {
        ending = failure.outcome;
        throw new EndedPlugin(failure.outcome);
      }
      if (request.command === 'ADD' && behaviour.raw !== undefined) {
        ending = { exitCode: 0, ending: 'exit status 0', stdout: behaviour.raw, stderr: '' };
        throw new EndedPlugin(ending);
      }
    };
    const answer = await dispatch(recorder(enter, behaviour.versions ?? allVersions), {
      env,
      readStdin: async () => new TextEncoder().encode(stdin),
      isOwnNamespace: () => false,
    });
    return ending ?? { ...answer, ending: `exit status ${answer.exitCode}` };
  }
}

function protocolVariables(env: EnvironmentVariables): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).flatMap(([key, value]) => (key.startsWith('CNI_') ? [[key, value ?? '']] : [])));
}

function recorder(enter: (request: PluginRequest) => void, versions: readonly CniVersion[]): Plugin {
  return {
    versions,
    async add(request): Promise<AnyResult> {
      enter(request);
      const { config, ifname, netns } = request;
      return (
        config.originalPrevResult ?? {
          cniVersion: '1.1.0',
          interfaces: [{ name: ifname, sandbox: netns, mtu: 1400 }],
          ips: [{ address: '10.7.0.2/24', interface: 0 }],
          routes: [],
        }
      );
    },
    del: async (request) => enter(request),
    check: async (request) => enter(request),
    gc: async (request) => enter(request),
    status: async (request) => enter(request),
  };
}
