import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { requireLive } from '../../support/live.js';
import type { CommandEnd } from '../../support/machine.js';
import { type CniCall, type PluginWorld, startPluginWorld } from '../../support/plugin-world.js';

/** One mistake of a user, and what the plugin must say about it. */
interface BadInput {
  readonly name: string;
  /** What is wrong with the ADD; a good one otherwise. */
  readonly call: (world: PluginWorld) => Partial<CniCall> | Promise<Partial<CniCall>>;
  readonly code: number;
  /** Another code that means the same, where it depends on the JavaScript runtime. */
  readonly orCode?: number;
  readonly says: RegExp;
}

const secret = 'THE-SECRET-KEY';

const withRoute = (world: PluginWorld, route: unknown): Partial<CniCall> => ({ stdin: world.conf({ ipam: { routes: [route] } }) });
const withVxnets = (world: PluginWorld, vxNets: unknown): Partial<CniCall> => ({
  stdin: world.conf({ args: { providerConfigFile: world.providerFile, vxNets } }),
});
const withProviderFile = (world: PluginWorld, path: string, changes: Readonly<Record<string, unknown>> = {}): Partial<CniCall> => ({
  stdin: world.conf({ args: { providerConfigFile: path, vxNets: ['vxnet-a'] }, ...changes }),
});
async function withProviderText(world: PluginWorld, text: string): Promise<Partial<CniCall>> {
  const path = join(world.folder, 'broken.yaml');
  await writeFile(path, text);
  return withProviderFile(world, path);
}

const cases: readonly BadInput[] = [
  {
    name: 'no standard input',
    call: () => ({ options: { stdinState: 'closed' } }), // Node.js opens /dev/null in the place of a closed descriptor, other runtimes do not.
    code: 6,
    orCode: 5,
    says: /error reading from stdin|error unmarshall network config: it is empty/,
  },
  { name: 'an empty standard input', call: () => ({ stdin: '' }), code: 6, says: /error unmarshall network config/ },
  {
    name: 'a cut off configuration',
    call: () => ({ stdin: '{"cniVersion": "1.1.0", "name"' }),
    code: 6,
    says: /error unmarshall network config/,
  },
  { name: 'a configuration that is a list', call: () => ({ stdin: '[]' }), code: 6, says: /error unmarshall network config/ },
  {
    name: 'an unknown version',
    call: (world) => ({ stdin: world.conf({ cniVersion: '9.9.9' }) }),
    code: 1,
    says: /incompatible CNI versions/,
  },
  { name: 'a missing variable', call: () => ({ env: { CNI_IFNAME: '' } }), code: 4, says: /CNI_IFNAME/ },
  {
    name: 'an unknown provider',
    call: (world) => ({ stdin: world.conf({ provider: 'cloudy' }) }),
    code: 7,
    says: /provider "cloudy" is not known; known: qingcloud/,
  },
  { name: 'a missing provider', call: (world) => ({ stdin: world.conf({ provider: undefined }) }), code: 7, says: /provider must be/ },
  { name: 'missing args', call: (world) => ({ stdin: world.conf({ args: undefined }) }), code: 7, says: /args must be/ },
  {
    name: 'a provider file that is not named',
    call: (world) => ({ stdin: world.conf({ args: { vxNets: ['vxnet-a'] } }) }),
    code: 7,
    says: /args\.providerConfigFile must be/,
  },
  {
    name: 'a provider file that is not there',
    call: (world) => withProviderFile(world, join(world.folder, 'nowhere.yaml')),
    code: 7,
    says: /nowhere\.yaml: there is no such provider file/,
  },
  {
    name: 'a provider file that cannot be read',
    call: async (world) => {
      const path = join(world.folder, 'folder.yaml');
      await mkdir(path);
      return withProviderFile(world, path);
    },
    code: 7,
    says: /folder\.yaml: this cannot be the provider file: it is no plain file/,
  },
  { name: 'an empty provider file', call: (world) => withProviderText(world, ''), code: 7, says: /broken\.yaml/ },
  {
    name: 'a provider file that is no YAML',
    call: (world) => withProviderText(world, `qy_secret_access_key: "${secret}\n`),
    code: 7,
    says: /broken\.yaml/,
  },
  {
    name: 'a provider file without the secret key',
    call: (world) => withProviderText(world, `qy_access_key_id: "${secret}"\nzone: pek3a\n`),
    code: 7,
    says: /broken\.yaml.*qy_secret_access_key/,
  },
  {
    name: 'a provider file without a zone',
    call: (world) => withProviderText(world, `qy_access_key_id: ID\nqy_secret_access_key: ${secret}\n`),
    code: 7,
    says: /broken\.yaml.*zone/,
  },
  {
    name: 'a provider file with a port that is none',
    call: (world) => withProviderText(world, `qy_access_key_id: ID\nqy_secret_access_key: ${secret}\nzone: pek3a\nport: "https"\n`),
    code: 7,
    says: /broken\.yaml.*port/,
  },
  {
    name: 'an instance id that is not there',
    call: (world) => ({ stdin: world.conf({ instanceIdFile: join(world.folder, 'no-id') }) }),
    code: 7,
    says: /no-id: the id of this instance cannot be read/,
  },
  { name: 'missing vxNets', call: (world) => withVxnets(world, undefined), code: 7, says: /args\.vxNets must be a list of at least one/ },
  { name: 'empty vxNets', call: (world) => withVxnets(world, []), code: 7, says: /args\.vxNets must be a list of at least one/ },
  { name: 'a vxnet that is a number', call: (world) => withVxnets(world, [1]), code: 7, says: /args\.vxNets\[0\] must be a text/ },
  { name: 'a vxnet that does not exist', call: (world) => withVxnets(world, ['vxnet-a', 'vxnet-gone']), code: 7, says: /vxnet-gone/ },
  { name: 'a vxnet in no VPC', call: (world) => withVxnets(world, ['vxnet-without-vpc']), code: 7, says: /vxnet-without-vpc/ },
  {
    name: 'vxnets of two VPCs',
    call: (world) => withVxnets(world, ['vxnet-a', 'vxnet-other-vpc']),
    code: 7,
    says: /vxnet-other-vpc/,
  },
  {
    name: 'a route to no range',
    call: (world) => withRoute(world, { dst: 'kubernetes service cidr', gw: '0.0.0.0' }),
    code: 7,
    says: /ipam\.routes\[0\]\.dst must be/,
  },
  {
    name: 'a route through no address',
    call: (world) => withRoute(world, { dst: '10.96.0.0/12', gw: 'hostip or 0.0.0.0' }),
    code: 7,
    says: /ipam\.routes\[0\]\.gw must be/,
  },
  {
    name: 'a route through an address that no vxnet holds',
    call: (world) => withRoute(world, { dst: '10.96.0.0/12', gw: '203.0.113.9' }),
    code: 7,
    says: /203\.0\.113\.9/,
  },
  {
    name: 'isGateway as a text',
    call: (world) => ({ stdin: world.conf({ isGateway: 'yes' }) }),
    code: 7,
    says: /isGateway must be true or false/,
  },
  {
    name: 'a namespace path that does not exist',
    call: () => ({ env: { CNI_NETNS: '/run/netns/nowhere' } }),
    code: 8,
    says: /\/run\/netns\/nowhere/,
  },
  { name: 'a namespace path that is no namespace', call: () => ({ env: { CNI_NETNS: '/etc/passwd' } }), code: 8, says: /\/etc\/passwd/ },
  {
    name: 'a namespace path of another kind of namespace',
    call: () => ({ env: { CNI_NETNS: '/proc/self/ns/mnt' } }),
    code: 8,
    says: /ns\/mnt/,
  },
  {
    name: "the plugin's own namespace",
    call: () => ({ env: { CNI_NETNS: '/proc/self/ns/net' } }),
    code: 8,
    says: /should not be the same/,
  },
  { name: 'an interface name that is taken', call: () => ({ env: { CNI_IFNAME: 'taken0' } }), code: 104, says: /taken0/ },
  { name: 'an interface name that cannot be', call: () => ({ env: { CNI_IFNAME: 'a/b' } }), code: 4, says: /interface name/ },
  {
    name: 'an access key that the cloud does not know',
    call: async (world) => withProviderFile(world, await world.writeProviderFile('stranger.yaml', { qy_access_key_id: 'STRANGER' })),
    code: 100,
    says: /./,
  },
  {
    name: 'a wrong secret key',
    call: async (world) => withProviderFile(world, await world.writeProviderFile('forged.yaml', { qy_secret_access_key: secret })),
    code: 100,
    says: /./,
  },
  {
    name: 'an API that nobody serves',
    call: async (world) =>
      withProviderFile(world, await world.writeProviderFile('refused.yaml', { port: 9, connection_retries: 1 }), { deadlineSeconds: 5 }),
    code: 11,
    says: /127\.0\.0\.1|connect|ECONNREFUSED/,
  },
  {
    name: 'an API that does not answer',
    call: (world) => {
      world.emulator.addFault({ fault: { kind: 'silence', when: 'before' }, times: 'always' });
      return { stdin: world.conf({ deadlineSeconds: 2 }) };
    },
    code: 11,
    says: /deadline|time/,
  },
];

