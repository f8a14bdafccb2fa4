import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { type CallLimiter, unlimitedCalls } from '../../../lib/call-budget/index.js';
import { NicError, ProviderError } from '../../../lib/errors.js';
import type { LogFields, Logger } from '../../../lib/log.js';
import { ApiClient, type ApiRequest } from '../../../providers/qingcloud/client.js';
import type { QingCloudConfig } from '../../../providers/qingcloud/config.js';
import type { RequestKind } from '../../../providers/qingcloud/errors.js';
import { startDeafServer } from '../../support/deaf-server.js';
import { loopbackConfig } from '../../support/loopback-config.js';
import { cut, json, type ScriptedServer, silence, startScriptedServer, text } from '../../support/scripted-server.js';

const NOW = Date.UTC(2017, 7, 17, 3, 4, 5);
const TLS = {
  key: readFileSync(new URL('../../fixtures/tls/loopback-key.pem', import.meta.url), 'utf8'),
  cert: readFileSync(new URL('../../fixtures/tls/loopback-cert.pem', import.meta.url), 'utf8'),
};
const OK = { action: 'X', ret_code: 0 };
const READ: ApiRequest = { action: 'DescribeNics', kind: 'read', values: { limit: 100 } };
const CREATE: ApiRequest = { action: 'CreateNics', kind: 'create', values: { vxnet: 'vxnet-xk2dxvq', count: 1 } };

