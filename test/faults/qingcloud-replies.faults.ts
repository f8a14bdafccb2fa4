import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { type NicErrorCode, ProviderError } from '../../lib/errors.js';
import type { CallOptions } from '../../lib/provider.js';
import { createQingCloudProvider, type QingCloudProvider } from '../../providers/qingcloud/index.js';
import { MARK, ReplyFuzzer } from '../support/fuzzed-replies.js';
import { seededRandom } from '../support/random.js';
import { type Answer, json, type ScriptedServer, startScriptedServer, text } from '../support/scripted-server.js';
import { printFigures, scaled } from './scale.js';

const MEBIBYTE = 1024 * 1024;
/** Above what a call may read of one reply: the limit, and what the kernel and Node.js hold on the way. */
const MOST_TAKEN_BYTES = 4 * MEBIBYTE + 12 * MEBIBYTE;
/** A message names the call, the place and what is wrong there, and is no place for a reply. */
const MOST_MESSAGE_CHARACTERS = 1500;
/** What an unreadable, refused or missing answer may be told as. Codes of the kernel, of files or of decoding are not among them. */
const CODES: readonly NicErrorCode[] = [
  'ERR_RESPONSE',
  'ERR_TRANSPORT',
  'ERR_NOT_FOUND',
  'ERR_REQUEST',
  'ERR_AUTH',
  'ERR_STATE',
  'ERR_SERVICE',
];

/** Three passes over a list of two pages at most, for each of two kinds of vxnets. */
const MOST_REQUESTS = 12;

const SECRETS = { accessKeyId: 'QYACCESSKEYIDEXAMPLE', secretAccessKey: 'SECRETACCESSKEY' };

type Call = (provider: QingCloudProvider, options?: CallOptions) => Promise<unknown>;

const CALLS: Readonly<Record<string, Call>> = {
  CreateNics: (p, o) => p.createNic({ subnetId: 'vxnet-1', name: 'suite' }, o),
  AttachNics: (p, o) => p.attachNics(['52:54:00:00:12:34'], 'i-1', o),
  DetachNics: (p, o) => p.detachNics(['52:54:00:00:12:34'], o),
  DeleteNics: (p, o) => p.deleteNics(['52:54:00:00:12:34'], o),
  ModifyNicAttributes: (p, o) => p.allowForwarding('52:54:00:00:12:34', o),
  DescribeNics: (p, o) => p.listNics({ instanceId: 'i-1' }, o),
  DescribeVxnets: (p, o) => p.describeSubnets(['vxnet-1'], o),
  DescribeJobs: (p, o) => p.describeJobs(['j-1'], o),
  DescribeInstances: (p, o) => p.describeInstances(['i-1'], o),
};

const isText = (value: unknown): boolean => typeof value === 'string';
const optionalText = (value: unknown): boolean => value === undefined || isText(value);

/** Fit for a log. */
function isOneLine(value: unknown, most: number): boolean {
  return typeof value === 'string' && value.length <= most && !/\p{Cc}/u.test(value);
}

/** What a call that resolves may give: the model's types, whatever came. */
const SHAPES: Readonly<Record<string, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  nic: {
    id: isText,
    name: isText,
    mac: (value) => /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(String(value)),
    subnetId: isText,
    addresses: (value) => Array.isArray(value) && value.every(isText),
    status: (value) => value === 'available' || value === 'in-use',
    instanceId: optionalText,
    role: (value) => value === 'primary' || value === 'secondary',
    createdAt: (value) => value === undefined || (value instanceof Date && !Number.isNaN(value.getTime())),
  },
  subnet: {
    id: isText,
    networkId: optionalText,
    cidr: optionalText,
    gateway: optionalText,
    freeAddresses: (value) => value === undefined || (Number.isSafeInteger(value) && Number(value) >= 0),
  },
  instance: {
    id: isText,
    status: isText,
    transition: optionalText,
    nicIds: (value) => Array.isArray(value) && value.every(isText),
  },
  job: {
    id: isText,
    status: (value) => ['running', 'succeeded', 'failed'].includes(String(value)),
    reason: (value) => value === undefined || isOneLine(value, 500),
  },
};

const RESULTS: Readonly<Record<string, string>> = {
  CreateNics: 'nic',
  DescribeNics: 'nic',
  DescribeVxnets: 'subnet',
  DescribeJobs: 'job',
  DescribeInstances: 'instance',
};

