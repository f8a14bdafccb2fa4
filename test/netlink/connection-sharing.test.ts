import { expect } from 'chai';
import { isNicError, NetlinkError } from '../../lib/errors.js';
import { type ConnectionOptions, NetlinkConnection, type NetlinkRequest } from '../../netlink/connection.js';
import { BatchInterruptedError, type BatchOutcome } from '../../netlink/interrupted.js';
import { isErrno } from '../../netlink/services/index.js';
import { decodeLink, ERRNO, encodeLink, type NetlinkMessage, NLM_F, NLMSG, RTM } from '../../netlink/wire/index.js';
import { acknowledgement, type Delivery, datagram, done, FakeNetlinkSocket } from '../support/fake-netlink-socket.js';
import { ManualClock } from '../support/manual-clock.js';
import { rejection } from '../support/netlink-lab.js';

const list: NetlinkRequest = { op: 'link.list', type: RTM.GETLINK, payload: encodeLink({ index: 0 }) };
const change = (index: number): NetlinkRequest => ({ op: `link.set ${index}`, type: RTM.NEWLINK, payload: encodeLink({ index }) });
const decode = ({ payload }: NetlinkMessage): number => decodeLink(payload).index;
const link = (index: number): Partial<NetlinkMessage> => ({ type: RTM.NEWLINK, flags: NLM_F.MULTI, payload: encodeLink({ index }) });
const succeed = (request: NetlinkMessage): readonly Delivery[] => [datagram(request, acknowledgement(request))];
const silence = (): readonly Delivery[] => [];

/** A connection to a kernel that answers as told. */
function connect(respond: (request: NetlinkMessage, socket: FakeNetlinkSocket) => readonly Delivery[], options: ConnectionOptions = {}) {
  const clock = new ManualClock();
  const socket = new FakeNetlinkSocket((requests, self) => requests.flatMap((request) => respond(request, self)));
  return { socket, clock, connection: new NetlinkConnection(socket, { clock, timeoutMs: 1000, ...options }) };
}

/** The links that the requests of all sends were about. */
function sentLinks(socket: FakeNetlinkSocket): readonly number[] {
  return socket.sent.flat().map(decode);
}

