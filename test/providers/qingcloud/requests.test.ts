import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { NicProvider } from '../../../lib/provider.js';
import { createQingCloudProvider } from '../../../providers/qingcloud/index.js';
import { json, type ScriptedServer, type SeenRequest, startScriptedServer, text } from '../../support/scripted-server.js';

const FIXTURES = new URL('../../fixtures/qingcloud/requests/', import.meta.url);
const SOURCES = new URL('../../../providers/qingcloud/', import.meta.url);
const secretKey = 'SECRETACCESSKEY';
const NOW = Date.UTC(2017, 7, 17, 3, 4, 5);

/** A parameter as it is documented. */
interface ParameterForm {
  readonly name: string;
  /** `list`: written `name.1`, `name.2`, … */
  readonly encoding: 'scalar' | 'list';
  readonly required: boolean;
  /** What a value looks like. */
  readonly pattern: string;
  readonly origin: string;
  /** Why this client never sends it. */
  readonly notSent?: string;
}

/** An action as it is documented, and what this client is to send. */
interface ActionForm {
  readonly origin: string;
  readonly action: string;
  readonly method: string;
  readonly parameters: readonly ParameterForm[];
  readonly cases: readonly {
    readonly call: string;
    readonly arguments: readonly unknown[];
    /** The replies, without `ret_code`. */
    readonly replies: readonly object[];
    /** What stands between the question mark and the signature, a line for each request. */
    readonly lines: readonly string[];
  }[];
}

/** What every request has (docs, api/parameters; Go SDK, request/builder.go and signer.go). `version`, which the documentation has, no request of the SDK has. */
const COMMON: readonly ParameterForm[] = (
  [
    ['action', '^[A-Z][A-Za-z]+$'],
    ['zone', '^[a-z0-9]+$'],
    ['time_stamp', '^2017-08-17T03:04:05Z$'],
    ['access_key_id', '^QYACCESSKEYIDEXAMPLE$'],
    ['signature_method', '^HmacSHA256$'],
    ['signature_version', '^1$'],
  ] as const
).map(([name, pattern]) => ({ name, pattern, encoding: 'scalar', required: true, origin: 'docs, api/parameters' }));

const FORMS = readdirSync(FIXTURES).map((file): ActionForm => JSON.parse(readFileSync(new URL(file, FIXTURES), 'utf8')));

/** Name and raw value of each parameter, in the order of the line. */
function pairsOf(line: string): readonly (readonly [string, string])[] {
  return line.split('&').map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
}

/** Holds one line to the documented form, parameter by parameter. */
function expectDocumented(line: string, { action, parameters }: ActionForm, isOurs = true): void {
  const pairs = pairsOf(line);
  const names = pairs.map(([name]) => name);
  const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(names, 'sorted by name, byte by byte').to.deep.equal(byBytes);
  expect(new Set(names).size, 'each once').to.equal(names.length);
  const forms = [...COMMON, ...parameters];
  const seen = new Map<string, string[]>();
  for (const [name, raw] of pairs) {
    const form = forms.find((each) => (each.encoding === 'list' ? new RegExp(`^${each.name}\\.[0-9]+$`).test(name) : each.name === name));
    if (form === undefined) throw new Error(`${action} has no parameter ${name}`);
    if (isOurs) expect(form.notSent, `${name} is not to be sent`).to.equal(undefined);
    expect(raw, `${name} has a value, of unreserved characters and escapes in capitals`).to.match(/^([A-Za-z0-9._~-]|%[0-9A-F]{2})+$/);
    const value = decodeURIComponent(raw);
    expect(value, name).to.match(new RegExp(form.pattern, 'u'));
    expect(value, `${name} without blanks at its ends`).to.equal(value.trim());
    seen.set(form.name, [...(seen.get(form.name) ?? []), name]);
  }
  for (const { name, required, encoding } of forms) {
    const found = seen.get(name) ?? [];
    if (required) expect(found, `${name} is required`).to.not.have.length(0);
    if (encoding === 'list')
      expect(new Set(found), `${name} is counted from 1`).to.deep.equal(new Set(found.map((_, i) => `${name}.${i + 1}`)));
  }
  expect(Object.fromEntries(pairs)['action']).to.equal(action);
}