function expectShape(action: string, result: unknown): void {
  const shape = SHAPES[RESULTS[action] ?? ''];
  if (shape === undefined) {
    expect(result === undefined || (isText(result) && result !== ''), 'nothing, or the id of a job').to.equal(true);
    return;
  }
  for (const item of Array.isArray(result) ? result : [result]) {
    expect(Object.keys(item).sort()).to.deep.equal(Object.keys(shape).sort());
    for (const [key, accept] of Object.entries(shape)) expect(accept(item[key]), key).to.equal(true);
  }
}

/** Everything that a log could print of an error. */
function everythingIn(error: Error): string {
  const texts: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) texts.push(at.message, at.stack ?? '');
  return [...texts, inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error)].join('\n');
}

function expectTypedError(error: unknown, mayQuote: boolean): void {
  expect(error).to.be.instanceOf(ProviderError);
  const failure = error as ProviderError;
  expect(failure.code).to.be.oneOf(CODES);
  expect(isOneLine(failure.message, MOST_MESSAGE_CHARACTERS), failure.message.slice(0, 3000)).to.equal(true);
  const all = everythingIn(failure);
  for (const secret of Object.values(SECRETS)) expect(all).to.not.include(secret);
  if (!mayQuote) expect(all).to.not.include(MARK);
}

/** Says no, with words: the one thing of a reply that is for people. */
function hasRefusal(error: unknown): boolean {
  return error instanceof ProviderError && error.retCode !== undefined;
}

