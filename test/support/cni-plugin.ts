/** A plugin for tests of `runPlugin` as a process. CNI_ARGS says how it behaves on ADD: `MODE=<name>`. */
import { type AnyResult, allVersions, type PluginRequest, runPlugin } from '../../lib/cni/index.js';
import { NicError } from '../../lib/errors.js';

const result: AnyResult = {
  cniVersion: '1.1.0',
  interfaces: [{ name: 'eth0' }],
  ips: [{ address: '10.0.0.2/24', interface: 0 }],
  routes: [],
};

/** Tells the test that the handler runs. */
function ready(): void {
  process.stderr.write('ready\n');
}

/** Keeps the process busy until it is ended from elsewhere. */
function hang(): Promise<never> {
  return new Promise(() => setInterval(() => undefined, 60_000));
}

const modes: Readonly<Record<string, (request: PluginRequest) => Promise<AnyResult>>> = {
  async result() {
    return result;
  },
  async chatty() {
    console.log('stray log');
    console.info('stray info');
    console.debug('stray debug');
    console.table([{ stray: 'table' }]);
    console.group('stray group');
    console.groupEnd();
    process.stdout.write('stray write\n');
    process.stdout.end('stray end\n');
    return result;
  },
  async reject() {
    throw new Error('plain failure');
  },
  callback: () =>
    new Promise(() => {
      setTimeout(() => {
        throw new Error('thrown in a callback');
      }, 1);
    }),
  async unhandled({ signal }) {
    void Promise.reject(new Error('nobody awaits this'));
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return result;
  },
  async exit() {
    process.exit(0);
  },
  async idle() {
    return new Promise(() => undefined);
  },
  async unwind({ signal }) {
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    const beat = setInterval(() => undefined, 60_000);
    ready();
    await stopped;
    clearInterval(beat);
    process.stderr.write('unwound\n');
    throw new NicError('ERR_PENDING', 'one NIC is left to detach', { cause: signal.reason });
  },
  async stubborn() {
    ready();
    return hang();
  },
  async overdue() {
    return hang();
  },
  async large() {
    ready();
    const ips = Array.from({ length: 20_000 }, (_, i) => ({ address: `10.0.${i >> 8}.${i & 255}/8`, interface: 0 }));
    return { ...result, ips } as AnyResult;
  },
  async fatal() {
    // The message of an error that is none.
    queueMicrotask(() => {
      throw undefined;
    });
    return hang();
  },
};

await runPlugin({
  about: 'CNI plugin for tests',
  versions: allVersions,
  graceMs: 50,
  deadlineMs: (config) => (config.get('deadlineMs') === undefined ? undefined : Number(config.get('deadlineMs'))),
  add: (request) => modes[request.args.replace('MODE=', '')]?.(request) ?? Promise.reject(new Error('unknown mode')),
  async del() {
    console.log('stray');
  },
});
