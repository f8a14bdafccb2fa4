import { expect } from 'chai';
import { runCni } from '../../../examples/cni/command.js';
import type { CniHost } from '../../../examples/cni/operations.js';
import { containerIdOf } from '../../../examples/cni/settings.js';
import { PluginStoppedError } from '../../../lib/runtime/index.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { RecordingExec } from '../../support/recording-exec.js';

/** A place to run the command in, without processes and files. */
class Place implements CniHost {
  readonly files = new MemoryFiles();
  exec: CniHost['exec'];
  readonly recording = new RecordingExec();
  readonly namespaces = new Set(['/run/netns/blue']);
  readonly stop = new AbortController();
  readonly signal = this.stop.signal;
  env: Record<string, string> = { CNI_PATH: '/plugins', NETCONFPATH: '/conf' };
  out: string[] = [];
  err: string[] = [];

  constructor(list: object = { cniVersion: '1.1.0', name: 'n1', plugins: [{ type: 'pa' }, { type: 'pb' }] }) {
    this.exec = this.recording;
    this.files.set('/conf/10.conflist', JSON.stringify(list));
  }

  readonly print = (text: string): void => void this.out.push(text);
  readonly warn = (text: string): void => void this.err.push(text);
  readonly exists = async (path: string): Promise<boolean> => this.namespaces.has(path);

  async run(...args: readonly string[]): Promise<number> {
    this.out = [];
    this.err = [];
    this.recording.invocations.length = 0;
    return runCni(args, this);
  }

  get json(): Record<string, unknown> {
    return JSON.parse(this.out.join('\n')) as Record<string, unknown>;
  }

  get calls(): readonly string[] {
    return this.recording.invocations.map(({ plugin, env }) => `${env['CNI_COMMAND']} ${plugin}`);
  }
}

