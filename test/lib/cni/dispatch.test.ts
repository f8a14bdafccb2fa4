import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import {
  allVersions,
  CniError,
  type CniVersion,
  dispatch,
  type GcRequest,
  type Plugin,
  type PluginInput,
  type PluginRequest,
} from '../../../lib/cni/index.js';
import { NicError } from '../../../lib/errors.js';

interface Vector {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly plugin: {
    readonly supported: readonly string[];
    readonly about: string;
    readonly callback: 'default' | Readonly<Record<string, { throws: { code: number; msg: string; details: string } }>>;
  };
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where this package answers otherwise than the reference, one by one, and why. `cniVersion` in error objects is common to all. */
const differences: Readonly<
  Record<string, { readonly exit: number; readonly stdout: Readonly<Record<string, unknown>>; readonly why: string }>
> = {
  'add-same-netns': {
    exit: 1,
    stdout: { code: 8, msg: "plugin's netns and netns from CNI_NETNS should not be the same" },
    why: 'checked before the handler, so that nothing happens and one document is printed',
  },
  'add-same-netns-override-0': {
    exit: 1,
    stdout: { code: 8, msg: "plugin's netns and netns from CNI_NETNS should not be the same" },
    why: 'checked before the handler, so that nothing happens and one document is printed',
  },
  'add-prevresult-version-mismatch': {
    exit: 1,
    stdout: { code: 6, msg: 'could not parse prevResult: result type supports [1.0.0 1.1.0] but unmarshalled CNIVersion is "0.4.0"' },
    why: 'code 6 says what it is',
  },
  'add-prevresult-empty-version': {
    exit: 0,
    stdout: { cniVersion: '1.1.0', ips: [{ address: '10.0.0.9/24' }] },
    why: 'an empty version means the same as an absent one',
  },
  'cniversion-number': {
    exit: 1,
    stdout: { code: 6, msg: 'decoding version from network config: cniVersion must be a text' },
    why: "the text comes from Go's JSON decoder",
  },
  'stdin-bom': {
    exit: 1,
    stdout: { code: 6, msg: 'error unmarshall network config: it starts with a byte order mark' },
    why: "the text comes from Go's JSON decoder",
  },
  'stdin-garbage': {
    exit: 1,
    stdout: { code: 6, msg: 'error unmarshall network config: it is not valid JSON at character 2' },
    why: "the text comes from Go's JSON decoder",
  },
  'stdin-trailing-garbage': {
    exit: 1,
    stdout: { code: 6, msg: 'error unmarshall network config: it is not valid JSON at character 51' },
    why: "the text comes from Go's JSON decoder",
  },
  'stdin-name-number': {
    exit: 1,
    stdout: { code: 6, msg: 'error unmarshall network config: name must be a text' },
    why: "the text comes from Go's JSON decoder",
  },
  'unknown-command-no-stdin': {
    exit: 1,
    stdout: { code: 6, msg: 'error unmarshall network config: it is empty' },
    why: "the text comes from Go's JSON decoder",
  },
  'check-plugin-garbage-version': {
    exit: 1,
    stdout: { code: 6, msg: 'failed to convert major version part "xx": it must be a whole number' },
    why: "the text comes from Go's number parser",
  },
};

const vectors = JSON.parse(readFileSync(new URL('../../fixtures/cni/protocol.json', import.meta.url), 'utf8')) as readonly Vector[];

/** The plugin that recorded the vectors, on this package. */
function recordingPlugin({ plugin }: Vector): Plugin {
  const { callback } = plugin;
  const maybeThrow = (command: string): void => {
    const failure = callback === 'default' ? undefined : callback[command]?.throws;
    if (failure !== undefined) throw new CniError(failure.code, failure.msg, { details: failure.details });
  };
  return {
    about: plugin.about,
    versions: plugin.supported as readonly CniVersion[],
    async add({ config, ifname, netns }) {
      maybeThrow('ADD');
      return (
        config.originalPrevResult ?? {
          cniVersion: '1.1.0',
          interfaces: [{ name: ifname, sandbox: netns, mtu: 1400 }],
          ips: [{ address: '10.7.0.2/24', interface: 0 }],
          routes: [],
        }
      );
    },
    del: async () => maybeThrow('DEL'),
    check: async () => maybeThrow('CHECK'),
    gc: async () => maybeThrow('GC'),
    status: async () => maybeThrow('STATUS'),
  };
}

/** An input with an environment and a configuration; `/proc/self/ns/net` plays the own namespace. */
function inputOf(env: Readonly<Record<string, string>>, stdin: string | Uint8Array, more: Partial<PluginInput> = {}): PluginInput {
  return {
    env,
    readStdin: async () => (typeof stdin === 'string' ? new TextEncoder().encode(stdin) : stdin),
    isOwnNamespace: (path) => path === '/proc/self/ns/net',
    ...more,
  };
}

const attachment = { CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/c1', CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin' };

function parse(stdout: string): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('dispatch()', () => {
  it('has the recorded exchanges to answer to', () => {
    expect(vectors).to.have.length(58);
    expect(Object.keys(differences).filter((name) => !vectors.some((vector) => vector.name === name))).to.deep.equal([]);
  });

  for (const vector of vectors) {
    const difference = differences[vector.name];
    const how = difference === undefined ? 'as the reference does' : `otherwise than the reference: ${difference.why}`;
    it(`answers ${vector.name} ${how}`, async () => {
      const answer = await dispatch(recordingPlugin(vector), inputOf(vector.env, vector.stdin));
      expect(answer.exitCode).to.equal(difference?.exit ?? vector.exit);
      expect(answer.stderr).to.equal(vector.stderr);
      if (answer.exitCode === 1) {
        const { cniVersion, ...rest } = parse(answer.stdout);
        expect(allVersions).to.include(cniVersion);
        expect(rest).to.deep.equal(difference?.stdout ?? parse(vector.stdout));
      } else if (difference !== undefined) {
        expect(parse(answer.stdout)).to.deep.equal(difference.stdout);
      } else {
        expect(answer.stdout).to.equal(vector.stdout);
      }
    });
  }

  it('prints the about text and the versions to standard error when it is started by hand', async () => {
    const answer = await dispatch({ about: 'CNI plugin x v1', versions: ['0.4.0', '1.0.0'] }, inputOf({}, ''));
    expect(answer).to.deep.equal({
      exitCode: 0,
      stdout: '',
      stderr: 'CNI plugin x v1\nCNI protocol versions supported: 0.4.0, 1.0.0\n',
    });
  });

  it('never reads standard input for VERSION', async () => {
    const readStdin = (): never => {
      throw new Error('read');
    };
    const answer = await dispatch({ versions: ['1.0.0'] }, inputOf({ CNI_COMMAND: 'VERSION' }, '', { readStdin }));
    expect(answer.stdout).to.equal('{"cniVersion":"1.1.0","supportedVersions":["1.0.0"]}\n');
  });

  it('answers code 5 when standard input cannot be read', async () => {
    const readStdin = async (): Promise<never> => {
      throw new NicError('ERR_IO', 'descriptor 0: EBADF');
    };
    const answer = await dispatch({ versions: allVersions }, inputOf({ ...attachment, CNI_COMMAND: 'ADD' }, '', { readStdin }));
    expect(parse(answer.stdout)).to.deep.equal({ cniVersion: '1.1.0', code: 5, msg: 'error reading from stdin: descriptor 0: EBADF' });
  });

  it('gives the handler the request as it came', async () => {
    let seen: PluginRequest | undefined;
    const stdin = '{"cniVersion":"0.4.0","NAME":"n1","Type":"x","extra":{"a":1}}';
    const env = { ...attachment, CNI_COMMAND: 'CHECK', CNI_ARGS: 'A=1', CNI_NETNS_OVERRIDE: 'True' };
    const check = async (request: PluginRequest): Promise<void> => {
      seen = request;
    };
    expect((await dispatch({ versions: allVersions, check }, inputOf(env, stdin))).exitCode).to.equal(0);
    expect(seen).to.include({
      command: 'CHECK',
      containerId: 'c1',
      netns: '/run/netns/c1',
      ifname: 'eth0',
      args: 'A=1',
      path: '/opt/cni/bin',
      netnsOverride: true,
      stdin,
    });
    expect(seen?.config).to.include({ cniVersion: '0.4.0', name: 'n1', type: 'x', prevResult: undefined });
    expect(seen?.config.get('EXTRA')).to.deep.equal({ a: 1 });
    expect(seen?.signal.aborted).to.equal(false);
  });

  it('does not call ADD for its own namespace, and calls DEL without it', async () => {
    const calls: string[] = [];
    const plugin: Plugin = {
      versions: allVersions,
      add: async () => {
        calls.push('ADD');
        throw new Error('never');
      },
      del: async ({ netns }) => {
        calls.push(`DEL ${JSON.stringify(netns)}`);
      },
    };
    for (const command of ['ADD', 'DEL']) {
      const env = { ...attachment, CNI_COMMAND: command, CNI_NETNS: '/proc/self/ns/net' };
      const answer = await dispatch(plugin, inputOf(env, '{"name":"n1","cniVersion":"1.0.0"}'));
      expect(parse(answer.stdout)).to.include({ code: 8, cniVersion: '1.0.0' });
    }
    expect(calls).to.deep.equal(['DEL ""']);
  });

  it("lets DEL's own error win over that of the namespace", async () => {
    const del = async (): Promise<void> => {
      throw new NicError('ERR_TRANSPORT', 'api.example: connection refused');
    };
    const env = { ...attachment, CNI_COMMAND: 'DEL', CNI_NETNS: '/proc/self/ns/net' };
    const answer = await dispatch({ versions: allVersions, del }, inputOf(env, '{"name":"n1"}'));
    expect(parse(answer.stdout)).to.deep.equal({ cniVersion: '0.1.0', code: 11, msg: 'api.example: connection refused' });
  });

  describe('for GC', () => {
    const gc = async (config: object): Promise<{ seen: unknown; answer: Record<string, unknown> | undefined }> => {
      let seen: unknown = 'not called';
      const plugin: Plugin = {
        versions: allVersions,
        gc: async ({ validAttachments }: GcRequest) => {
          seen = validAttachments;
        },
      };
      const stdin = JSON.stringify({ cniVersion: '1.1.0', name: 'n1', ...config });
      const answer = await dispatch(plugin, inputOf({ CNI_COMMAND: 'GC', CNI_PATH: '/x' }, stdin));
      return { seen, answer: answer.stdout === '' ? undefined : parse(answer.stdout) };
    };
    const one = { containerID: 'c1', ifname: 'eth0' };
    const model = { containerId: 'c1', ifname: 'eth0' };

    it('hands on the list under either key, the newer one first', async () => {
      expect((await gc({ 'cni.dev/valid-attachments': [one] })).seen).to.deep.equal([model]);
      expect((await gc({ 'cni.dev/attachments': [one] })).seen).to.deep.equal([model]);
      expect((await gc({ 'cni.dev/attachments': [one], 'cni.dev/valid-attachments': [] })).seen).to.deep.equal([]);
      expect((await gc({ 'CNI.DEV/Valid-Attachments': [{ ContainerID: 'c1', IfName: 'eth0' }] })).seen).to.deep.equal([model]);
    });

    it('tells an absent list from an empty one', async () => {
      expect((await gc({})).seen).to.equal(undefined);
      expect((await gc({ 'cni.dev/valid-attachments': null })).seen).to.equal(undefined);
      expect((await gc({ 'cni.dev/valid-attachments': [] })).seen).to.deep.equal([]);
    });

    for (const [list, path] of [
      [{}, 'cni.dev/valid-attachments must be a list'],
      [[null], 'cni.dev/valid-attachments[0] must be an object'],
      [[one, { ifname: 'eth0' }], 'cni.dev/valid-attachments[1].containerID must be a text that is not empty'],
      [[{ containerID: 'c1', ifname: '' }], 'cni.dev/valid-attachments[0].ifname must be a text that is not empty'],
    ] as const) {
      it(`refuses the list ${JSON.stringify(list)} before anything is deleted`, async () => {
        const { seen, answer } = await gc({ 'cni.dev/valid-attachments': list });
        expect(seen).to.equal('not called');
        expect(answer).to.deep.equal({ cniVersion: '1.1.0', code: 7, msg: `network configuration: ${path}` });
      });
    }
  });

  it('prints no result that points outside its interfaces', async () => {
    for (const index of [-1, 1, 2, 0.5]) {
      const plugin: Plugin = {
        versions: allVersions,
        add: async () => ({
          cniVersion: '1.1.0',
          interfaces: [{ name: 'eth0' }],
          ips: [{ address: '10.0.0.2/24', interface: index }],
          routes: [],
        }),
      };
      const answer = await dispatch(plugin, inputOf({ ...attachment, CNI_COMMAND: 'ADD' }, '{"name":"n1","cniVersion":"1.0.0"}'));
      expect(parse(answer.stdout), String(index)).to.include({
        code: 999,
        msg: 'CNI result: ips[0].interface must be an index into the 1 interfaces',
      });
    }
  });

  it('answers an error when the result cannot be converted', async () => {
    const add = async (): Promise<never> => ({ cniVersion: '1.1.0', interfaces: [], ips: [], routes: [] }) as never;
    const answer = await dispatch({ versions: allVersions, add }, inputOf({ ...attachment, CNI_COMMAND: 'ADD' }, '{"name":"n1"}'));
    expect(parse(answer.stdout)).to.include({ code: 999, msg: 'cannot convert: no valid IP addresses' });
  });

  it('answers an error thrown synchronously like any other', async () => {
    const status = (): never => {
      throw new CniError(50, 'no credentials');
    };
    const answer = await dispatch(
      { versions: allVersions, status },
      inputOf({ CNI_COMMAND: 'STATUS', CNI_PATH: '/x' }, '{"name":"n1","cniVersion":"1.1.0"}'),
    );
    expect(answer).to.deep.equal({
      exitCode: 1,
      stdout: '{\n    "cniVersion": "1.1.0",\n    "code": 50,\n    "msg": "no credentials"\n}',
      stderr: '',
    });
  });
});
