import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { expect } from 'chai';
import type { Link } from '../../lib/driver.js';
import { openLinkMonitor } from '../../netlink/link-monitor.js';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import { requireLive } from '../support/live.js';
import { createNetlinkLab, type NetlinkLab } from '../support/netlink-lab.js';
import { churn, startOffender } from '../support/offender.js';
import { seededRandom } from '../support/random.js';

const CHANGES = 250;

/** Turns states of links, one after another, into what changed: as much of it as both sides tell. */
class Story {
  readonly lines: string[] = [];
  readonly #known = new Map<number, { readonly name: string; readonly text: string }>();

  /** A link is there, or is there in another way than before. */
  seen(index: number, name: string, text: string): void {
    const before = this.#known.get(index);
    if (before?.text === text) return;
    this.#known.set(index, { name, text });
    this.lines.push(`${before === undefined ? 'added' : 'changed'} ${index} ${text}`);
  }

  /** A link is gone. */
  gone(index: number): void {
    if (this.#known.delete(index)) this.lines.push(`removed ${index}`);
  }

  /** The name of a link at this moment. */
  nameOf(index: number | undefined): string {
    return (index === undefined ? undefined : this.#known.get(index)?.name) ?? '-';
  }

  /** What lies between the arrival of two links. */
  between(first: string, last: string): readonly string[] {
    const at = (name: string): number => this.lines.findIndex((line) => line.startsWith('added') && line.includes(` ${name} `));
    return this.lines.slice(at(first), at(last) + 1);
  }
}

/** One line of `ip -o -d monitor link`. What a bridge tells of its ports has no queueing discipline, and is not of the link itself. */
const LINE = /^(Deleted )?(\d+): ([^:@]+)(?:@[^:]+)?: <([^>]*)> mtu (\d+) qdisc \S+ (?:master (\S+) )?state .*?link\/\S+ (\S+)/;

function tell(story: Story, line: string): void {
  const found = LINE.exec(line);
  if (found === null) return;
  const [, deleted, number, name = '', flags = '', mtu, master = '-', mac] = found;
  const set = flags.split(',');
  if (deleted !== undefined) story.gone(Number(number));
  else story.seen(Number(number), name, `${name} ${set.includes('UP')} ${set.includes('LOWER_UP')} ${mtu} ${master} ${mac}`);
}

describe('openLinkMonitor() beside "ip monitor"', function () {
  this.timeout(60_000);
  const random = seededRandom();
  let lab: NetlinkLab;
  let rtnetlink: Rtnetlink;
  let ip: ChildProcessByStdio<null, Readable, null> | undefined;

  before(async function () {
    requireLive(this, ['ip', 'nsenter']);
    lab = createNetlinkLab();
    rtnetlink = await lab.open('watched twice');
  });
  after(async () => {
    if (ip !== undefined) {
      const closed = once(ip, 'close');
      ip.kill('SIGKILL');
      await closed;
    }
    lab?.close();
  });

  it('tells the same changes in the same order', async () => {
    const theirs = new Story();
    const args = [`--net=/proc/${process.pid}/fd/${rtnetlink.namespace.fd}`, 'ip', '-o', '-d', 'monitor', 'link'];
    const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    ip = child;
    let text = '';
    let onText = (): void => {};
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        tell(theirs, text.slice(0, end));
        text = text.slice(end + 1);
      }
      onText();
    });
    // It says nothing when it begins to listen, so it is given something to say until it does.
    await rtnetlink.link.add({ kind: 'ifb', name: 'shaken' });
    const { index } = await rtnetlink.link.get({ name: 'shaken' });
    for (let mtu = 1000; theirs.lines.length === 0; mtu = 1000 + ((mtu + 1) % 400)) {
      await rtnetlink.link.set(index, { mtu });
      await new Promise((resolve) => setImmediate(resolve));
    }

    const monitor = await openLinkMonitor(rtnetlink);
    const ours = new Story();
    const see = (link: Link): void => {
      const state = `${link.name} ${link.up} ${link.carrier} ${link.mtu} ${ours.nameOf(link.masterIndex)} ${link.mac}`;
      ours.seen(link.index, link.name, state);
    };
    for (const link of monitor.links()) see(link);
    monitor.subscribe((event) => {
      expect(event.kind, random.label).not.to.equal('resync');
      if (event.kind === 'removed') ours.gone(event.link.index);
      else if (event.kind !== 'resync') see(event.link);
    });
    await rtnetlink.link.add({ kind: 'ifb', name: 'begin' });
    const offender = startOffender(rtnetlink.namespace, churn(random, 'c', CHANGES));
    await offender.ended;
    await rtnetlink.link.add({ kind: 'ifb', name: 'end' });
    await monitor.waitFor((links) => links.find(({ name }) => name === 'end'));
    await new Promise<void>((resolve, reject) => {
      onText = () => {
        if (theirs.between('begin', 'end').at(-1)?.includes(' end ') === true) resolve();
      };
      child.once('close', () => reject(new Error('ip monitor ended early')));
      onText();
    });
    monitor.close();

    const [told, expected] = [ours.between('begin', 'end'), theirs.between('begin', 'end')];
    console.log(`    ${expected.length} changes`);
    expect(expected.length).to.be.greaterThan(100);
    expect(told, random.label).to.deep.equal(expected);
  });
});