describe('cni add', () => {
  it('attaches, and prints the result to be read', async () => {
    const place = new Place();
    expect(await place.run('add', 'n1', 'blue')).to.equal(0);
    expect(place.out.join('\n')).to.equal('eth0  mtu 1400  in /run/netns/blue\n  10.7.0.2/24');
    expect(place.recording.invocations[0]?.env).to.deep.include({
      CNI_NETNS: '/run/netns/blue',
      CNI_IFNAME: 'eth0',
      CNI_CONTAINERID: containerIdOf('/run/netns/blue'),
      CNI_PATH: '/plugins',
      CNI_ARGS: '',
    });
  });

  it('prints the result as the protocol has it with --json', async () => {
    const place = new Place();
    expect(await place.run('add', 'n1', '/run/netns/blue', '--json')).to.equal(0);
    expect(place.json).to.deep.equal({
      cniVersion: '1.1.0',
      interfaces: [{ mtu: 1400, name: 'eth0', sandbox: '/run/netns/blue' }],
      ips: [{ address: '10.7.0.2/24', interface: 0 }],
    });
  });

  it('prints all of a result', async () => {
    const place = new Place();
    const result = {
      cniVersion: '1.0.0',
      interfaces: [{ name: 'br0' }, { name: 'eth0', mac: '02:00:00:00:00:01', sandbox: '/n' }],
      ips: [{ address: '10.0.0.2/24', gateway: '10.0.0.1', interface: 1 }, { address: '2001:db8::2/64' }],
      routes: [{ dst: '0.0.0.0/0', gw: '10.0.0.1' }, { dst: '10.1.0.0/16' }],
      dns: { nameservers: ['192.0.2.53'], search: ['a', 'b'] },
    };
    place.recording.behaviour = { pb: { raw: JSON.stringify(result) } };
    expect(await place.run('add', 'n1', 'blue')).to.equal(0);
    expect(place.out.join('\n').split('\n')).to.deep.equal([
      'br0  on the host',
      'eth0  mac 02:00:00:00:00:01  in /n',
      '  10.0.0.2/24  gateway 10.0.0.1',
      '2001:db8::2/64',
      'route 0.0.0.0/0 via 10.0.0.1',
      'route 10.1.0.0/16',
      'nameservers 192.0.2.53  search a b',
    ]);
  });

  it('takes options before variables before defaults', async () => {
    const place = new Place({ cniVersion: '1.1.0', name: 'n1', plugins: [{ type: 'pa', capabilities: { mac: true } }] });
    place.env = { ...place.env, CNI_IFNAME: 'net1', CNI_ARGS: 'A=1;B=2', CAP_ARGS: '{"mac":"m"}' };
    await place.run('add', 'n1', 'blue');
    expect(place.recording.invocations[0]?.env).to.include({ CNI_IFNAME: 'net1', CNI_ARGS: 'A=1;B=2' });
    expect(place.recording.invocations[0]?.stdin).to.deep.include({ runtimeConfig: { mac: 'm' } });
    const options = ['-i', 'net2', '--args', 'C=3', '--cap-args', '{"mac":"o"}', '--container-id', 'mine', '--path', '/other'];
    await place.run('add', 'n1', 'blue', ...options);
    expect(place.recording.invocations[0]?.env).to.include({
      CNI_IFNAME: 'net2',
      CNI_ARGS: 'C=3',
      CNI_CONTAINERID: 'mine',
      CNI_PATH: '/other',
    });
    expect(place.recording.invocations[0]?.stdin).to.deep.include({ runtimeConfig: { mac: 'o' } });
  });

  it('says what failed and takes back what was made', async () => {
    const place = new Place();
    place.recording.behaviour = { pb: { fail: 'ADD:stderr' } };
    expect(await place.run('add', 'n1', 'blue')).to.equal(1);
    expect(place.out).to.deep.equal([]);
    const [first, second, third] = place.err.join('\n').split('\n');
    expect(first).to.equal('cni: plugin type="pb" failed (add): netplugin failed: "only on stderr\\n": exit status 3');
    expect(second).to.match(/^ {2}ADD \/plugins\/pb: exit 3 after \d+ ms$/);
    expect(third).to.equal('  pb: only on stderr');
    expect(place.calls).to.deep.equal(['ADD pa', 'ADD pb', 'DEL pb', 'DEL pa']);
  });

  it('leaves what was made with --no-roll-back', async () => {
    const place = new Place();
    place.recording.behaviour = { pb: { fail: 'ADD:typed' } };
    expect(await place.run('add', 'n1', 'blue', '--no-roll-back')).to.equal(1);
    expect(place.calls).to.deep.equal(['ADD pa', 'ADD pb']);
  });

  it('says with --json all that is known of a failure', async () => {
    const place = new Place();
    place.recording.behaviour = { pb: { fail: 'ADD:typed' } };
    expect(await place.run('add', 'n1', 'blue', '--json')).to.equal(1);
    expect(place.json['error']).to.include({ code: 'ERR_PLUGIN', cniCode: 150, plugin: 'pb', command: 'ADD', exitCode: 1 });
    expect(place.json['error']).to.include.keys('stdout', 'stderr', 'durationMs', 'message');
    place.recording.behaviour = { pb: { fail: 'ADD:typed,DEL:plain' } };
    await place.run('add', 'n1', 'blue', '--json');
    expect((place.json['error'] as { errors: unknown[] }).errors).to.have.length(2);
  });

  it('tells of every call with --verbose', async () => {
    const place = new Place();
    await place.run('add', 'n1', 'blue', '-v');
    expect(place.err.map((line) => line.replace(/\d+ ms/, 'N ms'))).to.deep.equal([
      'ADD /plugins/pa: exit 0 after N ms',
      'ADD /plugins/pb: exit 0 after N ms',
    ]);
  });

  const mistakes: readonly { readonly name: string; readonly args: readonly string[]; readonly says: RegExp }[] = [
    { name: 'no namespace', args: ['add', 'n1'], says: /missing required argument 'netns'/ },
    { name: 'no such network', args: ['add', 'other', 'blue'], says: /no net configuration with name "other" in \/conf/ },
    { name: 'args without a value', args: ['add', 'n1', 'blue', '--args', 'A'], says: /invalid CNI_ARGS pair "A"/ },
    { name: 'capability values that are no object', args: ['add', 'n1', 'blue', '--cap-args', '[]'], says: /must be a JSON object/ },
    { name: 'a time limit that is none', args: ['add', 'n1', 'blue', '--timeout', '0'], says: /whole number of milliseconds/ },
    { name: 'an unknown command', args: ['attach'], says: /unknown command 'attach'/ },
    { name: 'an unknown option', args: ['add', 'n1', 'blue', '--what'], says: /unknown option '--what'/ },
    { name: 'something else to keep', args: ['gc', 'n1', '--keep', 'x'], says: /CONTAINERID:IFNAME/ },
  ];
  for (const { name, args, says } of mistakes) {
    it(`exits with 2 for ${name}`, async () => {
      const place = new Place();
      expect(await place.run(...args)).to.equal(2);
      expect(place.err.join('\n')).to.match(says);
      expect(place.out).to.deep.equal([]);
    });
  }

  it('exits with 3 for what may work later', async () => {
    const place = new Place();
    place.recording.behaviour = { pa: { fail: 'ADD:wrapped' } };
    expect(await place.run('add', 'n1', 'blue')).to.equal(3);
    place.exec = {
      find: async () => '/plugins/pa',
      run: ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () =>
            reject(new PluginStoppedError({ exitCode: undefined, ending: 'signal: killed', stdout: '', stderr: '' }, signal)),
          );
        }),
    };
    expect(await place.run('add', 'n1', 'blue', '--timeout', '1', '--no-roll-back')).to.equal(3);
  });

  it('exits with 130 when it was stopped', async () => {
    const place = new Place();
    place.exec = {
      find: async () => '/plugins/pa',
      run: async ({ signal }) => {
        throw new PluginStoppedError({ exitCode: undefined, ending: 'signal: killed', stdout: '', stderr: '' }, signal);
      },
    };
    place.stop.abort();
    expect(await place.run('del', 'n1', 'blue')).to.equal(130);
  });
});

