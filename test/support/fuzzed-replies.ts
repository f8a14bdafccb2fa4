import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { SeededRandom } from './random.js';

/** Stands in everything that a reply is filled with, so that a leak of it is seen. */
export const MARK = 'LEAKED-WORD';

/** A reply to be sent, and what was done to it. */
export interface FuzzedReply {
  /** For messages of assertions. */
  readonly what: string;
  /** Sends it. */
  readonly send: (response: ServerResponse) => void;
}

const NIC = {
  nic_id: '52:54:00:00:12:34',
  nic_name: 'suite',
  status: 'available',
  instance_id: '',
  vxnet_id: 'vxnet-1',
  private_ip: '192.168.100.20',
  role: 0,
  sequence: 0,
  tags: [],
  create_time: '2017-08-17T03:04:05Z',
};
const ROUTER = { router_id: 'rtr-1', router_name: 'vpc', manager_ip: '192.168.100.1', ip_network: '192.168.100.0/24', mode: 0 };
const JOB = { job_id: 'j-1', job_action: 'AttachNics', status: 'failed', error_codes: '5000', resource_ids: 'x y' };

/** Right replies, as the service sends them. */
const RIGHT: Readonly<Record<string, object>> = {
  CreateNics: { action: 'CreateNicsResponse', nics: [{ nic_id: NIC.nic_id, private_ip: NIC.private_ip }], ret_code: 0 },
  AttachNics: { action: 'AttachNicsResponse', job_id: 'j-1', ret_code: 0 },
  DetachNics: { action: 'DetachNicsResponse', job_id: 'j-1', ret_code: 0 },
  DeleteNics: { action: 'DeleteNicsResponse', ret_code: 0 },
  ModifyNicAttributes: { action: 'ModifyNicAttributesResponse', ret_code: 0 },
  DescribeNics: {
    action: 'DescribeNicsResponse',
    ret_code: 0,
    total_count: 2,
    nic_set: [NIC, { ...NIC, nic_id: '52:54:00:00:12:35', role: 1 }],
  },
  DescribeVxnets: {
    action: 'DescribeVxnetsResponse',
    ret_code: 0,
    total_count: 1,
    vxnet_set: [{ vxnet_id: 'vxnet-1', vxnet_type: 1, description: null, available_ip_count: 251, router: ROUTER }],
  },
  DescribeInstances: {
    action: 'DescribeInstancesResponse',
    ret_code: 0,
    total_count: 1,
    instance_set: [
      {
        instance_id: 'i-1',
        status: 'running',
        transition_status: '',
        vxnets: [{ nic_id: NIC.nic_id, private_ip: NIC.private_ip, role: 1 }],
      },
    ],
  },
  DescribeJobs: { action: 'DescribeJobsResponse', ret_code: 0, total_count: 1, job_set: [JOB] },
};

const STATUSES: readonly number[] = [
  201, 202, 206, 301, 302, 303, 307, 308, 400, 401, 403, 404, 407, 413, 418, 429, 500, 502, 503, 504, 599,
];
const CONTENT_TYPES: readonly (string | undefined)[] = [
  'text/html',
  'application/json; charset=utf-16',
  'application/octet-stream',
  `x/${MARK}`,
  undefined,
];

/** Makes damaged replies: whatever comes of the same numbers is the same. */
export class ReplyFuzzer {
  readonly #random: SeededRandom;

  /** @param random where all choices come from */
  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** A damaged reply to an action. */
  next(action: string): FuzzedReply {
    const right = RIGHT[action];
    if (right === undefined) throw new RangeError('an action without a right reply');
    const ways = [
      () => this.#tree(right),
      () => this.#tree(right),
      () => this.#tree(right),
      () => this.#text(right),
      () => this.#wire(right),
    ];
    return this.#pick(ways)();
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }

  #pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new RangeError('nothing to choose from');
    return choices[this.#below(choices.length)] as T;
  }

