import type { ChildProcess } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { requireLive } from '../../support/live.js';
import { type CommandEnd, childOf } from '../../support/machine.js';
import { type PluginWorld, startPluginWorld, worldInstanceId } from '../../support/plugin-world.js';

interface Answer {
  readonly cniVersion: string;
  readonly interfaces: readonly { readonly name: string; readonly mac: string; readonly sandbox: string; readonly mtu?: number }[];
  readonly ips: readonly { readonly address: string; readonly gateway: string; readonly interface: number; readonly version?: string }[];
  readonly routes?: readonly { readonly dst: string; readonly gw?: string }[];
  readonly dns?: object;
}

interface ErrorAnswer {
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

const succeeded = (end: CommandEnd): CommandEnd => {
  expect(end.code, `stdout: ${end.stdout}, stderr: ${end.stderr}`).to.equal(0);
  return end;
};
const resultOf = (end: CommandEnd): Answer => JSON.parse(succeeded(end).stdout);
const errorOf = (end: CommandEnd): ErrorAnswer => {
  expect(end.code, `stdout: ${end.stdout}, stderr: ${end.stderr}`).to.equal(1);
  return JSON.parse(end.stdout);
};

function promiseParts<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Waits for what another process brings about; fails after 20 s. */
async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2000 && !holds(); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(holds(), 'waited 20 s in vain').to.equal(true);
}