describe('ApiClient', () => {
  let server: ScriptedServer;
  let logged: string[];
  const open: ApiClient[] = [];

  const log: Logger = {
    debug: (message: string, fields?: LogFields) => void logged.push(inspect([message, fields])),
    info: (message: string, fields?: LogFields) => void logged.push(inspect([message, fields])),
    warn: (message: string, fields?: LogFields) => void logged.push(inspect([message, fields])),
  };

  function createClient(
    config: Partial<QingCloudConfig> = {},
    requestTimeoutMs = 10_000,
    limiter: CallLimiter = unlimitedCalls,
    environment: Readonly<Record<string, string>> = {},
    responseTimeoutMs = 10_000,
  ): ApiClient {
    const client = new ApiClient({
      config: loopbackConfig(server.port, config),
      clock: { now: () => NOW, sleep: async () => {} },
      log,
      limiter,
      requestTimeoutMs,
      responseTimeoutMs,
      environment,
    });
    open.push(client);
    return client;
  }

  async function failure(client: ApiClient, request: ApiRequest, signal?: AbortSignal): Promise<ProviderError> {
    let caught: unknown;
    try {
      await client.send(request, signal);
    } catch (error) {
      caught = error;
    }
    expect(caught).to.be.instanceOf(ProviderError);
    const shown = `${inspect(caught, { depth: 5 })}\n${logged.join('\n')}`;
    for (const secret of [/SECRETACCESSKEY/, /QYACCESSKEYIDEXAMPLE/, /signature=[^…]/]) expect(shown).not.to.match(secret);
    return caught as ProviderError;
  }

  beforeEach(async () => {
    logged = [];
    server = await startScriptedServer();
  });

  afterEach(async () => {
    for (const client of open.splice(0)) client.close();
    await server.close();
  });

  describe('with a budget of calls', () => {
    it('asks for leave before each request, by what the request is for', async () => {
      const asked: string[] = [];
      const client = createClient({}, undefined, {
        ...unlimitedCalls,
        acquire: async (kind) => void asked.push(`${kind} ${server.requests.length}`),
      });
      server.script(json(OK), json(OK));
      await client.send(READ, undefined);
      await client.send(CREATE, undefined);
      expect(asked).to.deep.equal(['read 0', 'create 1']);
    });

    it('sends nothing without leave, and says that nothing was sent', async () => {
      const refuse = async (): Promise<never> => {
        throw new NicError('ERR_RATE_LIMIT', 'used up');
      };
      const error = await failure(createClient({}, undefined, { ...unlimitedCalls, acquire: refuse }), CREATE);
      expect(error).to.include({ code: 'ERR_RATE_LIMIT', outcome: 'refused', retryable: true, retCode: undefined });
      expect(error.message).to.equal('CreateNics was not sent: used up');
      expect(server.requests).to.have.length(0);
    });

    it('gives up waiting for leave when it is too late to begin', async () => {
      const late = new AbortController();
      const limiter: CallLimiter = {
        ...unlimitedCalls,
        acquire: (_kind, { signal } = {}) =>
          new Promise((_resolve, reject) => {
            signal?.addEventListener('abort', () => reject(signal.reason));
            late.abort(new NicError('ERR_DEADLINE', 'too late to begin'));
          }),
      };
      const caller = new AbortController();
      const error = await failure(createClient({}, undefined, limiter), { ...CREATE, startSignal: late.signal }, caller.signal);
      expect(error).to.include({ code: 'ERR_DEADLINE', outcome: 'refused', message: 'too late to begin' });
      expect(server.requests).to.have.length(0);
    });

    it('sends nothing when it became too late with the leave, and waits for the answer to what was sent', async () => {
      const late = new AbortController();
      const granted: CallLimiter = { ...unlimitedCalls, acquire: async () => late.abort(new NicError('ERR_DEADLINE', 'too late')) };
      const error = await failure(createClient({}, undefined, granted), { ...CREATE, startSignal: late.signal });
      expect(error).to.include({ code: 'ERR_DEADLINE', outcome: 'refused' });
      expect(server.requests).to.have.length(0);
      const sent = new AbortController();
      server.script((response, request) => {
        sent.abort();
        json(OK)(response, request);
      });
      expect(await createClient().send({ ...CREATE, startSignal: sent.signal }, undefined)).to.deep.include(OK);
      expect(server.requests).to.have.length(1);
    });

    it('gives up waiting for leave with the caller', async () => {
      const controller = new AbortController();
      const wait = (): Promise<void> => {
        controller.abort(new NicError('ERR_DEADLINE', 'too late'));
        return Promise.reject(new NicError('ERR_DEADLINE', 'too late'));
      };
      const error = await failure(createClient({}, undefined, { ...unlimitedCalls, acquire: wait }), CREATE, controller.signal);
      expect(error).to.include({ code: 'ERR_DEADLINE', outcome: 'refused' });
    });

    it('tells the budget when the service has had too many calls, and only then', async () => {
      let told = 0;
      const client = createClient({}, undefined, { ...unlimitedCalls, throttled: async () => void told++ });
      server.script(json({ ret_code: 2500, message: 'access frequency exceeded' }), json({ ret_code: 2500, message: 'quota' }));
      expect((await failure(client, READ)).code).to.equal('ERR_RATE_LIMIT');
      expect(told).to.equal(1);
      expect((await failure(client, CREATE)).code).to.equal('ERR_QUOTA');
      expect(told).to.equal(1);
    });
  });

  describe('requests', () => {
    it('are signed GETs of exactly the documented form', async () => {
      server.script(json({ ...OK, job_id: 'j-1' }));
      const values = { nics: ['52:54:00:00:12:34'], instance: 'i-0abcdef1' };
      await createClient().send({ action: 'AttachNics', kind: 'change', values }, undefined);
      expect(server.requests[0]?.method).to.equal('GET');
      // The vector "attach-nics" of the vendor's SDK.
      expect(server.requests[0]?.url).to.equal(
        '/iaas?access_key_id=QYACCESSKEYIDEXAMPLE&action=AttachNics&instance=i-0abcdef1&nics.1=52%3A54%3A00%3A00%3A12%3A34' +
          '&signature_method=HmacSHA256&signature_version=1&time_stamp=2017-08-17T03%3A04%3A05Z&zone=pek3a' +
          '&signature=BfjyzcBsJn%2F4VS%2BQQ5ArWJRcvpnba4Xi9SJU%2B3UEFCg%3D',
      );
      expect(server.requests[0]?.headers).to.include({ host: `127.0.0.1:${server.port}`, 'user-agent': 'hostnic-cni' });
    });

    it('arrive with every awkward character as it was signed', async () => {
      server.script(json(OK));
      const name = "a !*'()~:/,@+&=%?#é 网卡";
      await createClient({ path: '/iaas/' }).send({ action: 'CreateNics', kind: 'create', values: { nic_name: name } }, undefined);
      expect(server.requests[0]?.params['nic_name']).to.equal(name);
      expect(server.requests[0]?.url)
        .to.include('/iaas/?')
        .and.to.include('nic_name=a%20%21%2A%27%28%29~%3A%2F%2C%40%2B%26%3D%25%3F%23%C3%A9');
    });

    it('share a connection', async () => {
      server.script(json(OK), json(OK), json(OK));
      const client = createClient();
      for (let i = 0; i < 3; i++) await client.send(READ, undefined);
      expect(server.connections()).to.equal(1);
    });

    it('go to IPv6 addresses too', async () => {
      const closed = await startScriptedServer();
      await closed.close();
      // Refused, or without IPv6 on this machine: not possible.
      const error = await failure(createClient({ host: '::1', port: closed.port }), CREATE);
      expect(error).to.include({ code: 'ERR_TRANSPORT', outcome: 'refused' });
      expect(error.message).to.match(new RegExp(`http://\\[::1\\]:${closed.port} gave no answer: connect E[A-Z]+ ::1:${closed.port}`));
    });

    it('give the reply as it is', async () => {
      const reply = { action: 'DescribeNicsResponse', ret_code: 0, total_count: 1, nic_set: [{ nic_id: 'x' }] };
      server.script(json(reply));
      expect(await createClient().send(READ, undefined)).to.deep.equal(reply);
      expect(logged.join()).to.include('DescribeNics succeeded');
    });
  });

  describe('refusals', () => {
    type Row = readonly [retCode: number, message: string, code: string, retryable: boolean, read: string, create: string];
    const rows: readonly Row[] = [
      [1100, 'MalformedRequest, parameter missing', 'ERR_REQUEST', false, 'refused', 'refused'],
      [1101, 'x', 'ERR_REQUEST', false, 'refused', 'refused'],
      [1200, 'AuthFailure, signature not matched', 'ERR_AUTH', false, 'refused', 'refused'],
      [1300, 'x', 'ERR_CLOCK', false, 'refused', 'refused'],
      [1400, 'PermissionDenied, NIC is not available', 'ERR_STATE', false, 'refused', 'refused'],
      [1400, 'PermissionDenied, resource [x] lease info not ready yet, please try later', 'ERR_STATE', true, 'refused', 'refused'],
      [1400, 'PermissionDenied, pki access frequency exceed', 'ERR_RATE_LIMIT', true, 'refused', 'refused'],
      [2100, 'x', 'ERR_NOT_FOUND', false, 'refused', 'refused'],
      [1400, 'ResourceNotFound, nic [x]', 'ERR_NOT_FOUND', false, 'refused', 'refused'],
      [2110, 'x', 'ERR_STATE', false, 'refused', 'refused'],
      [2200, 'x', 'ERR_SERVICE', true, 'refused', 'unknown'],
      [2400, 'x', 'ERR_BALANCE', false, 'refused', 'refused'],
      [
        2500,
        'QuotasExceeded, access too frequently, your requests will be rejected for a period of time',
        'ERR_RATE_LIMIT',
        true,
        'refused',
        'refused',
      ],
      [5000, 'x', 'ERR_SERVICE', true, 'refused', 'unknown'],
      [5100, 'ServerBusy, try again later', 'ERR_BUSY', true, 'refused', 'unknown'],
      [5200, 'x', 'ERR_CAPACITY', true, 'refused', 'refused'],
      [5300, 'x', 'ERR_BUSY', true, 'refused', 'refused'],
      [5400, 'x', 'ERR_BUSY', true, 'refused', 'refused'],
      [5500, 'x', 'ERR_SERVICE', false, 'refused', 'refused'],
      [5600, 'x', 'ERR_SERVICE', false, 'refused', 'refused'],
      [5700, 'x', 'ERR_SERVICE', false, 'refused', 'unknown'],
      [8000, 'x', 'ERR_SERVICE', false, 'refused', 'refused'],
      [8004, 'x', 'ERR_SERVICE', false, 'refused', 'refused'],
      [8005, 'x', 'ERR_SERVICE', false, 'refused', 'unknown'],
    ];
    for (const [retCode, message, code, retryable, read, create] of rows) {
      it(`${retCode} "${message.slice(0, 40)}" is ${code}`, async () => {
        const client = createClient();
        for (const [request, outcome] of [
          [READ, read],
          [CREATE, create],
          [{ ...CREATE, action: 'DeleteNics', kind: 'change' as RequestKind }, create],
        ] as const) {
          server.script(json({ message, ret_code: retCode }));
          const error = await failure(client, request);
          expect(error).to.include({ code, retryable, outcome, retCode, action: request.action });
          expect(error.message).to.include(`${request.action}: QingCloud refused with ${retCode}: ${message}`);
        }
      });
    }

    for (const [retCode, code] of [
      [1510, 'ERR_AUTH'],
      [1660, 'ERR_AUTH'],
      [2000, 'ERR_AUTH'],
      [2600, 'ERR_REQUEST'],
      [3300, 'ERR_REQUEST'],
      [4005, 'ERR_REQUEST'],
    ] as const) {
      it(`${retCode} is ${code}, but may be about the vxnet when it comes to CreateNics`, async () => {
        const reply = json({ message: 'x', ret_code: retCode });
        server.script(reply, reply);
        const client = createClient();
        expect(await failure(client, READ)).to.include({ code, retryable: false, outcome: 'refused' });
        expect(await failure(client, CREATE)).to.include({ code: 'ERR_STATE', retryable: false, outcome: 'refused' });
      });
    }

    it('2500 is about a quota only for what can use one up, whatever its words', async () => {
      const reply = json({ message: 'QuotasExceeded, whatever', ret_code: 2500 });
      const client = createClient();
      for (const [request, code, retryable] of [
        [CREATE, 'ERR_QUOTA', false],
        [{ ...CREATE, action: 'AttachNics', kind: 'change' as const }, 'ERR_QUOTA', false],
        [READ, 'ERR_RATE_LIMIT', true],
        [{ ...CREATE, action: 'DeleteNics', kind: 'change' as const }, 'ERR_RATE_LIMIT', true],
        [{ ...CREATE, action: 'DetachNics', kind: 'change' as const }, 'ERR_RATE_LIMIT', true],
      ] as const) {
        server.script(reply);
        expect(await failure(client, request), request.action).to.include({ code, retryable, outcome: 'refused', retCode: 2500 });
      }
    });

    it('1400 about a full instance is told from others by reading, not by its words', async () => {
      server.script(json({ message: 'PermissionDenied, you can only attach [64] nics to one instance at most', ret_code: 1400 }));
      expect((await failure(createClient(), { ...READ, action: 'AttachNics' })).code).to.equal('ERR_STATE');
    });

    it('of an old time stamp say by how much the clock is wrong', async () => {
      const reply = { message: 'x', ret_code: 1300 };
      server.script(
        json(reply, { date: new Date(NOW + 75_000).toUTCString() }),
        json(reply, { date: new Date(NOW - 3_600_000).toUTCString() }),
        json(reply, { date: 'yesterday' }),
      );
      const client = createClient();
      expect((await failure(client, READ)).message).to.include('is 75 s behind the time of the cloud');
      expect((await failure(client, READ)).message).to.include('is 3600 s ahead of the time of the cloud');
      expect((await failure(client, READ)).message).to.include('is more than 60 s away from the time of the cloud');
    });

    it('without a message, or with a wild one, stay one short line', async () => {
      server.script(
        json({ ret_code: 1400 }),
        json({ ret_code: 1400, message: null }),
        json({ ret_code: 1400, message: `a\n\u001b[31mb${'x'.repeat(1000)}` }),
      );
      const client = createClient();
      expect((await failure(client, READ)).message).to.equal('DescribeNics: QingCloud refused with 1400');
      expect((await failure(client, READ)).message).to.equal('DescribeNics: QingCloud refused with 1400');
      const wild = (await failure(client, READ)).message;
      expect(wild)
        .to.match(/^DescribeNics: QingCloud refused with 1400: a \[31mbx+…$/)
        .and.to.have.length.below(400);
    });

    it('that repeat what was sent are told without it', async () => {
      server.script((response, request) => json({ ret_code: 1200, message: `bad ${request.url} SECRETACCESSKEY` })(response, request));
      expect((await failure(createClient(), READ)).message)
        .to.include('access_key_id=…')
        .and.to.include('signature=…');
    });
  });

  describe('replies that are none', () => {
    const cases: readonly (readonly [string, ReturnType<typeof text>, string, boolean, RegExp])[] = [
      ['no JSON', text('<html>'), 'ERR_RESPONSE', true, /6 characters came that are no JSON from http:\/\/127\.0\.0\.1:\d+\/iaas$/],
      ['nothing', text(''), 'ERR_RESPONSE', true, /0 characters came/],
      ['half a document', text('{"ret_code":0,"nics":[{"nic'), 'ERR_RESPONSE', true, /27 characters came/],
      ['another document', text('[]'), 'ERR_RESPONSE', true, /CreateNics reply: must be an object with ret_code/],
      ['no ret_code', json({ message: 'x' }), 'ERR_RESPONSE', true, /ret_code must be a whole number/],
      ['a ret_code that is a text', json({ ret_code: '0' }), 'ERR_RESPONSE', true, /ret_code must be a whole number/],
      ['HTTP 500', text('{"ret_code":0}', 500), 'ERR_RESPONSE', true, /HTTP status 500 came/],
      ['HTTP 504', text('', 504), 'ERR_RESPONSE', true, /HTTP status 504 came/],
      ['HTTP 408', text('', 408), 'ERR_RESPONSE', true, /HTTP status 408 came/],
      ['HTTP 303', text('', 303), 'ERR_RESPONSE', false, /HTTP status 303 came/],
      ['HTTP 201', text('{"ret_code":0}', 201), 'ERR_RESPONSE', false, /HTTP status 201 came/],
      ['no HTTP', cut('SSH-2.0-OpenSSH\r\n'), 'ERR_RESPONSE', true, /something that is no HTTP came/],
      ['a connection that is cut', cut(), 'ERR_TRANSPORT', true, /gave no answer: .*ECONNRESET/],
      ['a connection that ends', cut('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"ret'), 'ERR_TRANSPORT', true, /gave no answer/],
    ];
    for (const [what, answer, code, retryable, message] of cases) {
      it(`${what}: nobody knows whether it took effect, and it is sent once`, async () => {
        server.script(answer);
        const error = await failure(createClient(), CREATE);
        expect(error).to.include({ code, retryable, outcome: 'unknown', retCode: undefined, action: 'CreateNics' });
        expect(error.message).to.match(message);
        expect(server.requests).to.have.length(1);
      });
    }

    for (const [status, retryable, message] of [
      [301, false, /HTTP status 301 came from .*; check protocol, host and port in the provider file$/],
      [302, false, /HTTP status 302 came/],
      [400, false, /HTTP status 400 came from http:\/\/127\.0\.0\.1:\d+\/iaas$/],
      [403, false, /HTTP status 403 came/],
      [404, false, /HTTP status 404 came from .*\/iaas; check uri, host and port in the provider file$/],
      [405, false, /HTTP status 405 came from .*\/iaas; check uri, host and port in the provider file$/],
      [414, false, /HTTP status 414 came/],
      [429, true, /HTTP status 429 came/],
      [501, false, /HTTP status 501 came/],
    ] as const) {
      it(`HTTP ${status}: the API was not reached, so nothing can have taken effect`, async () => {
        // Not followed, wherever it leads.
        server.script(text('{"ret_code":0}', status, { location: '/iaas?elsewhere' }));
        const error = await failure(createClient(), CREATE);
        expect(error).to.include({ code: 'ERR_RESPONSE', retryable, outcome: 'refused', retCode: undefined });
        expect(error.message).to.match(message);
        expect(server.requests).to.have.length(1);
      });
    }

    it('endless: given up at 4 MiB', async () => {
      server.script((response) => {
        response.writeHead(200);
        const chunk = Buffer.alloc(1024 * 1024, 0x20);
        const pour = (): void => {
          while (!response.destroyed && response.write(chunk));
          if (!response.destroyed) response.once('drain', pour);
        };
        pour();
      });
      const error = await failure(createClient(), CREATE);
      expect(error).to.include({ code: 'ERR_RESPONSE', outcome: 'unknown', retryable: false });
      expect(error.message).to.include('more than 4194304 bytes');
    });

    it('late: given up at the limit for their head', async () => {
      server.script(silence);
      const error = await failure(createClient({}, 10_000, unlimitedCalls, {}, 50), CREATE);
      expect(error).to.include({ code: 'ERR_TRANSPORT', outcome: 'unknown', retryable: true });
      expect(error.message).to.include("Timeout awaiting 'response' for 50ms");
    });

    it('slow: given up at the limit of a request', async () => {
      server.script(silence);
      const error = await failure(createClient({}, 50), CREATE);
      expect(error).to.include({ code: 'ERR_TRANSPORT', outcome: 'unknown', retryable: true });
      expect(error.message).to.include("Timeout awaiting 'request' for 50ms");
      expect(server.requests).to.have.length(1);
    });
  });

  describe('requests that never leave', () => {
    it('to a port where nobody listens', async () => {
      const closed = await startScriptedServer();
      await closed.close();
      for (const host of ['127.0.0.1', 'localhost']) {
        const error = await failure(createClient({ host, port: closed.port }), CREATE);
        expect(error, host).to.include({ code: 'ERR_TRANSPORT', outcome: 'refused', retryable: true });
        expect(error.message).to.include(`CreateNics: http://${host}:${closed.port} gave no answer`).and.to.include('ECONNREFUSED');
      }
    });

    it('to a host whose name does not resolve', async () => {
      // A label of 64 characters: the resolver knows without asking anybody.
      const error = await failure(createClient({ host: `${'a'.repeat(64)}.invalid` }), CREATE);
      expect(error).to.include({ code: 'ERR_TRANSPORT', outcome: 'refused', retryable: true });
    });

    it('to a host that does not answer connections', async () => {
      const deaf = await startDeafServer();
      try {
        const error = await failure(createClient({ port: deaf.port, connectionTimeoutMs: 100 }), CREATE);
        expect(error).to.include({ code: 'ERR_TRANSPORT', outcome: 'refused', retryable: true });
        expect(error.message).to.include("Timeout awaiting 'connect' for 100ms");
      } finally {
        deaf.close();
      }
    });

    it('to a host that does not answer a TLS handshake', async () => {
      const mute: Server = createServer((socket) => socket.on('error', () => {}));
      await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
      const address = mute.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const client = createClient({ protocol: 'https', port, connectionTimeoutMs: 100 });
      const error = await failure(client, CREATE);
      expect(error).to.include({ code: 'ERR_TRANSPORT', outcome: 'refused' });
      expect(error.message).to.include("Timeout awaiting 'secureConnect' for 100ms");
      mute.close();
    });

    it('to a host whose certificate nobody vouches for', async () => {
      const secure = await startScriptedServer(TLS);
      try {
        const error = await failure(createClient({ protocol: 'https', port: secure.port }), CREATE);
        expect(error).to.include({ code: 'ERR_TRANSPORT', outcome: 'refused', retryable: false });
        expect(error.message).to.match(/self-signed certificate/i);
        expect(secure.requests).to.deep.equal([]);
      } finally {
        await secure.close();
      }
    });
  });

  describe('HTTPS', () => {
    it('never left when the port speaks something else, and says so in one line', async () => {
      const error = await failure(createClient({ protocol: 'https' }), CREATE);
      expect(error).to.include({ code: 'ERR_TRANSPORT', outcome: 'refused', retryable: false });
      expect(error.message).to.match(
        /: the TLS handshake failed: [a-z ]+; does this port speak HTTPS\? Check protocol, host and port in the provider file$/,
      );
    });

    it('never left when the connection ends within the handshake', async () => {
      const closing = createServer((socket) => socket.once('data', () => socket.destroy()));
      await new Promise<void>((resolve) => closing.listen(0, '127.0.0.1', resolve));
      try {
        const { port } = closing.address() as AddressInfo;
        const error = await failure(createClient({ protocol: 'https', port }), CREATE);
        expect(error).to.include({ code: 'ERR_TRANSPORT', outcome: 'refused', retryable: true });
      } finally {
        closing.close();
      }
    });

    /** The last of some calls, by a process that trusts the server's certificate. */
    async function callTrusted(port: number, calls: number, environment: Readonly<Record<string, string>> = {}): Promise<unknown> {
      const script = fileURLToPath(new URL('../../support/https-call.ts', import.meta.url));
      const cert = fileURLToPath(new URL('../../fixtures/tls/loopback-cert.pem', import.meta.url));
      const child = spawn(process.execPath, ['--import', 'tsx', script, String(port), String(calls)], {
        env: { ...process.env, NODE_EXTRA_CA_CERTS: cert, ...environment },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      const code = await new Promise((resolve) => child.once('close', resolve));
      expect(code).to.equal(0);
      return JSON.parse(output);
    }

    for (const [what, calls] of [
      ['a new connection', 1],
      ['a connection that is used again', 2],
    ] as const) {
      it(`may have arrived when ${what} breaks after the handshake`, async () => {
        const secure = await startScriptedServer(TLS);
        secure.script(...(calls === 2 ? [json(OK)] : []), (response) => void response.socket?.destroy());
        try {
          expect(await callTrusted(secure.port, calls)).to.include({ code: 'ERR_TRANSPORT', outcome: 'unknown' });
          expect(secure.requests).to.have.length(calls);
        } finally {
          await secure.close();
        }
      });
    }

    it('is not made blind by NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
      const secure = await startScriptedServer(TLS);
      try {
        const careless = { NODE_EXTRA_CA_CERTS: '', NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' };
        expect(await callTrusted(secure.port, 1, careless)).to.include({ code: 'ERR_TRANSPORT', outcome: 'refused' });
        expect(secure.requests).to.deep.equal([]);
      } finally {
        await secure.close();
      }
    });

    it('works with a certificate that the process trusts', async () => {
      const secure = await startScriptedServer(TLS);
      secure.script(json(OK));
      try {
        expect(await callTrusted(secure.port, 1)).to.deep.equal(OK);
        expect(secure.requests[0]?.headers.host).to.equal(`127.0.0.1:${secure.port}`);
      } finally {
        await secure.close();
      }
    });
  });

  describe('signals', () => {
    it('end a call before it begins: nothing is sent', async () => {
      const error = await failure(createClient(), CREATE, AbortSignal.abort());
      expect(error).to.include({ code: 'ERR_CANCELLED', outcome: 'refused', action: 'CreateNics' });
      expect(server.requests).to.deep.equal([]);
    });

    const reasons: readonly (readonly [string, unknown, string])[] = [
      ['a plain abort', undefined, 'ERR_CANCELLED'],
      ['a time-out', new DOMException('too late', 'TimeoutError'), 'ERR_DEADLINE'],
      ['a reason of ours', new NicError('ERR_DEADLINE', 'the budget of this ADD is used up'), 'ERR_DEADLINE'],
    ];
    for (const [what, reason, code] of reasons) {
      it(`end a call under way: it may have arrived (${what})`, async () => {
        const controller = new AbortController();
        server.script(() => controller.abort(reason));
        const error = await failure(createClient(), CREATE, controller.signal);
        expect(error).to.include({ code, outcome: 'unknown', retryable: false, action: 'CreateNics' });
        expect(server.requests).to.have.length(1);
      });
    }
  });
});