  /** A value of another type or size than expected. */
  #junk(): unknown {
    return this.#pick<() => unknown>([
      () => null,
      () => this.#below(2) === 0,
      () => this.#pick([-1, 0, 1, 0.5, 2 ** 31, 2 ** 53, 1e300, -1e-9]),
      () => this.#pick(['', ' ', '0', '1', 'null', '\u0000', '\ud800', '52:54:zz', '::', '1e3']),
      () => MARK.repeat(1 + this.#below(3)),
      () => `${MARK}\r\n\u001b[2J`,
      () => MARK.repeat(20_000),
      () => [],
      () => [[MARK], MARK],
      () => ({}),
      () => ({ [MARK]: { [MARK]: [MARK] } }),
      () => Array.from({ length: 500 }, () => MARK),
      () => JSON.parse(`{"__proto__":{"ret_code":0,"${MARK}":1},"constructor":"${MARK}","toString":"${MARK}"}`),
    ])();
  }

  /** A well-formed document with some places changed. */
  #tree(right: object): FuzzedReply {
    const done: string[] = [];
    const document: unknown = structuredClone(right);
    for (let i = 1 + this.#below(3); i > 0; i--) done.push(this.#change(document, ''));
    return this.#body(`changed ${done.join(', ')}`, JSON.stringify(document));
  }

  #change(node: unknown, path: string): string {
    if (Array.isArray(node)) {
      if (node.length > 0 && this.#below(3) > 0) {
        const at = this.#below(node.length);
        if (typeof node[at] === 'object' && node[at] !== null && this.#below(3) > 0) return this.#change(node[at], `${path}[${at}]`);
        node[at] = this.#junk();
        return `${path}[${at}]`;
      }
      const how = this.#below(3);
      if (how === 0) node.length = 0;
      else if (how === 1) node.push(...structuredClone(node), this.#junk());
      else node.push(this.#junk());
      return `${path}[]`;
    }
    if (typeof node !== 'object' || node === null) return `${path} (nothing)`;
    const keys = Object.keys(node);
    const key = keys.length === 0 ? MARK : this.#pick(keys);
    const value: unknown = Reflect.get(node, key);
    const deeper = typeof value === 'object' && value !== null && this.#below(4) > 0;
    if (deeper) return this.#change(value, `${path}.${key}`);
    const how = this.#below(5);
    if (how === 0) Reflect.deleteProperty(node, key);
    else if (how === 1 && typeof value === 'number') Reflect.set(node, key, String(value));
    else if (how === 1 && typeof value === 'string') Reflect.set(node, key, value.length);
    else if (how === 2) Object.assign(node, { [this.#pick(['message', 'job_id', 'nics', 'total_count', MARK])]: this.#junk() });
    else Reflect.set(node, key, this.#junk());
    return `${path}.${key}`;
  }

  /** A text that is damaged, or no JSON at all. */
  #text(right: object): FuzzedReply {
    const text = JSON.stringify(right);
    return this.#pick<() => FuzzedReply>([
      () => this.#body('cut short', text.slice(0, this.#below(text.length))),
      () => this.#body('one character changed', this.#withByte(text)),
      () => this.#body('every key twice, the second one wrong', text.replace(/^\{/, `{"ret_code":"${MARK}","nics":"${MARK}",`)),
      () => this.#body('another value after a right one', `${text.slice(0, -1)},"ret_code":"${MARK}"}`),
      () => this.#body('two documents', text + text),
      () => this.#body('a byte order mark', `\ufeff${text}`),
      () => this.#body('nothing', ''),
      () => this.#body('blanks', ' \n\t'.repeat(1 + this.#below(2000))),
      () => this.#body('a page', `<html><body>${MARK}</body></html>`),
      () => this.#body('a text', `"${MARK}"`),
      () =>
        this.#body(
          'numbers that are none',
          text.replace(/\d+/, () => this.#pick(['NaN', 'Infinity', '01', '1e999', '-', '0x1'])),
        ),
      () => this.#body('deep arrays', `{"ret_code":0,"nic_set":${'['.repeat(200_000)}${']'.repeat(200_000)}}`),
      () => this.#body('deep objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
      () => this.#body('deep and not closed', '[{"a":'.repeat(150_000)),
      () => this.#body('bytes', Buffer.from(Array.from({ length: 64 }, () => this.#below(256)))),
      () => this.#body('no UTF-8', Buffer.concat([Buffer.from(text.slice(0, -2)), Buffer.from([0xff, 0xfe, 0x22, 0x7d])])),
    ])();
  }

  #withByte(text: string): string {
    const at = this.#below(text.length);
    return `${text.slice(0, at)}${String.fromCharCode(1 + this.#below(255))}${text.slice(at + 1)}`;
  }

  /** A right or damaged document, damaged on its way. */
  #wire(right: object): FuzzedReply {
    const text = JSON.stringify({ ...right, note: MARK });
    const status = this.#pick(STATUSES);
    return this.#pick<() => FuzzedReply>([
      () => this.#body(`status ${status}`, text, status, { location: `http://127.0.0.1:9/${MARK}` }),
      () => this.#body(`status ${status} and a page`, `<html>${MARK}</html>`, status, { 'content-type': 'text/html', server: MARK }),
      () => this.#typed(this.#pick(CONTENT_TYPES), text),
      () => this.#body('a status without body', '', this.#pick([204, 205, 304])),
      () => this.#raw('no HTTP', `${MARK}\r\n\r\n${text}`),
      () => this.#raw('two lengths', `HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n${MARK}`),
      () => this.#raw('less than it says', `HTTP/1.1 200 OK\r\ncontent-length: ${text.length + 10}\r\n\r\n${text}`),
      () => this.#raw('more than it says', `HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n${text}`),
      () => this.#raw('a broken chunk', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n${text}`),
      () => this.#raw('chunks that do not end', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"ret\r\n`),
      () => this.#raw('headers without end', `HTTP/1.1 200 OK\r\nx: ${MARK.repeat(4000)}\r\n`),
      () => this.#raw('a status line and no more', 'HTTP/1.1 200 OK\r\n'),
      () => this.#raw('nothing', ''),
      () => this.#body('squeezed though nobody asked', gzipSync(text), 200, { 'content-encoding': 'gzip' }),
      () => this.#body('said to be squeezed, and is not', text, 200, { 'content-encoding': this.#pick(['gzip', 'br', 'deflate', MARK]) }),
    ])();
  }

  #typed(type: string | undefined, text: string): FuzzedReply {
    return {
      what: `content type ${type ?? 'none'}`,
      send: (response) => {
        if (type !== undefined) response.setHeader('content-type', type);
        response.end(text);
      },
    };
  }

  #body(what: string, body: string | Buffer, status = 200, headers: Readonly<Record<string, string>> = {}): FuzzedReply {
    return {
      what,
      send: (response) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(body);
      },
    };
  }

  /** Bytes as they stand, after which the connection is closed. */
  #raw(what: string, bytes: string): FuzzedReply {
    return { what: `on the wire: ${what}`, send: (response) => void response.socket?.end(bytes) };
  }
}
