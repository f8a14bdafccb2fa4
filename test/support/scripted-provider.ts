import { ProviderError } from '../../lib/errors.js';
import { createQingCloudProvider, type QingCloudProvider, type QingCloudProviderOptions } from '../../providers/qingcloud/index.js';
import { loopbackConfig } from './loopback-config.js';
import { type Answer, json, type ScriptedServer, startScriptedServer } from './scripted-server.js';

/** Parameters that every request has. */
const COMMON = ['access_key_id', 'signature', 'signature_method', 'signature_version', 'time_stamp', 'zone'];

/** A QingCloud provider whose service answers as it was told, and whose time passes only when it waits or is told to. */
export interface ScriptedProvider {
  /** The provider. */
  readonly provider: QingCloudProvider;
  /** The service. */
  readonly server: ScriptedServer;
  /** The action and its own parameters of each request. */
  sent(): readonly Readonly<Record<string, string>>[];
  /** The actions of all requests. */
  actions(): readonly (string | undefined)[];
  /** Lets time pass. */
  skip(ms: number): void;
  /** Stops all. */
  close(): Promise<void>;
}

/** A refusal of the service. */
export const refuse = (retCode: number, message = 'x'): Answer => json({ ret_code: retCode, message });

/** Makes one. */
export async function createScriptedProvider(options: Partial<QingCloudProviderOptions> = {}): Promise<ScriptedProvider> {
  const server = await startScriptedServer();
  let now = Date.UTC(2017, 7, 17, 3, 4, 5);
  const provider = createQingCloudProvider({
    config: loopbackConfig(server.port),
    instanceIdFile: '/nowhere/instance-id',
    clock: {
      now: () => now,
      sleep: async (ms) => {
        now += ms;
      },
    },
    random: () => 0,
    ...options,
  });
  const sent = (): readonly Readonly<Record<string, string>>[] =>
    server.requests.map(({ params }) => Object.fromEntries(Object.entries(params).filter(([name]) => !COMMON.includes(name))));
  return {
    provider,
    server,
    sent,
    actions: () => sent().map((params) => params['action']),
    skip: (ms) => {
      now += ms;
    },
    close: async () => {
      await provider.close();
      await server.close();
    },
  };
}

/** The ProviderError that a call rejects with. */
export async function providerFailure(call: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await call.then(
    () => new Error('it resolved'),
    (caught: unknown) => caught,
  );
  if (error instanceof ProviderError) return error;
  throw error;
}
