import { request } from 'node:http';
import { expect } from 'chai';
import { DecodeError } from '../../../../lib/errors.js';
import { FaultBook } from '../../../../providers/qingcloud/emulator/fault-book.js';
import type { Fault, FaultRule } from '../../../../providers/qingcloud/emulator/index.js';
import { type RawReply, rawCall } from '../../../support/raw-qingcloud.js';
import { RecordingFabric } from '../../../support/recording-fabric.js';
import { type EmulatorBed, INSTANCE, openEmulatorBed, VXNET } from '../../../support/standing-emulator.js';

const CUT: Fault = { kind: 'cut' };

describe('FaultBook', () => {
  function strikes(rule: FaultRule, calls: readonly [string, Record<string, string>][], random = () => 0): boolean[] {
    const book = new FaultBook(random);
    book.add(rule);
    return calls.map(([action, params]) => book.take(action, params).answer !== undefined);
  }
  const thrice: [string, Record<string, string>][] = [
    ['CreateNics', {}],
    ['CreateNics', {}],
    ['CreateNics', {}],
  ];

  it('strikes once unless told otherwise', () => expect(strikes({ fault: CUT }, thrice)).to.deep.equal([true, false, false]));
  it('spares the first calls', () => expect(strikes({ fault: CUT, skip: 1 }, thrice)).to.deep.equal([false, true, false]));
  it('strikes as often as told', () => expect(strikes({ fault: CUT, times: 2 }, thrice)).to.deep.equal([true, true, false]));
  it('strikes always', () => expect(strikes({ fault: CUT, times: 'always' }, thrice)).to.deep.equal([true, true, true]));

  it('strikes only calls of its action and with its parameters', () => {
    const rule: FaultRule = { fault: CUT, action: 'CreateNics', match: { vxnet: 'a' }, times: 'always' };
    const calls: [string, Record<string, string>][] = [
      ['CreateNics', { vxnet: 'a', count: '1' }],
      ['CreateNics', { vxnet: 'b' }],
      ['CreateNics', {}],
      ['DescribeNics', { vxnet: 'a' }],
    ];
    expect(strikes(rule, calls)).to.deep.equal([true, false, false, false]);
  });

  it('strikes as often as the random numbers say', () => {
    const numbers = [0.6, 0.4, 0.5];
    expect(strikes({ fault: CUT, times: 'always', probability: 0.5 }, thrice, () => numbers.shift() ?? 1)).to.deep.equal([
      false,
      true,
      false,
    ]);
  });

  it('adds up delays, takes one answer fault a call, and leaves the next rule for the next call', () => {
    const book = new FaultBook(Math.random);
    book.add({ fault: { kind: 'latency', ms: 10 }, times: 'always' });
    book.add({ fault: { kind: 'latency', ms: 5 } });
    book.add({ fault: CUT });
    book.add({ fault: { kind: 'silence' } });
    const kinds = [1, 2, 3].map(() => {
      const { latency, answer } = book.take('CreateNics', {});
      return [latency.reduce((sum, fault) => sum + fault.ms, 0), answer?.kind];
    });
    expect(kinds).to.deep.equal([
      [15, 'cut'],
      [10, 'silence'],
      [10, undefined],
    ]);
    expect(book.list().map((fault) => fault.struck)).to.deep.equal([3, 1, 1, 1]);
  });

  it('keeps faults of jobs and of reads for calls that have them', () => {
    const book = new FaultBook(Math.random);
    book.add({ fault: { kind: 'job', outcome: 'failed' } });
    book.add({ fault: { kind: 'stale', ageMs: 1 } });
    expect(book.take('CreateNics', {})).to.deep.equal({ latency: [], answer: undefined, stale: undefined, job: undefined });
    expect(book.take('DescribeNics', {}).stale).to.deep.equal({ kind: 'stale', ageMs: 1 });
    expect(book.take('AttachNics', {}).job).to.deep.equal({ kind: 'job', outcome: 'failed' });
  });

  it('forgets a rule, or all of them', () => {
    const book = new FaultBook(Math.random);
    const id = book.add({ fault: CUT, times: 'always' });
    book.add({ fault: { kind: 'stale', ageMs: 1 } });
    expect(book.remove(id)).to.equal(true);
    expect(book.remove(id)).to.equal(false);
    expect(book.take('CreateNics', {}).answer).to.equal(undefined);
    book.clear();
    expect(book.list()).to.deep.equal([]);
  });
});