describe('cni del, check, status, validate, list, gc', () => {
  it('print nothing when all is well, and a document with --json', async () => {
    const place = new Place();
    await place.run('add', 'n1', 'blue');
    for (const command of ['check', 'status', 'del']) {
      const args = command === 'status' ? ['n1'] : ['n1', 'blue'];
      expect(await place.run(command, ...args), command).to.equal(0);
      expect([...place.out, ...place.err], command).to.deep.equal([]);
    }
    expect(place.calls).to.deep.equal(['DEL pb', 'DEL pa']);
    expect(await place.run('status', 'n1', 'blue', '--json')).to.equal(0);
    expect(place.json).to.deep.equal({ ok: true });
  });

  it('validate shows the version, a newer one for all, and the capabilities', async () => {
    const place = new Place({ cniVersion: '0.4.0', name: 'n1', plugins: [{ type: 'pa', capabilities: { mac: true } }] });
    place.recording.behaviour = { pa: { versions: ['0.4.0', '1.0.0'] } };
    expect(await place.run('validate', 'n1')).to.equal(0);
    expect(place.out).to.deep.equal(['version 0.4.0 (all plugins support 1.0.0 too)\ncapabilities mac']);
    place.recording.behaviour = { pa: { versions: ['1.0.0'] } };
    expect(await place.run('validate', 'n1')).to.equal(1);
    expect(place.err.join()).to.include('plugin pa does not support config version "0.4.0"');
  });

  it('list shows networks, broken files and attachments', async () => {
    const place = new Place();
    place.files.set('/conf/20.conf', 'garbage');
    await place.run('add', 'n1', 'blue', '--container-id', 'c1');
    expect(await place.run('list')).to.equal(0);
    expect(
      place.out
        .join('\n')
        .split('\n')
        .map((line) => line.replace(/ {2,}/g, '|')),
    ).to.deep.equal([
      'NETWORK|VERSION|PLUGINS|FILE',
      'n1|1.1.0|pa → pb|/conf/10.conflist',
      '?|cannot be used: error parsing configuration: it is not valid JSON (in /conf/20.conf)|/conf/20.conf',
      '',
      'NETWORK|CONTAINER|INTERFACE|NAMESPACE',
      'n1|c1|eth0|/run/netns/blue',
    ]);
    expect(await place.run('list', 'n1', '--json')).to.equal(0);
    expect(place.json).to.deep.equal({
      networks: [{ file: '/conf/10.conflist', name: 'n1', cniVersion: '1.1.0', plugins: ['pa', 'pb'] }],
      attachments: [{ network: 'n1', containerId: 'c1', ifname: 'eth0', netns: '/run/netns/blue' }],
    });
    expect(await place.run('list', 'other')).to.equal(0);
    expect(place.out.join('\n').split('\n')).to.have.length(1);
  });

  it('gc keeps what has a namespace, what is asked for, and nothing with --all', async () => {
    const place = new Place({ cniVersion: '1.1.0', name: 'n1', plugins: [{ type: 'pa' }] });
    for (const [id, netns] of [
      ['live', 'blue'],
      ['gone', 'red'],
      ['asked', 'green'],
    ] as const) {
      await place.run('add', 'n1', netns, '--container-id', id);
    }
    expect(await place.run('gc', 'n1', 'green', '--keep', 'foreign:net7', '--json')).to.equal(0);
    expect((place.json['kept'] as { containerId: string }[]).map(({ containerId }) => containerId)).to.deep.equal([
      'foreign',
      'asked',
      'live',
    ]);
    expect(place.recording.invocations.map(({ env }) => `${env['CNI_COMMAND']} ${env['CNI_CONTAINERID']}`)).to.deep.equal([
      'DEL gone',
      'GC ',
    ]);
    expect(await place.run('gc', 'n1', '--all')).to.equal(0);
    expect(place.recording.invocations.map(({ env }) => `${env['CNI_COMMAND']} ${env['CNI_CONTAINERID']}`)).to.deep.equal([
      'DEL asked',
      'DEL live',
      'GC ',
    ]);
  });

  it('--help says how, and is no error', async () => {
    const place = new Place();
    expect(await place.run('--help')).to.equal(0);
    for (const word of ['add', 'del', 'check', 'gc', 'status', 'validate', 'list', 'CNI_PATH', 'Exit codes']) {
      expect(place.out.join('\n')).to.include(word);
    }
    expect(await place.run('gc', '--help')).to.equal(0);
  });
});

describe('containerIdOf()', () => {
  it('is that of cnitool', () => {
    // printf /var/run/netns/testing | sha512sum
    expect(containerIdOf('/var/run/netns/testing')).to.equal('cnitool-77383ca0a0715733ca6f');
  });
});