describe('hostnic as a process', function () {
  this.timeout(60_000);
  let world: PluginWorld;
  let pods = 0;

  /** NICs that pods and gateways hold: all but the primary one. */
  const secondaryNics = (): readonly string[] =>
    world.emulator
      .nics()
      .filter(({ role }) => role === 0)
      .map(({ id }) => id);
  const newPod = async (): Promise<string> => {
    pods += 1;
    const name = `pod-${pods}`;
    await world.addPod(name);
    return name;
  };
  const inPod = async (pod: string, ...args: string[]): Promise<string> =>
    succeeded(await world.machine.run('ip', ['netns', 'exec', pod, ...args])).stdout;

  before(async function () {
    requireLive(this, ['ip', 'nsenter', 'unshare']);
    world = await startPluginWorld({
      emulator: {
        vxnets: [
          { id: 'vxnet-a', routerId: 'rtr-1', cidr: '192.168.100.0/24' },
          { id: 'vxnet-b', routerId: 'rtr-1', cidr: '192.168.101.0/24' },
        ],
        jobs: { attachMs: 0, detachMs: 0 },
      },
    });
  });

  after(() => world?.close());

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') {
      // What a failed test left must not fail those after it.
      await world?.call({ command: 'GC', stdin: world.conf({ 'cni.dev/valid-attachments': [], gatewayIdleSeconds: 0 }) });
    } else {
      expect(secondaryNics(), 'every test gives back what it took').to.deep.equal([]);
    }
  });

  it('answers VERSION although standard input stays open, and nothing else is there', async () => {
    const end = succeeded(await world.call({ command: 'VERSION', stdin: '', options: { stdinState: 'open' } }));
    expect(JSON.parse(end.stdout)).to.deep.equal({
      cniVersion: '1.1.0',
      supportedVersions: ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'],
    });
  });

  it('says who it is when started by hand', async () => {
    const end = succeeded(await world.call({ command: '', stdin: '' }));
    expect(end.stdout).to.equal('');
    expect(end.stderr).to.match(/^CNI plugin hostnic.*\nCNI protocol versions supported: 0\.1\.0, .*1\.1\.0\n$/);
  });

  it('refuses ADD before anything is created where the instance holds as many NICs as the configuration says', async () => {
    const [first, second] = [await newPod(), await newPod()];
    const stdin = world.conf({ nicsPerInstance: 1 });
    succeeded(await world.call({ command: 'ADD', pod: first, stdin }));
    const { CreateNics } = world.emulator.callCounts();
    const { code, msg } = errorOf(await world.call({ command: 'ADD', pod: second, stdin }));
    expect({ code, msg }).to.deep.include({ code: 11 });
    expect(msg).to.include('holds 1 NICs, as many as it can');
    expect(world.emulator.callCounts()['CreateNics']).to.equal(CreateNics);
    succeeded(await world.call({ command: 'DEL', pod: first, stdin }));
  });

  it('serves ADD, CHECK, DEL, and DEL again', async () => {
    const pod = await newPod();
    const routes = [{ dst: '10.96.0.0/12' }, { dst: '172.30.0.0/16', gw: '192.168.100.77' }];
    const stdin = world.conf({ ipam: { routes }, mtu: 1400 });
    const result = resultOf(await world.call({ command: 'ADD', pod, stdin }));
    const [nic] = world.emulator.nics().filter(({ role }) => role === 0);
    expect(nic?.instanceId).to.equal(worldInstanceId);
    expect(result.cniVersion).to.equal('1.1.0');
    expect(result.interfaces).to.deep.equal([{ name: 'eth0', mac: nic?.id, mtu: 1400, sandbox: `/run/netns/${pod}` }]);
    expect(result.ips).to.deep.equal([{ interface: 0, address: `${nic?.address}/24`, gateway: '192.168.100.1' }]);
    expect(result.routes).to.have.deep.members([
      { dst: '0.0.0.0/0', gw: '192.168.100.1' },
      { dst: '10.96.0.0/12', gw: '192.168.100.1' },
      { dst: '172.30.0.0/16', gw: '192.168.100.77' },
    ]);
    const link = await inPod(pod, 'ip', '-o', 'link', 'show', 'eth0');
    expect(link)
      .to.include(`link/ether ${nic?.id}`)
      .and.include('mtu 1400')
      .and.match(/[<,]UP[,>]/);
    expect(await inPod(pod, 'ip', '-o', '-4', 'addr', 'show', 'eth0')).to.include(`inet ${nic?.address}/24`);
    const table = await inPod(pod, 'ip', 'route');
    expect(table)
      .to.match(/^default via 192\.168\.100\.1 /m)
      .and.match(/^10\.96\.0\.0\/12 via 192\.168\.100\.1 /m);
    expect(table).to.match(/^172\.30\.0\.0\/16 via 192\.168\.100\.77 /m);

    const checked = { ...stdin, prevResult: result };
    expect(succeeded(await world.call({ command: 'CHECK', pod, stdin: checked })).stdout).to.equal('');
    await inPod(pod, 'ip', 'route', 'del', '10.96.0.0/12');
    const wrong = errorOf(await world.call({ command: 'CHECK', pod, stdin: checked }));
    expect(wrong.code).to.equal(103);
    expect(wrong.msg).to.include('10.96.0.0/12');

    expect(succeeded(await world.call({ command: 'DEL', pod, stdin: checked })).stdout).to.equal('');
    expect(secondaryNics()).to.deep.equal([]);
    expect(await inPod(pod, 'ip', '-o', 'link')).not.to.include('eth0');
    succeeded(await world.call({ command: 'DEL', pod, stdin: checked }));
  });

  it('carries traffic: the pod reaches the router and another pod', async function () {
    requireLive(this, ['ping']);
    const [one, two] = [await newPod(), await newPod()];
    resultOf(await world.call({ command: 'ADD', pod: one, stdin: world.conf() }));
    const second = resultOf(await world.call({ command: 'ADD', pod: two, stdin: world.conf() }));
    const address = second.ips[0]?.address.split('/')[0] ?? '';
    await inPod(one, 'ping', '-c1', '-W2', '192.168.100.1');
    await inPod(one, 'ping', '-c1', '-W2', address);
    for (const pod of [one, two]) succeeded(await world.call({ command: 'DEL', pod, stdin: world.conf() }));
  });

  it('refuses a second ADD of the same attachment, which lives on', async () => {
    const pod = await newPod();
    const result = resultOf(await world.call({ command: 'ADD', pod, stdin: world.conf() }));
    expect(errorOf(await world.call({ command: 'ADD', pod, stdin: world.conf() })).code).to.equal(104);
    expect(await inPod(pod, 'ip', '-o', 'link', 'show', 'eth0')).to.include(result.interfaces[0]?.mac);
    succeeded(await world.call({ command: 'DEL', pod, stdin: world.conf() }));
  });

  it('leaves the default route alone when isGateway is false', async () => {
    const pod = await newPod();
    const result = resultOf(await world.call({ command: 'ADD', pod, stdin: world.conf({ isGateway: false }) }));
    expect(result.routes ?? []).to.deep.equal([]);
    expect(await inPod(pod, 'ip', 'route')).not.to.include('default');
    succeeded(await world.call({ command: 'DEL', pod, stdin: world.conf({ isGateway: false }) }));
  });

  it('takes a wished address', async () => {
    const pod = await newPod();
    const stdin = world.conf({ runtimeConfig: { ips: ['192.168.100.200'] } });
    expect(resultOf(await world.call({ command: 'ADD', pod, stdin })).ips[0]?.address).to.equal('192.168.100.200/24');
    succeeded(await world.call({ command: 'DEL', pod, stdin }));
  });

  for (const cniVersion of ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0']) {
    it(`speaks ${cniVersion}`, async () => {
      const pod = await newPod();
      const stdin = world.conf({ cniVersion });
      const result = JSON.parse(succeeded(await world.call({ command: 'ADD', pod, stdin })).stdout) as Record<string, unknown>;
      const [nic] = world.emulator.nics().filter(({ role }) => role === 0);
      expect(result['cniVersion']).to.equal(cniVersion);
      expect(JSON.stringify(result)).to.include(`"${nic?.address}/24"`);
      succeeded(await world.call({ command: 'DEL', pod, stdin: { ...stdin, prevResult: result } }));
    });
  }

  it('adds to the result of earlier plugins', async () => {
    const pod = await newPod();
    const prevResult = {
      cniVersion: '1.1.0',
      interfaces: [{ name: 'net1', mac: '02:00:00:00:00:01', sandbox: `/run/netns/${pod}` }],
      ips: [{ interface: 0, address: '10.5.0.2/16' }],
      dns: { nameservers: ['192.0.2.53'] },
    };
    const result = resultOf(await world.call({ command: 'ADD', pod, stdin: world.conf({ prevResult }) }));
    expect(result.interfaces.map(({ name }) => name)).to.deep.equal(['net1', 'eth0']);
    expect(result.ips.map((ip) => ip.interface)).to.deep.equal([0, 1]);
    expect(result.dns).to.deep.equal({ nameservers: ['192.0.2.53'] });
    succeeded(await world.call({ command: 'DEL', pod, stdin: world.conf({ prevResult: result }) }));
  });

  it('uses one gateway NIC for all pods with routes through the host', async () => {
    const [one, two] = [await newPod(), await newPod()];
    const stdin = world.conf({ ipam: { routes: [{ dst: '10.96.0.0/12', gw: '0.0.0.0' }] }, gatewayIdleSeconds: 0 });
    const [first, second] = [
      await world.call({ command: 'ADD', pod: one, stdin }),
      await world.call({ command: 'ADD', pod: two, stdin }),
    ].map((end) => resultOf(end));
    const hops = [first, second].map((result) => result?.routes?.find(({ dst }) => dst === '10.96.0.0/12')?.gw);
    expect(hops[0]).to.be.a('string').and.to.equal(hops[1]);
    expect(hops[0]).not.to.be.oneOf(['0.0.0.0', '192.168.100.1']);
    const gateway = world.emulator.nics().find(({ address }) => address === hops[0]);
    expect(gateway).to.include({ instanceId: worldInstanceId, antiSpoofing: false });
    expect(secondaryNics()).to.have.length(3);
    const onHost = succeeded(await world.machine.run('ip', ['-o', '-4', 'addr'])).stdout;
    expect(onHost).to.include(`inet ${hops[0]}/24`);
    for (const pod of [one, two]) succeeded(await world.call({ command: 'DEL', pod, stdin }));
    succeeded(await world.call({ command: 'GC', stdin: { ...stdin, 'cni.dev/valid-attachments': [] } }));
  });

  it('collects what no valid attachment owns, and keeps the rest', async () => {
    const [kept, lost] = [await newPod(), await newPod()];
    const result = resultOf(await world.call({ command: 'ADD', pod: kept, stdin: world.conf() }));
    resultOf(await world.call({ command: 'ADD', pod: lost, stdin: world.conf() }));
    await world.removePod(lost);
    const valid = [{ containerID: kept, ifname: 'eth0' }];
    expect(errorOf(await world.call({ command: 'GC', stdin: world.conf() })).code).to.equal(7);
    expect(secondaryNics()).to.have.length(2);
    succeeded(await world.call({ command: 'GC', stdin: world.conf({ 'cni.dev/valid-attachments': valid }) }));
    expect(secondaryNics()).to.deep.equal([result.interfaces[0]?.mac]);
    succeeded(await world.call({ command: 'DEL', pod: kept, stdin: world.conf() }));
  });

  it('keeps all commands of a host to their budget of API calls, and some of it for taking NICs back', async () => {
    const budget = { apiCallsPerHour: 30, hostDir: join(world.folder, 'host-budget') };
    const before = world.emulator.calls().length;
    const pods: string[] = [];
    let answer = await world.call({ command: 'STATUS', stdin: world.conf(budget) });
    while (answer.code === 0 && pods.length < 10) {
      pods.push(await newPod());
      answer = await world.call({ command: 'ADD', pod: pods.at(-1) ?? '', stdin: world.conf(budget) });
    }
    expect(errorOf(answer)).to.deep.include({ code: 11 });
    expect(errorOf(answer).msg).to.match(/the API budget of this host, 30 calls an hour, is used up for \d+ s/);
    const [pod = ''] = pods;
    succeeded(await world.call({ command: 'DEL', pod, stdin: world.conf(budget) }));
    expect(world.emulator.calls().length - before).to.be.at.most(16);
    for (const left of pods)
      succeeded(await world.call({ command: 'DEL', pod: left, stdin: world.conf({ ...budget, apiCallsPerHour: 0 }) }));
    expect(secondaryNics()).to.deep.equal([]);
  });

  it('answers STATUS silently when all is well, and 50 with a reason when the cloud cannot be asked', async () => {
    succeeded(await world.call({ command: 'STATUS', stdin: world.conf() }));
    const broken = join(world.folder, 'status.yaml');
    await writeFile(broken, 'zone: [\n');
    const args = { providerConfigFile: broken, vxNets: ['vxnet-a'] };
    const error = errorOf(await world.call({ command: 'STATUS', stdin: world.conf({ args, hostDir: join(world.folder, 'host-2') }) }));
    expect(error.code).to.be.oneOf([50, 51]);
    expect(error.msg).to.include('status.yaml');
  });

  describe('DEL', () => {
    for (const [name, changes] of [
      ['no namespace', { CNI_NETNS: '' }],
      ['a namespace that is gone', { CNI_NETNS: '/run/netns/gone' }],
      ['a path that is no namespace', { CNI_NETNS: '/etc/passwd' }],
      ['another namespace', { CNI_NETNS: '/run/netns/foreign' }],
    ] as const) {
      it(`gives the NIC back with ${name}`, async () => {
        const pod = await newPod();
        await world.addPod('foreign');
        succeeded(await world.machine.run('ip', ['-n', 'foreign', 'link', 'add', 'eth0', 'type', 'bridge']));
        const result = resultOf(await world.call({ command: 'ADD', pod, stdin: world.conf() }));
        succeeded(await world.call({ command: 'DEL', pod, stdin: world.conf({ prevResult: result }), env: changes }));
        expect(secondaryNics()).to.deep.equal([]);
        // The other namespace has an interface of that name, which is none of ours.
        expect(await inPod('foreign', 'ip', '-o', 'link')).to.include('eth0');
        await world.removePod('foreign');
      });
    }

    it('succeeds for what never was', async () => {
      succeeded(await world.call({ command: 'DEL', pod: 'never', stdin: world.conf() }));
    });

    it("answers code 8 to the plugin's own namespace, but gives the NIC back", async () => {
      const pod = await newPod();
      resultOf(await world.call({ command: 'ADD', pod, stdin: world.conf() }));
      const end = await world.call({ command: 'DEL', pod, stdin: world.conf(), env: { CNI_NETNS: '/proc/self/ns/net' } });
      expect(errorOf(end).code).to.equal(8);
      expect(secondaryNics()).to.deep.equal([]);
    });

    for (const [name, breakCloud] of [
      ['a provider file that is gone', async () => join(world.folder, 'gone.yaml')],
      [
        'a provider file that is broken',
        async () => {
          const path = join(world.folder, 'del.yaml');
          await writeFile(path, 'zone: [\n');
          return path;
        },
      ],
      ['an API that nobody serves', () => world.writeProviderFile('refused.yaml', { port: 9, connection_retries: 1 })],
    ] as const) {
      it(`cleans up the pod with ${name}, answers code 11, and a later DEL finishes`, async () => {
        const pod = await newPod();
        resultOf(await world.call({ command: 'ADD', pod, stdin: world.conf() }));
        const args = { providerConfigFile: await breakCloud(), vxNets: ['vxnet-a'] };
        const error = errorOf(await world.call({ command: 'DEL', pod, stdin: world.conf({ args, deadlineSeconds: 5 }) }));
        expect(error.code).to.equal(11);
        // go-cni takes such texts for "was gone already" and forgets the network.
        expect(`${error.msg} ${error.details ?? ''}`).not.to.match(/not found|no such file or directory/i);
        const addresses = await inPod(pod, 'ip', '-o', '-4', 'addr');
        expect(addresses).not.to.include('192.168.100.');
        expect(secondaryNics()).to.have.length(1);
        succeeded(await world.call({ command: 'DEL', pod, stdin: world.conf() }));
      });
    }

    for (const [name, changes] of [
      ['an unknown provider', { provider: 'cloudy' }],
      ['args that are null', { args: null }],
      ['no vxnets', { args: { providerConfigFile: '/etc/qingcloud/client.yaml', vxNets: [] } }],
    ] as const) {
      it(`cleans up the pod with ${name}, answers code 11, and a later DEL finishes`, async () => {
        const pod = await newPod();
        resultOf(await world.call({ command: 'ADD', pod, stdin: world.conf() }));
        expect(errorOf(await world.call({ command: 'DEL', pod, stdin: world.conf(changes) })).code).to.equal(11);
        expect(await inPod(pod, 'ip', '-o', '-4', 'addr')).not.to.include('192.168.100.');
        expect(secondaryNics()).to.have.length(1);
        succeeded(await world.call({ command: 'DEL', pod, stdin: world.conf() }));
      });
    }

    it('is finished by a later command of any other attachment', async () => {
      const [one, two] = [await newPod(), await newPod()];
      resultOf(await world.call({ command: 'ADD', pod: one, stdin: world.conf() }));
      const args = { providerConfigFile: join(world.folder, 'gone.yaml'), vxNets: ['vxnet-a'] };
      expect(errorOf(await world.call({ command: 'DEL', pod: one, stdin: world.conf({ args }) })).code).to.equal(11);
      const result = resultOf(await world.call({ command: 'ADD', pod: two, stdin: world.conf() }));
      // What failed is not tried again at once, so that the first of these may come too early.
      for (let tries = 0; tries < 40 && secondaryNics().length > 1; tries++) {
        succeeded(await world.call({ command: 'DEL', pod: 'never', stdin: world.conf() }));
      }
      expect(secondaryNics()).to.deep.equal([result.interfaces[0]?.mac]);
      succeeded(await world.call({ command: 'DEL', pod: two, stdin: world.conf() }));
    });
  });

  it('unwinds an ADD that gets SIGTERM while the NIC is being attached', async () => {
    const pod = await newPod();
    const attaches = world.emulator.callCounts()['AttachNics'] ?? 0;
    const { promise: spawned, resolve: onSpawn } = promiseParts<ChildProcess>();
    world.emulator.holdJobs();
    const adding = world.call({ command: 'ADD', pod, stdin: world.conf(), options: { onSpawn } });
    try {
      // The only child of nsenter is the plugin.
      const pid = await childOf((await spawned).pid ?? 0);
      await until(() => (world.emulator.callCounts()['AttachNics'] ?? 0) > attaches);
      process.kill(pid, 'SIGTERM');
      // Of two polls that are seen from now on the second was sent by a plugin that had heard the signal.
      const polls = world.emulator.callCounts()['DescribeJobs'] ?? 0;
      await until(() => (world.emulator.callCounts()['DescribeJobs'] ?? 0) >= polls + 2);
    } finally {
      world.emulator.releaseJobs();
    }
    const error = errorOf(await adding);
    expect(error.code).to.equal(11);
    expect(error.msg).to.include('SIGTERM');
    expect(await inPod(pod, 'ip', '-o', 'link')).not.to.include('eth0');
    succeeded(await world.call({ command: 'DEL', pod, stdin: world.conf() }));
  });

  it('appends what it did to the log file, and never the secret', async () => {
    const pod = await newPod();
    const logFile = join(world.folder, 'hostnic.log');
    const stdin = world.conf({ logFile, logLevel: 'debug' });
    const added = await world.call({ command: 'ADD', pod, stdin });
    resultOf(added);
    expect(added.stderr, 'standard error is for warnings where there is a file').to.equal('');
    succeeded(await world.call({ command: 'DEL', pod, stdin }));
    const text = await readFile(logFile, 'utf8');
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.some(({ message, command, containerId }) => message === 'attached' && command === 'ADD' && containerId === pod)).to.equal(
      true,
    );
    expect(lines.some(({ message, command }) => message === 'detached' && command === 'DEL')).to.equal(true);
    const secret = /qy_secret_access_key: "(.*)"/.exec(await readFile(world.providerFile, 'utf8'))?.[1] ?? '';
    expect(secret).not.to.equal('');
    expect(text).not.to.include(secret);
  });

  it('tells standard error what it did where there is no log file, and by the package debug where DEBUG asks for it', async () => {
    const pod = await newPod();
    const added = succeeded(await world.call({ command: 'ADD', pod, stdin: world.conf() }));
    expect(added.stderr).to.match(new RegExp(`^hostnic info: attached command=ADD network=hostnic containerId=${pod} `, 'm'));
    const deleted = succeeded(await world.call({ command: 'DEL', pod, stdin: world.conf(), env: { DEBUG: 'hostnic' } }));
    expect(deleted.stderr).to.match(/^\S+ hostnic info: detached/m);
  });

  it('leaves no record behind when everything is given back', async () => {
    const records = await readdir(join(world.folder, 'data', 'attachments')).catch(() => []);
    expect(records.filter((name) => name.endsWith('.json'))).to.deep.equal([]);
  });
});
