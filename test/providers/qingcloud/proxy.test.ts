import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { unlimitedCalls } from '../../../lib/call-budget/index.js';
import { systemClock } from '../../../lib/clock.js';
import { NicError, ProviderError } from '../../../lib/errors.js';
import { silentLogger } from '../../../lib/log.js';
import { ApiClient, type ApiRequest } from '../../../providers/qingcloud/client.js';
import { type ProxyServer, startProxyServer } from '../../support/proxy-server.js';
import { json, type ScriptedServer, startScriptedServer } from '../../support/scripted-server.js';

const CERT = new URL('../../fixtures/tls/loopback-cert.pem', import.meta.url);
const TLS = {
  key: readFileSync(new URL('../../fixtures/tls/loopback-key.pem', import.meta.url), 'utf8'),
  cert: readFileSync(CERT, 'utf8'),
};
/** A name that only the proxy knows. */
const HOST = 'api.example.test';
const OK = { action: 'X', ret_code: 0 };
const CREATE: ApiRequest = { action: 'CreateNics', kind: 'create', values: { vxnet: 'vxnet-a', count: 1 } };

describe('a proxy on the way', () => {
  let server: ScriptedServer;
  let secure: ScriptedServer;
  let proxy: ProxyServer;
  const open: ApiClient[] = [];

  interface Way {
    readonly environment?: Readonly<Record<string, string>>;
    readonly protocol?: 'http' | 'https';
    readonly host?: string;
    readonly timeoutMs?: number;
  }

  function createClient({ environment, protocol = 'https', host = HOST, timeoutMs = 5000 }: Way = {}): ApiClient {
    const client = new ApiClient({
      config: {
        accessKeyId: 'QYACCESSKEYIDEXAMPLE',
        secretAccessKey: 'SECRETACCESSKEY',
        zone: 'pek3a',
        protocol,
        host,
        port: protocol === 'https' ? secure.port : server.port,
        path: '/iaas',
        connectionRetries: 0,
        connectionTimeoutMs: timeoutMs,
        logLevel: 'warn',
      },
      clock: systemClock,
      log: silentLogger,
      limiter: unlimitedCalls,
      requestTimeoutMs: 10_000,
      responseTimeoutMs: 10_000,
      environment: environment ?? { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, HTTP_PROXY: `http://127.0.0.1:${proxy.port}` },
    });
    open.push(client);
    return client;
  }

  async function failure(client: ApiClient, signal?: AbortSignal): Promise<ProviderError> {
    const error: unknown = await client.send(CREATE, signal).then(
      () => new Error('it resolved'),
      (caught: unknown) => caught,
    );
    if (!(error instanceof ProviderError)) throw error;
    expect(inspect(error, { depth: 5 })).not.to.match(/hunter2|SECRETACCESSKEY/);
    return error;
  }

  /** Calls in a process of its own, which trusts the server's certificate. */
  async function callTrusted(environment: Readonly<Record<string, string>>, calls = 1, port = secure.port): Promise<unknown> {
    const script = fileURLToPath(new URL('../../support/https-call.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, String(port), String(calls), HOST], {
      env: { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: fileURLToPath(CERT), ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await new Promise((resolve) => child.once('close', resolve));
    return JSON.parse(output);
  }

  beforeEach(async () => {
    server = await startScriptedServer();
    secure = await startScriptedServer(TLS);
    proxy = await startProxyServer(secure.port);
  });

  afterEach(async () => {
    for (const client of open.splice(0)) client.close();
    await proxy.close();
    await secure.close();
    await server.close();
  });

  describe('to HTTPS', () => {
    it('makes one tunnel for several calls, and the certificate is that of the API', async () => {
      secure.script(json(OK), json(OK), json(OK));
      expect(await callTrusted({ https_proxy: `http://us%40er:hunter2@127.0.0.1:${proxy.port}` }, 3)).to.deep.equal(OK);
      const authority = `${HOST}:${secure.port}`;
      const authorization = `Basic ${Buffer.from('us@er:hunter2').toString('base64')}`;
      expect(proxy.requests).to.deep.equal([{ line: `CONNECT ${authority}`, authorization, host: authority }]);
      expect(secure.requests.map(({ headers }) => [headers.host, headers['proxy-authorization']])).to.deep.equal(
        Array.from({ length: 3 }, () => [authority, undefined]),
      );
    });

    it('hears of the default port as well, and so does the API', async () => {
      secure.script(json(OK));
      expect(await callTrusted({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }, 1, 443)).to.deep.equal(OK);
      expect(proxy.requests.map(({ line }) => line)).to.deep.equal([`CONNECT ${HOST}:443`]);
      expect(secure.requests.map(({ headers }) => headers.host)).to.deep.equal([`${HOST}:443`]);
    });

    it('is no way around certificates, of the API or its own, by NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
      const encrypted = await startProxyServer(secure.port, TLS);
      const careless = { NODE_EXTRA_CA_CERTS: '', NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' };
      try {
        for (const way of [{ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }, { HTTPS_PROXY: `https://localhost:${encrypted.port}` }]) {
          const outcome = (await callTrusted({ ...careless, ...way })) as { readonly message: string };
          expect(outcome).to.include({ code: 'ERR_TRANSPORT', outcome: 'refused' });
          expect(outcome.message).to.match(/self-signed certificate/);
        }
        expect(proxy.requests).to.have.length(1);
        expect(encrypted.requests).to.deep.equal([]);
        expect(secure.requests).to.deep.equal([]);
      } finally {
        await encrypted.close();
      }
    });

    it('may speak TLS itself', async () => {
      const encrypted = await startProxyServer(secure.port, TLS);
      try {
        secure.script(json(OK));
        expect(await callTrusted({ HTTPS_PROXY: `https://localhost:${encrypted.port}` })).to.deep.equal(OK);
        expect(encrypted.requests).to.have.length(1);
      } finally {
        await encrypted.close();
      }
    });

    it('is passed by where NO_PROXY says so, and for loopback', async () => {
      const variables = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '.example.test' };
      // The name is known to the proxy only.
      expect(await failure(createClient({ environment: variables }))).to.include({ code: 'ERR_TRANSPORT', outcome: 'refused' });
      await failure(createClient({ host: '127.0.0.1' }));
      expect(proxy.requests).to.deep.equal([]);
    });

    it('does not vouch for the API: its certificate must verify', async () => {
      secure.script(json(OK));
      const error = await failure(createClient());
      expect(error).to.include({ code: 'ERR_TRANSPORT', outcome: 'refused', retryable: false });
      expect(error.message).to.match(/self-signed certificate/);
      expect(secure.requests).to.deep.equal([]);
    });

    const answer = (text: string) => ({ kind: 'answer', text }) as const;
    for (const [what, trick, retryable, message] of [
      [
        'wants a user',
        answer('HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\n\r\n'),
        false,
        /answered 407 .*: it wants another user and password in HTTPS_PROXY$/,
      ],
      [
        'forbids it',
        answer('HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno!\n'),
        false,
        /answered 403 when it was asked for a connection to the API$/,
      ],
      ['cannot reach the API', answer('HTTP/1.1 502 Bad Gateway\r\n\r\n'), true, /answered 502/],
      ['is no proxy', answer('SSH-2.0-OpenSSH\r\n'), true, /gave no connection: Parse Error/],
      ['hangs up', { kind: 'end' } as const, true, /gave no connection: socket hang up \(ECONNRESET\)/],
    ] as const) {
      it(`never lets a request leave when it ${what}`, async () => {
        proxy.trick(trick);
        const error = await failure(createClient({ environment: { HTTPS_PROXY: `http://user:hunter2@127.0.0.1:${proxy.port}` } }));
        expect(error).to.include({ code: 'ERR_TRANSPORT', outcome: 'refused', retryable });
        expect(error.message).to.match(message);
        expect(error.message).to.include(
          `CreateNics: https://${HOST}:${secure.port} gave no answer: the proxy http://127.0.0.1:${proxy.port} (from HTTPS_PROXY)`,
        );
        expect(secure.connections()).to.equal(0);
      });
    }

    it('never lets a request leave when it does not listen', async () => {
      const gone = await startProxyServer(0);
      await gone.close();
      const error = await failure(createClient({ environment: { HTTPS_PROXY: `127.0.0.1:${gone.port}` } }));
      expect(error).to.include({ code: 'ERR_TRANSPORT', outcome: 'refused', retryable: true });
      expect(error.message).to.match(/gave no connection: connect ECONNREFUSED/);
    });

    it('is given up when it says nothing', async () => {
      proxy.trick({ kind: 'silence' });
      const error = await failure(createClient({ timeoutMs: 50 }));
      expect(error).to.include({ code: 'ERR_TRANSPORT', outcome: 'refused', retryable: true });
      expect(error.message).to.match(/did not connect to the API within 50 ms$/);
    });

    it('keeps nobody waiting who gives up, and nothing is sent when it answers later', async () => {
      proxy.trick({ kind: 'silence' });
      const controller = new AbortController();
      const client = createClient();
      const failed = failure(client, controller.signal);
      while (proxy.requests.length === 0) await systemClock.sleep(2);
      controller.abort(new NicError('ERR_DEADLINE', 'the deadline has passed'));
      expect(await failed).to.include({ code: 'ERR_DEADLINE', outcome: 'refused' });
      proxy.letThrough();
      while (proxy.open() === 0) await systemClock.sleep(2);
      proxy.trick(undefined);
      // Another one through the same client: had the first been sent, it would have come before.
      expect((await failure(client)).message).to.match(/certificate/);
      expect(secure.requests).to.deep.equal([]);
    });
  });

  describe('to HTTP', () => {
    it('gets the whole URL, and its own connection is used again', async () => {
      const plain = await startProxyServer(server.port);
      try {
        server.script(json(OK), json(OK));
        const client = createClient({ protocol: 'http', environment: { http_proxy: `http://user:hunter2@127.0.0.1:${plain.port}` } });
        expect(await client.send(CREATE, undefined)).to.deep.equal(OK);
        expect(await client.send(CREATE, undefined)).to.deep.equal(OK);
        expect(plain.requests).to.have.length(2);
        expect(plain.requests[0]?.line).to.match(new RegExp(`^GET http://${HOST}:${server.port}/iaas\\?access_key_id=.*&signature=[^&]+$`));
        expect(plain.requests[0]).to.include({
          host: `${HOST}:${server.port}`,
          authorization: `Basic ${Buffer.from('user:hunter2').toString('base64')}`,
        });
        expect(server.requests[0]?.headers['proxy-authorization']).to.equal(undefined);
      } finally {
        await plain.close();
      }
    });

    it('never passes a request on that it wants a user for', async () => {
      proxy.trick({ kind: 'answer', text: 'HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n' });
      const error = await failure(createClient({ protocol: 'http' }));
      expect(error).to.include({ outcome: 'refused', retryable: false });
      expect(error.message).to.match(
        /HTTP status 407 came from .*: the proxy http:\/\/127\.0\.0\.1:\d+ \(from HTTP_PROXY\) wants another user and password$/,
      );
    });
  });

  it('that cannot be used is named before anything is sent', async () => {
    const error = await failure(createClient({ environment: { HTTPS_PROXY: 'socks5://user:hunter2@127.0.0.1:1' } }));
    expect(error).to.include({ code: 'ERR_CONFIG', outcome: 'refused', retryable: false });
    expect(error.message).to.match(/^CreateNics was not sent: the variable HTTPS_PROXY names no proxy/);
  });
});