describe('NetlinkConnection with many users', () => {
  it('serves who waits strictly in order, also who came while others waited', async () => {
    let late = true;
    const { socket, clock, connection } = connect((request) => (late ? [] : succeed(request)));
    const ends: number[] = [];
    const ask = (index: number): Promise<unknown> => connection.request(change(index)).then(() => ends.push(index));
    const all = [ask(0)];
    await clock.sleeping(1);
    late = false;
    for (let i = 1; i < 500; i++) all.push(ask(i));
    const [first] = socket.sent[0] ?? [];
    if (first !== undefined) socket.deliver(...succeed(first));
    // One that comes when the first is over and the others have not had their turn must not overtake them.
    const last = all[0]?.then(() => ask(500));
    await clock.advance(1);
    await Promise.all([...all, last]);
    const expected = Array.from({ length: 501 }, (_, i) => i);
    expect(sentLinks(socket)).to.deep.equal(expected);
    expect(ends).to.deep.equal(expected);
  });

  it('lets who waits for its turn give up at once, and does not send its request', async () => {
    const { socket, clock, connection } = connect(silence);
    const first = rejection(connection.request(change(0)));
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = [
      connection.request(change(1), undefined, { signal }),
      connection.dump(list, decode, { signal }),
      connection.batch([change(2)], { signal }),
    ].map(rejection);
    const patient = rejection(connection.request(change(3)));
    await clock.sleeping(1);
    controller.abort();
    for (const error of await Promise.all(waiting)) expect(isNicError(error, 'ERR_CANCELLED')).to.equal(true);
    await clock.advance(2100);
    expect(isNicError(await first, 'ERR_DEADLINE')).to.equal(true);
    expect(isNicError(await patient, 'ERR_DEADLINE')).to.equal(true);
    expect(sentLinks(socket)).to.deep.equal([0, 3]);
  });

  it('counts the time in the queue: nobody waits longer than the limit altogether', async () => {
    const { clock, connection } = connect(silence);
    const start = clock.now();
    const ends = await Promise.all([
      ...Array.from({ length: 20 }, (_, i) =>
        connection.request(change(i)).then(
          () => -1,
          (error: unknown) => (isNicError(error, 'ERR_DEADLINE') ? clock.now() - start : -1),
        ),
      ),
      clock.advance(30_000).then(() => 1000),
    ]);
    for (const end of ends) expect(end).to.be.within(1000, 1500);
  });

  it('lets timers and others of the process run between requests that are all answered at once', async () => {
    const { connection } = connect(succeed);
    let turns = 0;
    let over = false;
    const count = (): void => {
      turns++;
      if (!over) setImmediate(count);
    };
    setImmediate(count);
    try {
      for (let i = 0; i < 5000; i++) await connection.request(change(i));
      expect(turns, 'one after another').to.be.greaterThan(15);
      turns = 0;
      await Promise.all(Array.from({ length: 5000 }, (_, i) => connection.request(change(i))));
      expect(turns, 'all at once').to.be.greaterThan(15);
      turns = 0;
      await connection.batch(Array.from({ length: 5000 }, (_, i) => change(i)));
      expect(turns, 'in a batch').to.be.greaterThan(15);
    } finally {
      over = true;
    }
  });

  it('can be cancelled in the middle of a long answer, reads the rest away and goes on', async () => {
    const PARTS = 10_000;
    const { socket, connection } = connect((request) => [
      ...Array.from({ length: PARTS }, (_, i) => datagram(request, link(i))),
      datagram(request, done()),
    ]);
    const controller = new AbortController();
    setImmediate(() => controller.abort());
    let read = 0;
    const counted = (message: NetlinkMessage): number => {
      read++;
      return decode(message);
    };
    const error = await rejection(connection.dump(list, counted, { signal: controller.signal }));
    expect(isNicError(error, 'ERR_CANCELLED')).to.equal(true);
    expect(read).to.be.within(1, PARTS - 1);
    expect(await connection.dump(list, decode)).to.have.length(PARTS);
    expect(socket.waiting).to.equal(0);
  });

  it('begins anew at 1 after the highest number, also within a batch', async () => {
    let count = 0;
    const { socket, connection } = connect(
      (request) => [datagram(request, acknowledgement(request, count++ % 2 === 0 ? -ERRNO.EEXIST : 0))],
      {
        firstSequence: 0xffff_fffe,
      },
    );
    const results = await connection.batch([0, 1, 2, 3, 4].map(change));
    expect(socket.sent.flat().map(({ sequence }) => sequence)).to.deep.equal([0xffff_fffe, 0xffff_ffff, 1, 2, 3]);
    expect(results.map((result) => result?.errno)).to.deep.equal(['EEXIST', undefined, 'EEXIST', undefined, 'EEXIST']);
    expect(results[2]?.op).to.equal('link.set 2');
  });
});

