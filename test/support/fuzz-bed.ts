import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHostnicPlugin } from '../../examples/hostnic/handlers.js';
import type { PluginHost } from '../../examples/hostnic/plugin-host.js';
import { createPluginLog } from '../../examples/hostnic/plugin-log.js';
import { createAttachmentEngine, createFileHostStore, createFileStore } from '../../lib/attachment/index.js';
import { unlimitedCalls } from '../../lib/call-budget/index.js';
import { type PluginAnswer, runPlugin } from '../../lib/cni/index.js';
import { silentLogger } from '../../lib/log.js';
import type { Nic } from '../../lib/nic.js';
import { fileLocker } from '../../netlink/index.js';
import { createQingCloudProvider, readConfig } from '../../providers/qingcloud/index.js';
import { type AttachmentBed, createAttachmentBed } from './attachment-bed.js';
import type { FuzzedCall } from './fuzzed-call.js';

/** The plugin with real files, a cloud and a kernel in memory, and things around that no call may touch. */
export interface FuzzBed extends Pick<AttachmentBed, 'clock' | 'kernel' | 'cloud'> {
  /** Where all its files are. */
  readonly base: string;
  /** A good configuration. */
  readonly conf: Readonly<Record<string, unknown>>;
  readonly providerFile: string;
  readonly instanceIdFile: string;
  /** Both files' good texts. */
  readonly goodFiles: ReadonlyMap<string, string>;
  /** Serves one call as the process does. Rejects when it answers more than once, or not at all. */
  call(call: FuzzedCall): Promise<PluginAnswer>;
  /** NICs that the plugin made for the network of {@link FuzzBed.conf}, gateways included. */
  own(): readonly Nic[];
  /** NICs, links and files that are none of the plugin's business, as text to compare. */
  bystanders(): string;
  /** Puts the folders back to what they were in the beginning. */
  restore(): void;
  close(): void;
}

/** Never in an answer, whatever becomes of the file that holds it. */
export const FUZZ_SECRET = 'swordfish-4711';

const PROVIDER_FILE = `qy_access_key_id: 'KEYID'\nqy_secret_access_key: '${FUZZ_SECRET}'\nzone: 'pek3a'\nport: 443\nprotocol: 'https'\nlog_level: 'warn'\n`;

/** Every case writes and syncs dozens of files, which is not what is tested here. */
const IN_MEMORY = '/dev/shm';

/** The container that lives all the time, of another network in the same folder. */
export const BYSTANDER = '/run/netns/c9';

function readTree(directory: string): readonly string[] {
  return fs.readdirSync(directory, { withFileTypes: true, recursive: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return entry.isFile() ? `${path}: ${fs.readFileSync(path, 'utf8')}` : path;
  });
}

