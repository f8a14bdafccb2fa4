import { expect } from 'chai';
import { cniCodes, type JsonObject } from '../../../lib/cni/index.js';
import { requireLive } from '../../support/live.js';
import type { Service } from '../../support/machine.js';
import { type PluginWorld, startPluginWorld } from '../../support/plugin-world.js';

const MINE = 'mine';
const OTHER = 'other';
/** A process id that nothing else on the machine gets by itself. */
const PID = 5000;
const PID_PATH = `/proc/${PID}/ns/net`;
const NAMED_PATH = `/run/netns/${MINE}`;
/** How many namespaces are made until one has the inode of a dead one: the lowest free number is given out first. */
const MOST_NAMESPACES = 50;
/** How often that is tried: somebody else on this kernel may have got that inode. */
const MOST_TRIES = 10;

describe('A path that led to the namespace of a container and leads to another one now', function () {
  this.timeout(120_000);
  let world: PluginWorld;
  let services: Service[] = [];
  /** What ADD answered for the container. */
  let added: JsonObject;

  before(async function () {
    requireLive(this, ['ip', 'nsenter', 'unshare', 'mount', 'stat']);
    world = await startPluginWorld();
  });
  after(() => world?.close());
  afterEach(async () => {
    for (const service of services) await service.stop();
    services = [];
    await removePods();
  });

  function removePods(): Promise<string> {
    return sh('for n in $(ip netns list | cut -d" " -f1); do ip netns del $n; done');
  }

  async function sh(script: string): Promise<string> {
    const { code, stdout, stderr } = await world.machine.run('sh', ['-c', script]);
    expect(code, `${script}: ${stdout}${stderr}`).to.equal(0);
    return stdout;
  }

  /** Runs the plugin for a container. @returns its exit code with what it printed */
  async function call(command: string, containerId: string, netns: string, conf: object = {}): Promise<readonly [number, JsonObject]> {
    const env = { CNI_CONTAINERID: containerId, CNI_NETNS: netns };
    const { code, stdout, stderr } = await world.call({ command, stdin: world.conf({ ...conf }), env });
    expect(code, stderr).to.be.oneOf([0, 1]);
    return [code ?? 1, stdout === '' ? {} : (JSON.parse(stdout) as JsonObject)];
  }

  async function add(containerId: string, netns: string): Promise<JsonObject> {
    const [code, answer] = await call('ADD', containerId, netns);
    expect(code, JSON.stringify(answer)).to.equal(0);
    return answer;
  }

  /** Starts a process on the machine that goes on. With a process id it gets that one. */
  async function startProcess(pid: number | undefined, command: string, ...args: readonly string[]): Promise<Service> {
    if (pid !== undefined) await sh(`echo ${pid - 1} > /proc/sys/kernel/ns_last_pid`);
    const service = await world.machine.start(command, [...args, 'sleep', '1000']);
    services.push(service);
    return service;
  }

  async function statOf(path: string): Promise<string> {
    return sh(`stat --dereference --format=%d:%i ${path}`);
  }

  /** Makes namespaces until one has this device and inode. @returns its path; undefined when none got them */
  async function addPodsUntil(wanted: string): Promise<string | undefined> {
    const path = `/run/netns/${OTHER}$i`;
    const until = `[ "$(stat --dereference --format=%d:%i ${path})" = "${wanted.trim()}" ]`;
    const found = await sh(
      `i=0; while [ $i -lt ${MOST_NAMESPACES} ]; do ip netns add ${OTHER}$i; ${until} && echo ${path} && break; i=$((i+1)); done`,
    );
    return found === '' ? undefined : found.trim();
  }

  /** An interface eth0 of another plugin's, with settings as a container of ours has them. */
  async function giveEth0(netns: string): Promise<void> {
    const inside = [
      'ip link add eth0 type veth peer name eth1',
      'ip addr add 192.168.100.200/24 dev eth0 && ip link set eth1 up && ip link set eth0 up',
      'ip route add default via 192.168.100.1',
      'for f in /proc/sys/net/ipv*/conf/*/accept_redirects; do echo 0 > $f; done',
    ];
    await sh(`nsenter --net=${netns} sh -ec '${inside.join('; ')}'`);
  }

  /** Everything that the plugin could change in a namespace. */
  async function stateOf(netns: string): Promise<string> {
    const show = 'ip -d -o link; ip -o addr; ip -4 route show table all; ip -6 route show table all; ip neigh; ip rule';
    const settings = 'grep -r . /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf 2>/dev/null | grep -v stable_secret | sort';
    let state = '';
    do state = await sh(`nsenter --net=${netns} sh -c '${show}; ${settings}'`);
    while (
      // The kernel looks for duplicates of a new link-local address for a second or two, and by then all has settled.
      state.includes(' tentative ')
    );
    return state;
  }

  const nicsOf = (answer: JsonObject): readonly string[] => {
    const macs = (answer['interfaces'] as readonly { readonly mac: string }[]).map(({ mac }) => mac);
    return world.emulator
      .nics()
      .filter(({ id, role }) => role !== 1 && macs.includes(id))
      .map(({ id, instanceId, plugged }) => `${id} ${instanceId} ${plugged}`);
  };

  const pods = (): number => world.emulator.nics().filter(({ role }) => role !== 1).length;

  /** What a path comes to lead to, and how. Each is told what the path leads to at first, and resolves with the other container's answer. */
  const cases: readonly { readonly name: string; readonly path: string; reuse(): Promise<JsonObject | undefined> }[] = [
    {
      name: 'since the process is gone and its id is that of a process in another container of ours',
      path: PID_PATH,
      async reuse() {
        const first = await startProcess(PID, 'unshare', '--net');
        await startProcess(PID + 1, 'unshare', '--net');
        added = await add(MINE, PID_PATH);
        const other = await add(OTHER, `/proc/${PID + 1}/ns/net`);
        const before = await sh(`readlink ${PID_PATH}`);
        await first.stop();
        await startProcess(PID, 'nsenter', `--net=/proc/${PID + 1}/ns/net`);
        expect(await sh(`readlink ${PID_PATH}`)).not.to.equal(before);
        expect(await statOf(PID_PATH)).to.equal(await statOf(`/proc/${PID + 1}/ns/net`));
        return other;
      },
    },
    {
      name: "since another container's namespace is mounted there, while the container itself goes on",
      path: NAMED_PATH,
      async reuse() {
        for (const name of [MINE, OTHER]) await world.addPod(name);
        await startProcess(undefined, 'nsenter', `--net=${NAMED_PATH}`);
        added = await add(MINE, NAMED_PATH);
        await giveEth0(`/run/netns/${OTHER}`);
        await sh(`umount ${NAMED_PATH} && mount --bind /run/netns/${OTHER} ${NAMED_PATH}`);
        return undefined;
      },
    },
    {
      name: 'since a new namespace has its name, its device and its inode',
      path: NAMED_PATH,
      async reuse() {
        for (let tries = 1; ; tries++) {
          await world.addPod(MINE);
          added = await add(MINE, NAMED_PATH);
          const dead = await statOf(NAMED_PATH);
          await world.removePod(MINE);
          const heir = await addPodsUntil(dead);
          if (heir !== undefined) {
            await sh(`touch ${NAMED_PATH} && mount --bind ${heir} ${NAMED_PATH}`);
            expect(await statOf(NAMED_PATH)).to.equal(dead);
            break;
          }
          expect(tries, 'tries in which no namespace got the inode of the dead one').to.be.below(MOST_TRIES);
          await removePods();
          expect(await call('DEL', MINE, '')).to.deep.equal([0, {}]);
        }
        await giveEth0(NAMED_PATH);
        return undefined;
      },
    },
  ];

  for (const { name, path, reuse } of cases) {
    describe(name, () => {
      for (const command of ['DEL', 'GC'] as const) {
        it(`CHECK tells, and ${command} releases the NIC and touches nothing there`, async () => {
          const other = await reuse();
          const before = await stateOf(path);
          expect(before).to.include(' eth0').and.include('192.168.100.');
          const theirs = other === undefined ? [] : nicsOf(other);

          const [checked, said] = await call('CHECK', MINE, path, { prevResult: added });
          expect([checked, said['code']]).to.deep.equal([1, cniCodes.checkFailed]);
          expect(nicsOf(added)).to.have.length(1);
          expect(await stateOf(path)).to.equal(before);

          const attachments = other === undefined ? [] : [{ containerID: OTHER, ifname: 'eth0' }];
          const conf = command === 'DEL' ? { prevResult: added } : { 'cni.dev/valid-attachments': attachments };
          expect(await call(command, MINE, path, conf)).to.deep.equal([0, {}]);
          expect(nicsOf(added)).to.deep.equal([]);
          expect(await stateOf(path)).to.equal(before);
          if (other === undefined) return expect(pods()).to.equal(0);
          expect(nicsOf(other)).to.deep.equal(theirs);
          expect(await call('CHECK', OTHER, path, { prevResult: other })).to.deep.equal([0, {}]);
          expect((await call('DEL', OTHER, path, { prevResult: other }))[0]).to.equal(0);
          expect(pods()).to.equal(0);
        });
      }
    });
  }
});