function errorOf(end: CommandEnd): { readonly cniVersion: string; readonly code: number; readonly msg: string; readonly details?: string } {
  expect(end.code, `stdout: ${end.stdout}, stderr: ${end.stderr}`).to.equal(1);
  return JSON.parse(end.stdout);
}

describe('hostnic ADD with bad input', () => {
  let world: PluginWorld;

  before(async function () {
    requireLive(this, ['ip', 'nsenter', 'unshare']);
    world = await startPluginWorld();
    await world.addPod('pod-1');
    const { code, stderr } = await world.machine.run('ip', ['-n', 'pod-1', 'link', 'add', 'taken0', 'type', 'bridge']);
    expect(code, stderr).to.equal(0);
  });

  after(() => world?.close());

  for (const { name, call, code, orCode, says } of cases) {
    it(`answers code ${code} to ${name}, and changes nothing`, async () => {
      const nicsBefore = world.emulator.nics().map(({ id }) => id);
      const stateBefore = await world.networkState();
      try {
        const changes = await call(world);
        const end = await world.call({ command: 'ADD', pod: 'pod-1', stdin: world.conf(), ...changes });
        const error = errorOf(end);
        expect(error.code, end.stdout).to.be.oneOf([code, orCode]);
        expect(`${error.msg} ${error.details ?? ''}`).to.match(says);
        expect(end.stdout + end.stderr).not.to.include(secret);
      } finally {
        world.emulator.clearFaults();
      }
      expect(world.emulator.nics().map(({ id }) => id)).to.deep.equal(nicsBefore);
      expect(await world.networkState()).to.equal(stateBefore);
    });
  }

  it('succeeds when nothing is wrong: the cases above fail for their own reason', async () => {
    // Another container: the answer to a create request of the first one was lost above, so its record is watched for a while.
    await world.addPod('pod-2');
    for (const command of ['ADD', 'DEL']) {
      const end = await world.call({ command, pod: 'pod-2', stdin: world.conf() });
      expect(end.code, end.stdout + end.stderr).to.equal(0);
    }
  });
});