describe('replies of QingCloud that are none', () => {
  const random = seededRandom();
  let server: ScriptedServer;
  let provider: QingCloudProvider;

  const connect = (port: number, connectionRetries = 0, requestTimeoutMs = 10_000): QingCloudProvider =>
    createQingCloudProvider({
      config: {
        ...SECRETS,
        zone: 'pek3a',
        protocol: 'http',
        host: '127.0.0.1',
        port,
        path: '/iaas',
        connectionRetries,
        connectionTimeoutMs: 5000,
        logLevel: 'warn',
      },
      clock: { now: () => Date.now(), sleep: async () => {} },
      random: random.next,
      requestTimeoutMs,
    });

  beforeEach(async () => {
    server = await startScriptedServer();
    provider = connect(server.port);
  });
  afterEach(async () => {
    await provider.close();
    await server.close();
  });

  for (const [action, call] of Object.entries(CALLS)) {
    const rounds = scaled({ short: 100, full: 5_000 });
    it(`${action}: ${rounds} damaged replies give a right answer or an error with a code`, async function () {
      this.timeout(60_000 + rounds * 50);
      const fuzzer = new ReplyFuzzer(random);
      let refused = 0;
      for (let round = 0; round < rounds; round++) {
        const fuzzed = fuzzer.next(action);
        // A list may be asked for again where it seems to change; whatever comes then is the same.
        server.otherwise(fuzzed.send);
        const before = server.requests.length;
        const label = `${random.label}, round ${round}, ${fuzzed.what}`;
        try {
          try {
            expectShape(action, await call(provider));
          } catch (error) {
            if (!(error instanceof ProviderError)) throw error;
            refused++;
            expectTypedError(error, hasRefusal(error));
          }
        } catch (error) {
          throw new Error(`${label}: ${error instanceof Error ? error.message : inspect(error)}`, { cause: error });
        }
        expect(server.requests.length - before, label).to.be.within(1, MOST_REQUESTS);
      }
      printFigures(action, { replies: rounds, errors: refused, seed: random.label });
      expect(refused).to.be.above(rounds / 4);
    });
  }

  /** The error of a call that gets this answer, however often it asks. */
  async function errorFor(answer: Answer, call: Call = (p) => p.listNics({ instanceId: 'i-1' }), from = provider): Promise<ProviderError> {
    server.otherwise(answer);
    let result: unknown;
    try {
      result = await call(from);
    } catch (error) {
      expectTypedError(error, false);
      return error as ProviderError;
    }
    throw new Error(`the call resolves with ${inspect(result).slice(0, 200)}`);
  }

  it('are read up to 4 MiB, and not beyond, whatever length they say they have', async () => {
    const chunk = Buffer.alloc(64 * 1024, MARK);
    for (const headers of [{}, { 'content-length': String(2 ** 32) }]) {
      let taken = 0;
      const closed = new Promise<void>((resolve) => {
        const pour: Answer = (response) => {
          response.writeHead(200, { 'content-type': 'application/json', ...headers });
          response.on('close', resolve);
          const more = (): void => {
            while (!response.destroyed) {
              taken += chunk.length;
              if (!response.write(chunk)) return;
            }
          };
          response.on('drain', more);
          more();
        };
        server.otherwise(pour);
      });
      const error = await provider.listNics({ instanceId: 'i-1' }).catch((reason: unknown) => reason);
      expectTypedError(error, false);
      expect(error).to.have.property('message').that.includes('more than 4194304 bytes');
      await closed;
      expect(taken).to.be.below(MOST_TAKEN_BYTES);
    }
  });

  it('that are squeezed are not blown up: nobody asked for that', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * MEBIBYTE, ' '), { level: 9 });
    const error = await errorFor((response, request) => {
      expect(request.headers).to.not.have.property('accept-encoding');
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip', 'content-length': bomb.length });
      response.end(bomb);
    });
    expect(error.code).to.equal('ERR_RESPONSE');
    expect(error.message).to.match(/ characters came that are no JSON/);
    const came = Number(/(\d+) characters came/.exec(error.message)?.[1]);
    expect(came).to.be.at.most(bomb.length);
  });

  it('with two million wrong items are refused in one line', async () => {
    for (const [call, key] of [
      [CALLS['DescribeNics'], 'nic_set'],
      [CALLS['CreateNics'], 'nics'],
    ] as const) {
      const body = `{"ret_code":0,"${key}":[${'1,'.repeat(2_000_000)}1]}`;
      const error = await errorFor(text(body), call);
      expect(error.code).to.equal('ERR_RESPONSE');
      expect(error.message).to.include(`${key} must be a list of at most 1000 items`);
    }
  });

  it('with a thousand wrong items name the first ones only', async () => {
    const error = await errorFor(json({ ret_code: 0, nic_set: Array.from({ length: 1000 }, () => ({ nic_id: MARK, vxnet_id: [] })) }));
    expect(error.message)
      .to.include('nic_set[0].nic_id must be a MAC address')
      .and.match(/and 1988 more/);
  });

  it('of a list that never ends give an error after a thousand pages', async function () {
    this.timeout(120_000);
    let page = 0;
    const error = await errorFor((response, request) => {
      const high = (page++)
        .toString(16)
        .padStart(4, '0')
        .replace(/(..)(..)/, '$1:$2');
      const nics = Array.from({ length: 100 }, (_, i) => ({
        nic_id: `52:54:${high}:00:${i.toString(16).padStart(2, '0')}`,
        vxnet_id: 'vxnet-1',
        instance_id: 'i-1',
      }));
      json({ ret_code: 0, total_count: 1e9, nic_set: nics })(response, request);
    });
    expect(error.code).to.equal('ERR_RESPONSE');
    expect(error.message).to.include('a list that does not end after 1000 pages');
    expect(page).to.equal(1000);
  });

  it('that count more items than they have end after three passes, with what there is', async () => {
    for (const total of [3, 101, 1e6, Number.MAX_SAFE_INTEGER]) {
      server.otherwise(
        json({ ret_code: 0, total_count: total, nic_set: [{ nic_id: '52:54:00:00:12:34', vxnet_id: 'v', instance_id: 'i-1' }] }),
      );
      const before = server.requests.length;
      expect(await provider.listNics({ instanceId: 'i-1' })).to.have.length(1);
      expect(server.requests.length - before).to.equal(6);
    }
  });

  it('that send elsewhere are not followed', async () => {
    const elsewhere = await startScriptedServer();
    try {
      for (const status of [301, 302, 303, 307, 308]) {
        for (const call of Object.values(CALLS)) {
          const error = await errorFor(text('', status, { location: `http://127.0.0.1:${elsewhere.port}/iaas` }), call);
          expect(error.message).to.include(`HTTP status ${status}`);
        }
      }
      expect(elsewhere.requests).to.deep.equal([]);
    } finally {
      await elsewhere.close();
    }
  });

  it('that come drop by drop end with the time of a request', async () => {
    const impatient = connect(server.port, 0, 300);
    try {
      const drip: Answer = (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const timer = setInterval(() => response.write(' '), 10);
        response.on('close', () => clearInterval(timer));
      };
      for (const call of Object.values(CALLS)) {
        const error = await errorFor(drip, call, impatient);
        expect(error.code).to.equal('ERR_TRANSPORT');
        expect(error.outcome).to.equal('unknown');
      }
    } finally {
      await impatient.close();
    }
  });

  it('lost to damage leave in doubt what may have been done, and are asked for again where that does no harm', async () => {
    const patient = connect(server.port, 3);
    try {
      for (const [action, call] of Object.entries(CALLS)) {
        const before = server.requests.length;
        const error = await errorFor(text(MARK), call, patient);
        const attempts = server.requests.length - before;
        const isRepeatable = action.startsWith('Describe') || action === 'ModifyNicAttributes';
        expect([action, error.outcome, attempts]).to.deep.equal([action, 'unknown', isRepeatable ? 4 : 1]);
      }
    } finally {
      await patient.close();
    }
  });
});