describe('faults of the emulator', () => {
  let bed: EmulatorBed;
  beforeEach(async () => {
    bed = await openEmulatorBed();
  });
  afterEach(() => bed.close());

  const create = (): Promise<RawReply> => rawCall(bed.client, 'CreateNics', { vxnet: VXNET });
  const made = (): number => bed.emulator.nics().length - 1;

  async function isCut(call: Promise<unknown>): Promise<boolean> {
    try {
      await call;
      return false;
    } catch (error) {
      const { cause } = error as { cause?: { code?: unknown } };
      return cause?.code === 'UND_ERR_SOCKET' || cause?.code === 'ECONNRESET';
    }
  }

  it('answer with an error before the effect, then work', async () => {
    bed.emulator.addFault({ action: 'CreateNics', fault: { kind: 'error', error: 'busy' } });
    expect(await bed.call('CreateNics', { vxnet: VXNET })).to.deep.equal({
      message: 'ServerBusy, server is busy, please try later',
      ret_code: 5100,
    });
    expect(made()).to.equal(0);
    expect(await bed.call('CreateNics', { vxnet: VXNET })).to.include({ ret_code: 0 });
  });

  it('answer with an error after the effect', async () => {
    bed.emulator.addFault({ action: 'CreateNics', fault: { kind: 'error', when: 'after' } });
    expect(await bed.call('CreateNics', { vxnet: VXNET })).to.include({ ret_code: 5000 });
    expect(made()).to.equal(1);
  });

  const errors = [
    {
      error: 'rate-limit',
      code: 2500,
      text: /^QuotasExceeded, access too frequently, your requests will be rejected for a period of time$/,
    },
    { error: 'quota', code: 2500, text: /^QuotasExceeded, / },
    { error: 'vxnet-full', code: 1400, text: /^PermissionDenied, / },
    { error: 'no-resources', code: 5200, text: /^[A-Z][A-Za-z]+, / },
    { error: 'balance', code: 2400, text: /^[A-Z][A-Za-z]+, / },
    { error: 'updating', code: 5300, text: /^[A-Z][A-Za-z]+, / },
    { error: 'internal', code: 5000, text: /^[A-Z][A-Za-z]+, / },
    { error: 'signature', code: 1200, text: /^AuthFailure, signature not matched$/ },
    { error: 'expired', code: 1300, text: /^[A-Z][A-Za-z]+, / },
    { error: 'lease-not-ready', code: 1400, text: /^PermissionDenied, resource .*lease info not ready yet, please try later$/ },
  ] as const;
  for (const { error, code, text } of errors) {
    it(`know the error "${error}"`, async () => {
      bed.emulator.addFault({ fault: { kind: 'error', error } });
      const reply = await bed.call('DescribeNics');
      expect(reply).to.have.all.keys('message', 'ret_code');
      expect(reply.ret_code).to.equal(code);
      expect(reply.message).to.match(text);
    });
  }

  it('answer with any code and text', async () => {
    bed.emulator.addFault({ fault: { kind: 'error', retCode: 4711, message: 'Whatever, it is' } });
    expect(await bed.call('DescribeNics')).to.deep.equal({ message: 'Whatever, it is', ret_code: 4711 });
  });

  it('fill one vxnet and leave the other open', async () => {
    bed.emulator.addFault({
      action: 'CreateNics',
      match: { vxnet: VXNET },
      times: 'always',
      fault: { kind: 'error', error: 'vxnet-full' },
    });
    expect(await bed.call('CreateNics', { vxnet: VXNET })).to.include({ ret_code: 1400 });
    expect(await bed.call('CreateNics', { vxnet: 'vxnet-bbbbbbb' })).to.include({ ret_code: 0 });
  });

  it('lose the answer of a success', async () => {
    bed.emulator.addFault({ action: 'CreateNics', fault: CUT });
    expect(await isCut(create())).to.equal(true);
    expect(made()).to.equal(1);
    expect(bed.emulator.calls().at(-1)).to.include({ action: 'CreateNics', retCode: 0, fault: 'cut' });
  });

  it('cut the connection before anything happens', async () => {
    bed.emulator.addFault({ action: 'CreateNics', fault: { kind: 'cut', when: 'before' } });
    expect(await isCut(create())).to.equal(true);
    expect(made()).to.equal(0);
  });

  it('cut the connection, and let the request take effect only later', async () => {
    bed.emulator.addFault({ action: 'CreateNics', fault: { kind: 'late-effect', delayMs: 50_000 } });
    expect(await isCut(create())).to.equal(true);
    await bed.clock.advance(49_999);
    expect(made()).to.equal(0);
    await bed.clock.advance(1);
    await bed.emulator.idle();
    expect(made()).to.equal(1);
  });

  it('forget late requests when the emulator is closed', async () => {
    const warnings: string[] = [];
    await bed.close();
    bed = await openEmulatorBed({ log: { debug() {}, info() {}, warn: (message) => warnings.push(message) } });
    bed.emulator.addFault({ action: 'CreateNics', fault: { kind: 'late-effect', delayMs: 50_000 } });
    expect(await isCut(create())).to.equal(true);
    await bed.close();
    await bed.clock.advance(50_000);
    expect(made()).to.equal(0);
    expect(warnings).to.deep.equal([]);
  });

  it('let a late request work on the state that it then finds', async () => {
    const [nic = { id: '' }] = await bed.create();
    bed.emulator.addFault({ action: 'DeleteNics', fault: { kind: 'late-effect', delayMs: 1_000 } });
    expect(await isCut(rawCall(bed.client, 'DeleteNics', { 'nics.1': nic.id }))).to.equal(true);
    await bed.attach(nic.id);
    await bed.clock.advance(1_000);
    expect(made()).to.equal(1);
  });

  it('never answer, with or without effect, while the connection stays open', async () => {
    bed.emulator.addFault({ action: 'CreateNics', fault: { kind: 'silence' } });
    bed.emulator.addFault({ action: 'CreateNics', skip: 1, fault: { kind: 'silence', when: 'before' } });
    for (const effect of [1, 1]) {
      const controller = new AbortController();
      const silent = rawCall(bed.client, 'CreateNics', { vxnet: VXNET }, { signal: controller.signal });
      // The other request shows that this one was dealt with: the server takes them in turn.
      while (bed.emulator.calls().filter((call) => call.fault === 'silence').length === 0) await bed.call('DescribeNics');
      expect(made()).to.equal(effect);
      controller.abort();
      expect(await silent.catch((error: Error) => error.name)).to.equal('AbortError');
    }
  });

  it('send half an answer, or any garbage, as JSON', async () => {
    bed.emulator.addFault({ action: 'CreateNics', fault: { kind: 'garbage' } });
    bed.emulator.addFault({ action: 'DescribeNics', fault: { kind: 'garbage', body: '<html>' } });
    const half = await create();
    expect(half).to.include({ status: 200, contentType: 'application/json' });
    expect(half.text).to.match(/^\{"action":"CreateNicsResponse"/);
    expect(() => JSON.parse(half.text)).to.throw(SyntaxError);
    expect(made()).to.equal(1);
    expect((await rawCall(bed.client, 'DescribeNics')).text).to.equal('<html>');
  });

  it('answer with an HTTP status and a page', async () => {
    bed.emulator.addFault({ fault: { kind: 'status', status: 502 } });
    const reply = await create();
    expect(reply).to.include({ status: 502, contentType: 'text/html' });
    expect(made()).to.equal(0);
  });

  it('make calls take longer, before and after their effect', async () => {
    bed.emulator.addFault({ action: 'CreateNics', fault: { kind: 'latency', ms: 400 } });
    bed.emulator.addFault({ action: 'CreateNics', fault: { kind: 'latency', ms: 300, when: 'after' } });
    const slow = create();
    await bed.clock.sleeping(1);
    await bed.clock.advance(399);
    expect(made()).to.equal(0);
    await bed.clock.advance(1);
    expect(made()).to.equal(1);
    await bed.clock.sleeping(1);
    await bed.clock.advance(300);
    expect((await slow).status).to.equal(200);
    expect(bed.emulator.calls().at(-1)?.tookMs).to.equal(700);
  });

  it('answer reads from the state of a while ago', async () => {
    const [nic = { id: '' }] = await bed.create();
    await bed.clock.advance(5_000);
    await bed.attached(nic.id);
    bed.emulator.addFault({ action: 'DescribeNics', fault: { kind: 'stale', ageMs: 1_000 } });
    expect(await bed.nic(nic.id)).to.include({ status: 'available' });
    expect(await bed.nic(nic.id)).to.include({ status: 'in-use', instance_id: INSTANCE });
    bed.emulator.addFault({ action: 'DescribeNics', fault: { kind: 'stale', ageMs: 60_000 } });
    expect(await bed.nic(nic.id)).to.equal(undefined);
  });

  it('do not strike requests that are refused for their signature', async () => {
    bed.emulator.addFault({ fault: CUT });
    const reply = await rawCall({ ...bed.client, secretAccessKey: 'WRONG' }, 'DescribeNics');
    expect(JSON.parse(reply.text)).to.include({ ret_code: 1200 });
    expect(await isCut(rawCall(bed.client, 'DescribeNics'))).to.equal(true);
  });

  it('can be given from the start, removed, and cleared', async () => {
    await bed.close();
    bed = await openEmulatorBed({ faults: [{ fault: { kind: 'error' }, times: 'always' }] });
    expect(await bed.call('DescribeNics')).to.include({ ret_code: 5000 });
    const [fault] = bed.emulator.faults();
    expect(fault?.struck).to.equal(1);
    expect(bed.emulator.removeFault(fault?.id ?? '')).to.equal(true);
    expect(await bed.call('DescribeNics')).to.include({ ret_code: 0 });
    bed.emulator.addFault({ fault: { kind: 'error' }, times: 'always' });
    bed.emulator.clearFaults();
    expect(await bed.call('DescribeNics')).to.include({ ret_code: 0 });
  });

  it('are refused when they cannot be', () => {
    const add = (): string => bed.emulator.addFault({ fault: { kind: 'latency', ms: -1 } });
    expect(add).to.throw(DecodeError, 'fault.ms must be milliseconds');
  });

  it('limit the calls of an hour to what the account may make', async () => {
    await bed.close();
    bed = await openEmulatorBed({ limits: { callsPerHour: 2 } });
    const codes: number[] = [];
    for (let i = 0; i < 3; i++) codes.push((await bed.call('DescribeNics')).ret_code);
    expect(codes).to.deep.equal([0, 0, 2500]);
    await bed.clock.advance(3_600_000);
    expect((await bed.call('DescribeNics')).ret_code).to.equal(0);
  });

  it('take effect although the caller hung up while it waited', async () => {
    bed.emulator.addFault({ action: 'CreateNics', fault: { kind: 'latency', ms: 400 } });
    const controller = new AbortController();
    const call = rawCall(bed.client, 'CreateNics', { vxnet: VXNET }, { signal: controller.signal });
    await bed.clock.sleeping(1);
    controller.abort();
    await call.catch(() => undefined);
    await bed.clock.advance(400);
    expect(made()).to.equal(1);
  });
});

describe('the control endpoint', () => {
  let bed: EmulatorBed;
  beforeEach(async () => {
    bed = await openEmulatorBed();
  });
  afterEach(() => bed.close());

  async function control(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = { 'content-type': 'application/json' },
  ) {
    const init: RequestInit = { method, headers };
    if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`http://${bed.client.host}/control/${path}`, init);
    return { status: response.status, body: JSON.parse(await response.text()) };
  }

  it('shows the state without any secret', async () => {
    const [nic = { id: '' }] = await bed.create();
    const { status, body } = await control('GET', 'state');
    expect(status).to.equal(200);
    expect(body.nics.map((entry: { id: string }) => entry.id)).to.deep.equal(['52:54:00:00:00:01', nic.id]);
    expect(body).to.have.all.keys('routers', 'vxnets', 'instances', 'nics', 'jobs', 'choices', 'limits', 'faults', 'callCounts');
    expect(body.callCounts).to.deep.equal({ CreateNics: 1 });
    expect(JSON.stringify([body, (await control('GET', 'calls')).body])).to.not.match(/SECRETACCESSKEY|QYACCESSKEYIDEXAMPLE|signature/);
  });

  it('shows calls with their own parameters and what became of them', async () => {
    await bed.create();
    await bed.call('DeleteNics', { 'nics.1': 'x' });
    const { body } = await control('GET', 'calls');
    expect(body.counts).to.deep.equal({ CreateNics: 1, DeleteNics: 1 });
    expect(
      body.calls.map((call: Record<string, unknown>) => [call['number'], call['action'], call['params'], call['retCode']]),
    ).to.deep.equal([
      [1, 'CreateNics', { vxnet: VXNET, count: '1' }, 0],
      [2, 'DeleteNics', { 'nics.1': 'x' }, 2100],
    ]);
  });

  it('takes a fault or a list of them, shows them, and removes them', async () => {
    const one = await control('POST', 'faults', { action: 'DescribeNics', times: 'always', fault: { kind: 'error', error: 'busy' } });
    const two = await control('POST', 'faults', [{ fault: { kind: 'stale', ageMs: 1 } }, { fault: { kind: 'cut' }, action: 'CreateNics' }]);
    expect([one, two]).to.deep.equal([
      { status: 200, body: { ids: ['fault-1'] } },
      { status: 200, body: { ids: ['fault-2', 'fault-3'] } },
    ]);
    expect(await bed.call('DescribeNics')).to.include({ ret_code: 5100 });
    expect(
      (await control('GET', 'faults')).body.faults.map((fault: { id: string; struck: number }) => [fault.id, fault.struck]),
    ).to.deep.equal([
      ['fault-1', 1],
      ['fault-2', 1],
      ['fault-3', 0],
    ]);
    expect((await control('DELETE', 'faults/fault-1')).status).to.equal(200);
    expect((await control('DELETE', 'faults/fault-1')).status).to.equal(404);
    expect(await bed.call('DescribeNics')).to.include({ ret_code: 0 });
    expect((await control('DELETE', 'faults')).status).to.equal(200);
    expect(bed.emulator.faults()).to.deep.equal([]);
  });

  const refused: { name: string; body: unknown; text: RegExp }[] = [
    { name: 'no JSON', body: '{', text: /^fault rules: \[0\] must be / },
    { name: 'no fault', body: {}, text: /\[0\]\.fault must be/ },
    { name: 'an unknown kind', body: { fault: { kind: 'fire' } }, text: /\[0\]\.fault\.kind must be one of latency, error, / },
    { name: 'a missing number', body: { fault: { kind: 'late-effect' } }, text: /\[0\]\.fault\.delayMs must be milliseconds/ },
    { name: 'an unknown error', body: { fault: { kind: 'error', error: 'odd' } }, text: /\[0\]\.fault\.error must be one of rate-limit, / },
    {
      name: 'an unknown outcome',
      body: { fault: { kind: 'job', outcome: 'odd' } },
      text: /\[0\]\.fault\.outcome must be one of successful, /,
    },
    { name: 'an odd moment', body: { fault: { kind: 'cut', when: 'later' } }, text: /\[0\]\.fault\.when must be "before" or "after"/ },
    { name: 'an HTTP status of success', body: { fault: { kind: 'status', status: 200 } }, text: /\[0\]\.fault\.status must be/ },
    { name: 'a probability above 1', body: { fault: { kind: 'cut' }, probability: 2 }, text: /\[0\]\.probability must be/ },
    { name: 'times 0', body: { fault: { kind: 'cut' }, times: 0 }, text: /\[0\]\.times must be/ },
  ];
  for (const { name, body, text } of refused) {
    it(`refuses ${name} with 400 and the place`, async () => {
      const reply = await control('POST', 'faults', body);
      expect(reply.status).to.equal(400);
      expect(reply.body.message).to.match(text);
      expect(bed.emulator.faults()).to.deep.equal([]);
    });
  }

  it('shows what was chosen, and the limits there are', async () => {
    await bed.close();
    bed = await openEmulatorBed({ choices: { nameFilter: 'partial' }, limits: { nicsPerCall: 7 } });
    const { body } = await control('GET', 'state');
    expect(body.choices).to.include({ nameFilter: 'partial', unknownIds: 'empty' });
    expect(body.limits).to.deep.equal({ nicsPerInstance: 64, nicsPerVxnet: 252, nicsPerCall: 7 });
  });

  it('holds jobs and lets them go', async () => {
    const [nic = { id: '' }] = await bed.create();
    expect((await control('POST', 'jobs', { held: true })).status).to.equal(200);
    const job = await bed.attach(nic.id);
    await bed.clock.advance(60_000);
    expect(await bed.jobStatus(job)).to.equal('pending');
    expect((await control('POST', 'jobs', { held: 'no' })).status).to.equal(400);
    expect((await control('POST', 'jobs', { held: false })).status).to.equal(200);
    await bed.clock.sleeping(1);
    await bed.clock.advance(60_000);
    await bed.emulator.idle();
    expect(await bed.jobStatus(job)).to.equal('successful');
  });

  it('lets a NIC come back to its machine, where the fabric can do that', async () => {
    await bed.close();
    const returned: string[] = [];
    class ReturningFabric extends RecordingFabric {
      async returnNic(nicId: string): Promise<void> {
        returned.push(nicId);
      }
    }
    const instances = [{ id: INSTANCE, namespace: { kind: 'own' }, primaryNic: { vxnetId: VXNET, id: '52:54:00:00:00:01' } }] as const;
    bed = await openEmulatorBed({ fabric: new ReturningFabric(), instances });
    expect((await control('POST', 'nics/52:54:00:00:00:01/return', {})).status).to.equal(200);
    expect(returned).to.deep.equal(['52:54:00:00:00:01']);
    expect((await control('POST', 'nics/52%3A54%3A00%3A00%3A00%3A01/return', {})).status).to.equal(200);
    const [free = { id: '' }] = await bed.create();
    for (const id of [free.id, 'none']) expect((await control('POST', `nics/${id}/return`, {})).status).to.equal(404);
    expect(returned).to.have.length(2);
    await bed.close();
    bed = await openEmulatorBed({ fabric: new RecordingFabric(), instances });
    const refused = await control('POST', 'nics/52:54:00:00:00:01/return', {});
    expect(refused.status).to.equal(409);
    expect(refused.body.message).to.include('no fabric that lets NICs come back');
    expect((await control('POST', 'nics/52:54:00:00:00:01/melt', {})).status).to.equal(404);
  });

  it('changes the status of an instance', async () => {
    expect((await control('POST', `instances/${INSTANCE}`, { status: 'stopped' })).body).to.include({ id: INSTANCE, status: 'stopped' });
    expect(bed.emulator.instances()[0]?.status).to.equal('stopped');
    expect((await control('POST', 'instances/i-zzzzzzzz', { status: 'stopped' })).status).to.equal(404);
    expect((await control('POST', `instances/${INSTANCE}`, { status: 'on fire' })).status).to.equal(400);
  });

  it('refuses what a web page could send unasked, and says what there is elsewhere', async () => {
    const form = await control('POST', 'faults', { fault: { kind: 'cut' } }, { 'content-type': 'text/plain' });
    expect(form.status).to.equal(415);
    expect(bed.emulator.faults()).to.deep.equal([]);
    const lost = await control('GET', 'nothing');
    expect(lost.status).to.equal(404);
    expect(lost.body.endpoints).to.include('POST /control/faults');
  });

  it('refuses a body of more than a mebibyte', async () => {
    const response = await fetch(`http://${bed.client.host}/control/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: ' '.repeat(1_048_577),
    });
    expect(response.status).to.equal(413);
  });

  it('stays out of other paths and methods of the API', async () => {
    const [host = '', port = ''] = bed.client.host.split(':');
    const statusOf = (method: string, path: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const sent = request({ host, port, method, path }, (response) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode));
        });
        sent.on('error', reject);
        sent.end();
      });
    expect(await statusOf('GET', '/')).to.equal(404);
    expect(await statusOf('GET', '/iam')).to.equal(404);
    expect(await statusOf('PUT', '/iaas')).to.equal(405);
  });
});