/** Holds a request to what the documentation and the SDK say of its transport. Gives the line without the signature. */
function expectTransport({ method, url, headers }: SeenRequest, port: number, path: string): string {
  expect(method).to.equal('GET');
  const [sentPath = '', query = '', ...more] = url.split('?');
  expect([sentPath, more]).to.deep.equal([path, []]);
  const { host, 'user-agent': agent, accept, connection, ...others } = headers;
  expect(host, 'the port is always written').to.equal(`127.0.0.1:${port}`);
  expect([agent, accept, connection]).to.deep.equal(['hostnic-cni', undefined, 'keep-alive']);
  expect(others, 'no body, no authorization, no cookie, nothing compressed').to.deep.equal({});
  const at = query.lastIndexOf('&signature=');
  const [, signature, rest] = query.slice(at).split(/&signature=|&/);
  expect([at > 0, rest], 'the signature stands last').to.deep.equal([true, undefined]);
  const line = query.slice(0, at);
  const expected = createHmac('sha256', secretKey).update(`GET\n${path}\n${line}`).digest('base64');
  expect(signature).to.match(/^([A-Za-z0-9]|%2B|%2F|%3D)+$/);
  expect(decodeURIComponent(signature ?? '')).to.equal(expected);
  return line;
}

describe('requests to QingCloud, as they are documented', () => {
  let server: ScriptedServer;
  let provider: NicProvider;
  const connect = (path = '/iaas'): NicProvider =>
    createQingCloudProvider({
      config: {
        accessKeyId: 'QYACCESSKEYIDEXAMPLE',
        secretAccessKey: secretKey,
        zone: 'pek3a',
        protocol: 'http',
        host: '127.0.0.1',
        port: server.port,
        path,
        connectionRetries: 0,
        connectionTimeoutMs: 5000,
        logLevel: 'warn',
      },
      clock: { now: () => NOW, sleep: async () => {} },
    });
  const invoke = (from: NicProvider, call: string, args: readonly unknown[]): Promise<unknown> => Reflect.get(from, call).apply(from, args);

  beforeEach(async () => {
    server = await startScriptedServer();
    provider = connect();
  });
  afterEach(async () => {
    await provider.close();
    await server.close();
  });

  it('are there for every action that the sources name', () => {
    const files = readdirSync(SOURCES).filter((file) => file.endsWith('.ts'));
    const code = files.map((file) => readFileSync(new URL(file, SOURCES), 'utf8')).join('\n');
    const named = new Set(
      [...code.matchAll(/'((?:Create|Attach|Detach|Delete|Describe|Modify|Get)[A-Z][A-Za-z]+)'/g)].map(([, name]) => name),
    );
    expect(named).to.include('CreateNics').and.include('DescribeJobs');
    const documented = FORMS.map(({ action }) => action);
    for (const action of named) expect(documented).to.include(action);
  });

  for (const form of FORMS) {
    for (const { call, arguments: args, replies, lines } of form.cases) {
      it(`${call}(${JSON.stringify(args).slice(1, 60)}…) sends ${form.action}`, async () => {
        server.script(...replies.map((reply) => json({ action: `${form.action}Response`, ...reply, ret_code: 0 })));
        await invoke(provider, call, args);
        const sent = server.requests.map((request) => expectTransport(request, server.port, '/iaas'));
        for (const line of sent) expectDocumented(line, form);
        expect(sent).to.deep.equal(lines);
      });
    }
  }

  it('are signed with the path that is configured, with a slash at its end too', async () => {
    const slashed = connect('/iaas/');
    try {
      server.otherwise(json({ ret_code: 0 }));
      await slashed.deleteNics(['52:54:00:00:12:34']);
      const [request] = server.requests;
      if (request === undefined) throw new Error('nothing was sent');
      expectTransport(request, server.port, '/iaas/');
    } finally {
      await slashed.close();
    }
  });

  it('are signed anew on each attempt, with the time of that', async () => {
    let now = NOW;
    const clock = {
      now: () => now,
      sleep: async (ms: number) => {
        now += Math.max(ms, 1000);
      },
    };
    const config = {
      accessKeyId: 'K',
      secretAccessKey: secretKey,
      zone: 'pek3a',
      protocol: 'http',
      host: '127.0.0.1',
      path: '/iaas',
    } as const;
    const patient = createQingCloudProvider({
      config: { ...config, port: server.port, connectionRetries: 2, connectionTimeoutMs: 5000, logLevel: 'warn' },
      clock,
    });
    try {
      server.script(text('', 503), text('', 503), json({ ret_code: 0, job_set: [] }));
      await patient.describeJobs(['j-1']);
      const lines = server.requests.map((request) => expectTransport(request, server.port, '/iaas'));
      expect(new Set(lines.map((line) => /time_stamp=([^&]+)/.exec(line)?.[1])).size).to.equal(3);
    } finally {
      await patient.close();
    }
  });

  it("have forms that allow what the vendor's SDK sends", () => {
    const { vectors } = JSON.parse(readFileSync(new URL('../signatures.json', FIXTURES), 'utf8')) as {
      readonly vectors: readonly {
        readonly name: string;
        readonly string_to_sign: string;
        readonly params: Readonly<Record<string, string>>;
      }[];
    };
    const compared: string[] = [];
    for (const { name, string_to_sign: signed, params } of vectors) {
      const form = FORMS.find(({ action }) => action === params['action']);
      // The old SDK writes a list as a scalar; /iam has a token; SHA-1 is another method.
      if (form === undefined || /alpha5|iam|sha1/.test(name)) continue;
      const line = (signed.split('\n')[2] ?? '').replace(/time_stamp=[^&]+/, 'time_stamp=2017-08-17T03%3A04%3A05Z');
      expectDocumented(line, form, false);
      compared.push(form.action);
    }
    expect(new Set(compared)).to.deep.equal(
      new Set(['CreateNics', 'AttachNics', 'DeleteNics', 'DescribeNics', 'DescribeVxnets', 'ModifyNicAttributes']),
    );
  });

  it('are held to their documented form by a comparison that sees every difference', () => {
    const [form] = FORMS.filter(({ action }) => action === 'AttachNics');
    const line = form?.cases[0]?.lines[0] ?? '';
    const wrong: Readonly<Record<string, string>> = {
      'another name': line.replace('instance=', 'instance_id='),
      'another spelling': line.replace('nics.1', 'Nics.1'),
      'a list as a scalar': line.replace('nics.1', 'nics'),
      'a list counted from 0': line.replace('nics.1', 'nics.0'),
      'an empty value': line.replace('instance=i-0abcdef1', 'instance='),
      'a blank as plus': line.replace('instance=i-0abcdef1', 'instance=i+0'),
      'an escape in small letters': line.replaceAll('%3A', '%3a'),
      'a value that is no id': line.replace('i-0abcdef1', 'server-1'),
      'a parameter that is missing': line.replace('instance=i-0abcdef1&', ''),
      'another order': line.replace(/^(.*?)&(.*?)&/, '$2&$1&'),
      'a parameter too many': `${line}&zzz=1`,
      'a common parameter that is missing': line.replace('&signature_version=1', ''),
    };
    if (form === undefined) throw new Error('there is no form of AttachNics');
    expectDocumented(line, form);
    for (const [what, text] of Object.entries(wrong)) {
      expect(text, what).to.not.equal(line);
      expect(() => expectDocumented(text, form), what).to.throw();
    }
  });
});
