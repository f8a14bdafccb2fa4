import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { load } from 'js-yaml';
import { createNamespace, openRtnetlink, runInNamespace, toLink } from '../../../netlink/index.js';
import { requireLive } from '../../support/live.js';
import { rawCall } from '../../support/raw-qingcloud.js';

const MAIN = fileURLToPath(new URL('../../../examples/hostnic-emulator/main.ts', import.meta.url));

/** The command as a process. */
class Command {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  output = '';
  errors = '';
  readonly ended: Promise<number | null>;
  #told = (): void => {};

  constructor(...args: readonly string[]) {
    this.child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      this.#told();
    });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    this.ended = once(this.child, 'close').then(([code]) => {
      this.#told();
      return code;
    });
  }

  /** Waits for something in the output, at most until the process ends. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      if (this.child.exitCode !== null) throw new Error(`it ended with ${this.child.exitCode}: ${this.output}${this.errors}`);
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }
}

describe('hostnic-emulator', function () {
  this.timeout(60_000);
  let command: Command | undefined;
  const start = (...args: readonly string[]): Command => {
    command = new Command(...args);
    return command;
  };
  afterEach(async () => {
    if (command?.child.exitCode === null && command.child.signalCode === null) command.child.kill('SIGKILL');
    await command?.ended;
    command = undefined;
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`prints a provider file that works, shows calls as they come, and stops at ${signal} with exit code 0`, async () => {
      const running = start(
        '--listen',
        '127.0.0.1:0',
        '--access-key',
        "MYKEY:it's secret",
        '--zone',
        'ap1',
        '--vxnet',
        'vxnet-a=10.1.0.0/24@rtr-1',
      );
      const [, yaml = ''] = await running.until(/client\.yaml:\n\n((?:\w+: .*\n)+)\n/);
      const file = load(yaml);
      expect(file).to.include({
        qy_access_key_id: 'MYKEY',
        qy_secret_access_key: "it's secret",
        zone: 'ap1',
        protocol: 'http',
        uri: '/iaas',
      });
      const { host, port } = file as { host: string; port: number };
      const client = { host: `${host}:${port}`, accessKeyId: 'MYKEY', secretAccessKey: "it's secret", zone: 'ap1' };
      const reply = JSON.parse((await rawCall(client, 'DescribeVxnets')).text);
      expect(reply.vxnet_set[0]).to.include({ vxnet_id: 'vxnet-a' });
      await running.until(/\d\d:\d\d:\d\d\.\d{3} {3}call DescribeVxnets {2}retCode 0/);
      running.child.kill(signal);
      expect(await running.ended).to.equal(0);
      expect(running.errors).to.equal('');
    });
  }

  it('stops with exit code 0 when its reader goes away', async () => {
    const running = start('--listen', '127.0.0.1:0');
    const [, port] = await running.until(/QingCloud API on 127\.0\.0\.1:(\d+)/);
    await running.until(/client\.yaml:\n\n(?:.+\n)+\n/);
    running.child.stdout.destroy();
    // The line about this call is the first that nobody reads; the answer may or may not come before the end.
    await rawCall({ host: `127.0.0.1:${port}` }, 'DescribeVxnets').catch(() => undefined);
    expect(await running.ended).to.equal(0);
    expect(running.errors).to.equal('');
  });

  it('takes job durations and limits', async () => {
    const running = start('--listen', '127.0.0.1:0', '--job-ms', '0', '--max-nics', '2', '--quiet');
    const [, port] = await running.until(/QingCloud API on 127\.0\.0\.1:(\d+)/);
    const client = { host: `127.0.0.1:${port}` };
    const created = JSON.parse((await rawCall(client, 'CreateNics', { vxnet: 'vxnet-emul001', count: '2' })).text);
    const attach = async (id: string): Promise<number> =>
      JSON.parse((await rawCall(client, 'AttachNics', { instance: 'i-emul0001', 'nics.1': id })).text).ret_code;
    expect(await attach(created.nics[0].nic_id)).to.equal(0);
    expect(await attach(created.nics[1].nic_id)).to.equal(1400);
    expect(running.output).to.not.include('call CreateNics');
  });

  it('takes choices, faults and limits, and says which limits are raised', async () => {
    const running = start(
      ...['--listen', '127.0.0.1:0', '--max-nics-per-call', '6', '--max-nics-per-vxnet', '2', '--max-nics-per-account', '2'],
      ...['--max-calls-per-hour', '3', '--choice', 'errorForm=with-action', '--choice', 'unknownIds=error'],
      ...['--fault', '{"action":"DescribeNics","fault":{"kind":"error","error":"busy"}}', '--quiet'],
    );
    const [, port] = await running.until(/QingCloud API on 127\.0\.0\.1:(\d+)/);
    expect(running.output).to.match(/! limits above those of the service {2}nicsPerCall 6 \(the service: 5\)\n/);
    const state = await (await fetch(`http://127.0.0.1:${port}/control/state`)).json();
    expect(state)
      .to.have.property('limits')
      .that.deep.equals({
        ...{ nicsPerInstance: 64, nicsPerVxnet: 2, nicsPerCall: 6 },
        ...{ nicsPerAccount: 2, callsPerHour: 3 },
      });
    const replies: unknown[] = [];
    for (const params of [{}, { 'nics.1': 'none' }, {}]) {
      replies.push(JSON.parse((await rawCall({ host: `127.0.0.1:${port}` }, 'DescribeNics', params)).text));
    }
    expect(replies).to.deep.equal([
      { action: 'DescribeNicsResponse', message: 'ServerBusy, server is busy, please try later', ret_code: 5100 },
      { action: 'DescribeNicsResponse', message: 'ResourceNotFound, nic [none] does not exist', ret_code: 2100 },
      { action: 'DescribeNicsResponse', ret_code: 0, total_count: 1, nic_set: (replies[2] as { nic_set: unknown }).nic_set },
    ]);
  });

  it('says in one line what is wrong with an option, and ends with 1', async () => {
    for (const args of [
      ['--vxnet', 'nonsense'],
      ['--listen', '192.0.2.1:0'],
      ['--vxnet', 'a=10.0.0.0/31@r'],
      ['--choice', 'nameFilter=fuzzy'],
      ['--fault', '{"fault":{"kind":"flood"}}'],
      ['--nonsense'],
    ]) {
      const running = start(...args);
      expect(await running.ended, args.join(' ')).to.equal(1);
      expect(running.errors.trim().split('\n'), running.errors).to.have.length(1);
      expect(running.output).to.equal('');
    }
  });

  it('plugs NICs into the namespace that plays an instance, listens in there, and takes them away at its end', async function () {
    requireLive(this);
    const machine = await createNamespace('a machine');
    const rtnetlink = openRtnetlink(machine);
    try {
      await rtnetlink.link.set(1, { up: true });
      const path = `/proc/${process.pid}/fd/${machine.fd}`;
      const running = start('--instance', `i-live=${path}`, '--listen', `127.0.0.1:0@${path}`, '--listen', '127.0.0.1:0', '--job-ms', '0');
      const [, inside, outside] = await running.until(/QingCloud API on 127\.0\.0\.1:(\d+), 127\.0\.0\.1:(\d+)/);
      await running.until(/client\.yaml/);
      const macs = async (): Promise<string[]> =>
        (await rtnetlink.link.list()).map(toLink).flatMap((link) => (link.loopback ? [] : link.mac));
      const primary = /primary NIC (52:54:[0-9a-f:]+) /.exec(running.output)?.[1];
      expect(await macs()).to.deep.equal([primary]);

      const client = { host: `127.0.0.1:${outside}` };
      const created = JSON.parse((await rawCall(client, 'CreateNics', { vxnet: 'vxnet-emul001' })).text);
      const id: string = created.nics[0].nic_id;
      await rawCall(client, 'AttachNics', { instance: 'i-live', 'nics.1': id });
      await running.until(new RegExp(`plugged ${id}`));
      expect(await macs()).to.have.members([primary, id]);

      const get = `require('node:http').get('http://127.0.0.1:${inside}/control/state', (r) => r.pipe(process.stdout))`;
      const asked = runInNamespace(machine, () => spawn(process.execPath, ['-e', get], { stdio: ['ignore', 'pipe', 'inherit'] }));
      let state = '';
      asked.stdout.setEncoding('utf8').on('data', (text: string) => {
        state += text;
      });
      await once(asked, 'close');
      expect(JSON.parse(state).nics.map((nic: { id: string; plugged: boolean }) => [nic.id, nic.plugged])).to.deep.equal([
        [primary, true],
        [id, true],
      ]);

      running.child.kill('SIGTERM');
      expect(await running.ended).to.equal(0);
      expect(await macs()).to.deep.equal([]);
    } finally {
      rtnetlink.close();
      machine.close();
    }
  });

  it('keeps NICs on paper with --no-plug', async function () {
    requireLive(this);
    const machine = await createNamespace('a machine');
    const rtnetlink = openRtnetlink(machine);
    try {
      const running = start('--instance', `i-live=/proc/${process.pid}/fd/${machine.fd}`, '--listen', '127.0.0.1:0', '--no-plug');
      await running.until(/i-live .* NICs on paper only/);
      expect(await rtnetlink.link.list()).to.have.length(1);
    } finally {
      rtnetlink.close();
      machine.close();
    }
  });

  it('explains itself', async () => {
    const running = start('--help');
    expect(await running.ended).to.equal(0);
    for (const option of ['--listen', '--vxnet', '--instance', '--access-key', '--job-ms', '--no-plug'])
      expect(running.output).to.include(option);
  });
});