describe('NetlinkConnection.batch()', () => {
  it('batch() sends up to 128 at once and tells each its own end', async () => {
    let count = 0;
    const { socket, connection } = connect((request) => [
      datagram(request, acknowledgement(request, ++count % 7 === 0 ? -ERRNO.EEXIST : 0)),
    ]);
    const results = await connection.batch(Array.from({ length: 300 }, (_, i) => change(i)));
    expect(socket.sent.map(({ length }) => length)).to.deep.equal([128, 128, 44]);
    expect(results).to.have.length(300);
    for (const [i, result] of results.entries()) expect(result?.errno, `request ${i}`).to.equal((i + 1) % 7 === 0 ? 'EEXIST' : undefined);
  });

  it('batch() keeps a send below 32 KiB, but sends a larger request alone', async () => {
    const { socket, connection } = connect((request) => [datagram(request, acknowledgement(request))]);
    const sized = (bytes: number): NetlinkRequest => ({ ...change(1), payload: new Uint8Array(bytes) });
    await connection.batch([sized(20_000), sized(20_000), sized(40_000), sized(100)]);
    expect(socket.sent.map(({ length }) => length)).to.deep.equal([1, 1, 1, 1]);
    await connection.batch([]);
    expect(socket.sent).to.have.length(4);
  });

  it('tells a lost answer as ENOBUFS of each request it may have belonged to, and goes on with the next', async () => {
    let count = 0;
    const { socket, connection } = connect((request) => (++count === 20 ? [-ERRNO.ENOBUFS] : succeed(request)));
    const results = await connection.batch(Array.from({ length: 300 }, (_, i) => change(i)));
    expect(socket.sent.map(({ length }) => length)).to.deep.equal([128, 128, 44]);
    expect(results.map((result) => result?.errno ?? '-').join('')).to.equal(`${'-'.repeat(19)}${'ENOBUFS'.repeat(109)}${'-'.repeat(172)}`);
  });

  it('tells a request that is larger than the socket sends, and carries out the others', async () => {
    const { socket, connection } = connect(succeed);
    const send = socket.send.bind(socket);
    socket.send = (bytes) => (bytes.length > 200_000 ? -ERRNO.EMSGSIZE : send(bytes));
    const large = { ...change(1), op: 'large', payload: new Uint8Array(300_000) };
    const results = await connection.batch([change(0), large, change(2)]);
    expect(results.map((result) => result?.errno)).to.deep.equal([undefined, 'EMSGSIZE', undefined]);
    expect(String(results[1])).to.contain('large: EMSGSIZE; 300016 bytes').and.contain('was not sent');
    expect(isErrno(await rejection(connection.request(large)), 'EMSGSIZE')).to.equal(true);
  });

  it('tells an acknowledgement that cannot be read as EBADMSG of its request', async () => {
    let count = 0;
    const { connection } = connect((request) =>
      ++count === 2 ? [datagram(request, { type: NLMSG.ERROR, payload: new Uint8Array(6) })] : succeed(request),
    );
    const results = await connection.batch([0, 1, 2].map(change));
    expect(results.map((result) => result?.errno)).to.deep.equal([undefined, 'EBADMSG', undefined]);
  });

  /** What a batch that was given up says of its requests, in short. */
  async function outcomes(batch: Promise<unknown>, code: 'ERR_CANCELLED' | 'ERR_DEADLINE'): Promise<string> {
    const error = await rejection(batch);
    expect(error).to.be.instanceOf(BatchInterruptedError).and.to.include({ code });
    const letter = (outcome: BatchOutcome): string => (outcome instanceof NetlinkError ? 'E' : outcome.slice(0, 3));
    return (error as BatchInterruptedError).outcomes.map(letter).join(' ');
  }

  it('says what became of each request when it is cancelled between two sends', async () => {
    const controller = new AbortController();
    let count = 0;
    const { socket, connection } = connect((request) => {
      if (++count === 200) controller.abort();
      if (count % 8 === 0) return [datagram(request, acknowledgement(request, -ERRNO.EEXIST))];
      return (request.flags & NLM_F.ACK) === 0 ? [] : succeed(request);
    });
    const batch = connection.batch(
      Array.from({ length: 300 }, (_, i) => change(i)),
      { signal: controller.signal },
    );
    expect(await outcomes(batch, 'ERR_CANCELLED')).to.equal(
      [...new Array(32).fill('don don don don don don don E'), ...new Array(44).fill('uns')].join(' '),
    );
    expect(socket.sent).to.have.length(2);
  });

  it('can be cancelled from outside although every answer comes at once', async () => {
    const { socket, connection } = connect((request) => ((request.flags & NLM_F.ACK) === 0 ? [] : succeed(request)));
    const controller = new AbortController();
    setImmediate(() => controller.abort());
    const said = await outcomes(
      connection.batch(new Array<NetlinkRequest>(20_000).fill(change(1)), { signal: controller.signal }),
      'ERR_CANCELLED',
    );
    expect(socket.sent.flat().length).to.be.within(1, 19_999);
    expect(said.split(' ').filter((outcome) => outcome === 'don')).to.have.length(socket.sent.flat().length);
  });

  it('says what became of each request when the kernel falls silent, when it is cancelled meanwhile, and when it is closed', async () => {
    for (const way of ['silence', 'signal', 'close']) {
      let count = 0;
      const { clock, connection } = connect((request) => (++count > 2 ? [] : succeed(request)));
      const controller = new AbortController();
      const batch = connection.batch(
        Array.from({ length: 131 }, (_, i) => change(i)),
        { signal: controller.signal },
      );
      const said = outcomes(batch, way === 'silence' ? 'ERR_DEADLINE' : 'ERR_CANCELLED');
      await clock.sleeping(1);
      if (way === 'silence') await clock.advance(1100);
      else if (way === 'signal') controller.abort();
      else connection.close();
      expect(await said, way).to.equal(`don don ${'unk '.repeat(126)}uns uns uns`);
    }
  });

  it('says that nothing was sent of a batch that never had its turn', async () => {
    const { clock, connection } = connect(silence);
    const first = rejection(connection.request(change(0)));
    const controller = new AbortController();
    const said = outcomes(connection.batch([change(1), change(2)], { signal: controller.signal }), 'ERR_CANCELLED');
    await clock.sleeping(1);
    controller.abort();
    expect(await said).to.equal('uns uns');
    connection.close();
    await first;
    expect(await outcomes(connection.batch([change(1)]), 'ERR_CANCELLED')).to.equal('uns');
  });
});
