import { expect } from 'chai';
import type { Link } from '../../lib/driver.js';
import { isNicError } from '../../lib/errors.js';
import { EventStream } from '../../netlink/event-stream.js';
import { type LinkEvent, linkKind } from '../../netlink/link-monitor.js';
import { toLink } from '../../netlink/to-link.js';
import { rejection } from '../support/netlink-lab.js';

const link = (index: number, mtu = 1500, kind = 'ifb'): Link => toLink({ index, name: `n${index}`, mtu, info: { kind } });
const view = (...links: readonly Link[]): Map<string | number, Link> => new Map(links.map((one) => [one.index, one]));
const text = (event: LinkEvent): string => (event.kind === 'resync' ? 'resync' : `${event.kind} ${event.link.name} ${event.link.mtu}`);

function open(current: () => ReadonlyMap<string | number, Link>, signal?: AbortSignal) {
  const over: number[] = [];
  const stream = new EventStream(linkKind, 'watch', current, signal === undefined ? {} : { signal }, () => over.push(1));
  return { stream, over };
}

async function readAll(stream: AsyncIterable<LinkEvent>): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const event of stream) found.push(text(event));
  return found;
}

describe('EventStream', () => {
  it('gives events in order, to who waits and to who comes later, and ends after the last', async () => {
    const { stream, over } = open(() => view());
    const waiting = [stream.next(), stream.next()];
    for (let i = 1; i <= 4; i++) stream.push({ kind: 'added', object: link(i) });
    expect((await Promise.all(waiting)).map(({ value }) => value?.kind === 'added' && value.link.index)).to.deep.equal([1, 2]);
    stream.end();
    stream.end();
    expect(await readAll(stream)).to.deep.equal(['added n3 1500', 'added n4 1500']);
    expect(over).to.have.length(1);
  });

  it('replaces more than 10,000 unread events by a resync and the differences to what was given out', async () => {
    let now = view(link(1), link(2));
    const { stream } = open(() => now);
    now = view(link(1, 1400), link(2));
    stream.push({ kind: 'changed', object: link(1, 1400), before: link(1) });
    expect(text((await stream.next()).value as LinkEvent)).to.equal('changed n1 1400');
    for (let i = 0; i < 30_000; i++) stream.push({ kind: 'changed', object: link(2, 1000 + (i % 7)), before: link(2) });
    now = view(link(1, 1400), link(3));
    expect(text((await stream.next()).value as LinkEvent)).to.equal('resync');
    stream.push({ kind: 'added', object: link(4) });
    stream.end();
    expect(await readAll(stream)).to.deep.equal(['removed n2 1500', 'added n3 1500', 'added n4 1500']);
  });

  it('throws the error that ends it once, after the events before it', async () => {
    const { stream } = open(() => view());
    stream.push({ kind: 'resync' });
    const boom = new Error('boom');
    stream.end(boom);
    expect((await stream.next()).value).to.deep.equal({ kind: 'resync' });
    expect(await rejection(stream.next())).to.equal(boom);
    expect((await stream.next()).done).to.equal(true);
    const { stream: waited } = open(() => view());
    const waiting = rejection(waited.next());
    waited.end(boom);
    expect(await waiting).to.equal(boom);
  });

  it('ends at once with its signal, before and while somebody waits, and leaves nothing behind', async () => {
    const aborted = open(() => view(), AbortSignal.abort());
    expect(isNicError(await rejection(aborted.stream.next()), 'ERR_CANCELLED')).to.equal(true);
    expect(aborted.over).to.have.length(1);
    const controller = new AbortController();
    const { stream, over } = open(() => view(), controller.signal);
    const waiting = rejection(stream.next());
    controller.abort();
    expect(isNicError(await waiting, 'ERR_CANCELLED')).to.equal(true);
    expect(over).to.have.length(1);
  });

  it('is over when its reader leaves the loop', async () => {
    const { stream, over } = open(() => view());
    for (let i = 1; i <= 4; i++) stream.push({ kind: 'added', object: link(i) });
    for await (const event of stream) {
      expect(text(event)).to.equal('added n1 1500');
      break;
    }
    expect(over).to.have.length(1);
    expect((await stream.next()).done).to.equal(true);
  });
});
