import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import { requireLive } from '../support/live.js';
import { createNetlinkLab, type NetlinkLab } from '../support/netlink-lab.js';

const ROUNDS = 25;

interface Report {
  readonly pid: number;
  readonly problems: readonly string[];
}

/** A process whose lines are handed to the other one, so that both take each step at the same time. */
interface Party {
  readonly child: ChildProcess;
  /** Resolves with its last line. */
  readonly report: Promise<Report>;
}

describe('two processes in one namespace', function () {
  this.timeout(120_000);
  let lab: NetlinkLab;
  let rtnetlink: Rtnetlink;
  let linkIndex: number;
  let parties: Party[];

  beforeEach(async function () {
    requireLive(this, ['unshare']);
    lab = createNetlinkLab();
    parties = [];
    rtnetlink = await lab.open('shared');
    await rtnetlink.link.add({ kind: 'veth', name: 'v0', up: true, peer: { name: 'v1' } });
    ({ index: linkIndex } = await rtnetlink.link.get({ name: 'v0' }));
    await rtnetlink.link.set((await rtnetlink.link.get({ name: 'v1' })).index, { up: true });
  });
  afterEach(async () => {
    for (const { child } of parties) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'close');
      }
    }
    lab?.close();
  });

  /** Each is the first process of a process namespace: both have the same id, which is the port number that both would like. */
  function start(number: number): Party {
    const program = fileURLToPath(new URL('../support/configure-beside-another.ts', import.meta.url));
    const path = `/proc/${process.pid}/fd/${rtnetlink.namespace.fd}`;
    const own = [process.execPath, '--import', 'tsx', program, path, `${number}`, `${linkIndex}`, `${ROUNDS}`];
    const child = spawn('unshare', ['--pid', '--fork', '--kill-child', ...own], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.on('error', () => {});
    const report = new Promise<Report>((resolve, reject) => {
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
          const line = text.slice(0, end);
          text = text.slice(end + 1);
          if (line.startsWith('{')) resolve(JSON.parse(line) as Report);
          else parties[1 - number]?.child.stdin?.write('here\n');
        }
      });
      child.once('close', (code) => {
        // The other must not wait for ever.
        parties[1 - number]?.child.stdin?.end('here\n');
        reject(new Error(`ended with ${code} and without a report`));
      });
    });
    return { child, report };
  }

  it('neither loses nor takes what is the other’s, and what both want is there once', async () => {
    parties.push(start(0), start(1));
    const reports = await Promise.all(parties.map(({ report }) => report));
    expect(reports.map(({ problems }) => problems)).to.deep.equal([[], []]);
    expect(new Set(reports.map(({ pid }) => pid)).size, 'both wished for one port number').to.equal(1);

    const links = (await rtnetlink.link.list()).map(({ name }) => name);
    expect(links).to.have.members(['lo', 'v0', 'v1', 'shared']);
    const addresses = (await rtnetlink.address.list({ linkIndex })).map(({ local, address }) => local ?? address);
    expect(addresses.filter((one) => !one?.startsWith('fe80:'))).to.have.members(['192.0.2.10', '2001:db8::10']);
    const routes = (await rtnetlink.route.list({ linkIndex, table: 254 })).filter(({ gateway }) => gateway !== undefined);
    expect(routes.map(({ dst }) => dst)).to.have.members(['203.0.113.0/24', '2001:db8:1::/48']);
    expect((await rtnetlink.rule.list({ family: 4 })).filter(({ priority }) => priority === 77)).to.have.length(1);
    expect((await rtnetlink.neighbour.list({ linkIndex, family: 4 })).filter(({ address }) => address === '192.0.2.1')).to.have.length(1);
  });
});