/** Opens it. */
export async function openFuzzBed(): Promise<FuzzBed> {
  const base = fs.mkdtempSync(join(fs.existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), 'hn-fuzz-'));
  const path = (...names: string[]): string => join(base, ...names);
  for (const name of ['etc', 'outside', 'data', 'host', 'original', 'log']) fs.mkdirSync(path(name));
  fs.writeFileSync(path('outside', 'victim'), 'untouched');
  const bed = await createAttachmentBed();
  const { clock, kernel, cloud, driver } = bed;
  for (const name of ['c1', 'c9']) bed.pod(name);
  cloud.addInstance('i-2');
  cloud.addNic({ subnetId: 'net-1', name: 'of somebody' });
  cloud.addNic({ subnetId: 'net-1', name: 'of another host', instanceId: 'i-2' });
  const providerFile = path('etc', 'client.yaml');
  const instanceIdFile = path('etc', 'instance-id');
  const goodFiles = new Map([
    [providerFile, PROVIDER_FILE],
    [instanceIdFile, 'i-1\n'],
  ]);
  const conf = {
    cniVersion: '1.1.0',
    name: 'pods',
    type: 'hostnic',
    provider: 'qingcloud',
    args: { providerConfigFile: providerFile, vxNets: ['net-1', 'net-2'] },
    ipam: { routes: [{ dst: '10.96.0.0/12', gw: '0.0.0.0' }] },
    dataDir: path('data'),
    hostDir: path('host'),
    logFile: path('log', 'hostnic.log'),
    instanceIdFile,
    gatewayIdleSeconds: 0,
  };
  // A wrong configuration may name any folder there is: what is not the bed's own is taken for an empty one.
  const within = (directory: string, other: string): string =>
    directory === path('data') || directory === path('host') ? directory : path(other);
  const host: PluginHost = {
    providers: {
      async qingcloud({ configFile, instanceIdFile: idFile }) {
        const settings = { config: await clock.busy(readConfig(configFile)), instanceIdFile: idFile };
        const real = createQingCloudProvider(settings);
        const instanceId = await clock.busy(real.instanceId()).finally(() => real.close());
        return cloud.provider({ instanceId });
      },
    },
    clock,
    get startedAt() {
      return clock.now();
    },
    async createLog({ logFile, logLevel }, context) {
      if (logFile !== path('log', 'hostnic.log')) return silentLogger;
      return createPluginLog({ level: logLevel, context, file: logFile, print: () => {} });
    },
    createLimiter: () => unlimitedCalls,
    async createEngine({ keeping, provider, log }) {
      const tools = { locker: fileLocker, clock };
      return createAttachmentEngine({
        provider,
        driver,
        store: createFileStore({ ...tools, directory: within(keeping.dataDir, 'other-data') }),
        hostStore: createFileHostStore({
          ...tools,
          directory: within(keeping.hostDir, 'other-host'),
          originalDirectory: within(keeping.originalDir, 'original'),
        }),
        bootId: 'this-boot',
        clock,
        log,
        limits: { gatewayIdleMs: keeping.gatewayIdleMs },
      });
    },
  };
  const plugin = createHostnicPlugin(host);
  const call = ({ env, stdin }: FuzzedCall): Promise<PluginAnswer> => {
    const answers: PluginAnswer[] = [];
    const uncaught: unknown[] = [];
    return runPlugin(plugin, {
      env,
      readStdin: async (most) => Buffer.from(stdin).subarray(0, most + 1),
      isOwnNamespace: (netns) => netns === '/proc/self/ns/net',
      clock,
      guard: (events) => void events,
      onSignal: () => {},
      answer: (answer) => void answers.push(answer),
    }).then(() => {
      const [answer] = answers;
      if (answer === undefined || answers.length > 1 || uncaught.length > 0) throw new Error(`it answered ${answers.length} times`);
      return answer;
    });
  };
  const own = (): readonly Nic[] => bed.nics().filter((nic) => nic.name.startsWith('hostnic-') && nic.id !== living?.id);
  let living: Nic | undefined;
  const snapshot = path('snapshot');
  const fuzzBed: FuzzBed = {
    clock,
    kernel,
    cloud,
    base,
    conf,
    providerFile,
    instanceIdFile,
    goodFiles,
    call,
    own,
    bystanders() {
      const nics = cloud.nics().filter((nic) => !own().some(({ id }) => id === nic.id));
      const mac = living?.mac ?? '';
      return JSON.stringify(
        [nics, kernel.findByMac(mac)?.link, readTree(path('outside')), fs.readdirSync(base).filter((name) => !name.startsWith('other-'))],
        undefined,
        1,
      );
    },
    restore() {
      for (const name of ['data', 'host']) {
        fs.rmSync(path(name), { recursive: true, force: true });
        fs.cpSync(path('snapshot', name), path(name), { recursive: true });
      }
      for (const name of ['other-data', 'other-host']) fs.rmSync(path(name), { recursive: true, force: true });
      for (const [file, text] of goodFiles) fs.writeFileSync(file, text);
      for (const nic of own()) cloud.removeNic(nic.id);
      for (const name of ['c1']) {
        kernel.removeNamespace(`/run/netns/${name}`);
        kernel.addNamespace(`/run/netns/${name}`);
      }
    },
    close() {
      void cloud.close();
      fs.rmSync(base, { recursive: true, force: true });
    },
  };
  fs.mkdirSync(snapshot);
  for (const [file, text] of goodFiles) fs.writeFileSync(file, text);
  const env = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c9', CNI_NETNS: BYSTANDER, CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin' };
  const answer = await call({ env, stdin: JSON.stringify({ ...conf, name: 'bystanders', ipam: undefined }) });
  if (answer.exitCode !== 0) throw new Error(answer.stdout);
  living = bed.nics().find((nic) => nic.name.startsWith('hostnic-p'));
  for (const name of ['data', 'host']) fs.cpSync(path(name), path('snapshot', name), { recursive: true });
  return fuzzBed;
}
