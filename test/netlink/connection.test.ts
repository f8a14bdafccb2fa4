import { expect } from 'chai';
import { isNicError, NetlinkError } from '../../lib/errors.js';
import { NetlinkConnection, type NetlinkRequest } from '../../netlink/connection.js';
import { DumpInterruptedError } from '../../netlink/interrupted.js';
import { addRouteRequest, isErrno } from '../../netlink/services/index.js';
import { NETLINK_OPTION } from '../../netlink/system-constants.js';
import { decodeLink, ERRNO, encodeLink, type LinkMessage, type NetlinkMessage, NLM_F, NLMSG, RTM } from '../../netlink/wire/index.js';
import { acknowledgement, type Delivery, datagram, done, FakeNetlinkSocket, type Responder } from '../support/fake-netlink-socket.js';
import { ManualClock } from '../support/manual-clock.js';

const list: NetlinkRequest = { op: 'link.list', type: RTM.GETLINK, payload: encodeLink({ index: 0 }) };
const change: NetlinkRequest = { op: 'link.set 7 up true', type: RTM.NEWLINK, payload: encodeLink({ index: 7, name: 'eth0', mtu: 1500 }) };
const decode = ({ payload }: NetlinkMessage): number => decodeLink(payload).index;

const link = (index: number, flags: number = NLM_F.MULTI): Partial<NetlinkMessage> => ({
  type: RTM.NEWLINK,
  flags,
  payload: encodeLink({ index }),
});

/** A connection to a kernel that answers as told. */
function connect(respond: (request: NetlinkMessage, socket: FakeNetlinkSocket) => readonly Delivery[], clock = new ManualClock()) {
  const respondFirst: Responder = (requests, socket) => requests.flatMap((request) => respond(request, socket));
  const socket = new FakeNetlinkSocket(respondFirst);
  return { socket, clock, connection: new NetlinkConnection(socket, { clock, timeoutMs: 1000 }) };
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('should have been refused');
}

describe('NetlinkConnection', () => {
  it('asks for extended acknowledgements and strict checking', () => {
    const { socket } = connect(() => []);
    expect([...socket.options]).to.deep.equal([
      [NETLINK_OPTION.EXT_ACK, true],
      [NETLINK_OPTION.CAP_ACK, true],
      [NETLINK_OPTION.GET_STRICT_CHK, true],
    ]);
  });

  it('request() asks for an acknowledgement and gives the replies before it', async () => {
    const { socket, connection } = connect((request) => [datagram(request, link(3, 0)), datagram(request, acknowledgement(request))]);
    expect(await connection.request({ ...list, op: 'link.get 3' }, decode)).to.deep.equal([3]);
    expect(socket.sent[0]?.[0]?.flags).to.equal(NLM_F.REQUEST | NLM_F.ACK);
  });

  it('numbers requests apart and never by 0', async () => {
    const { socket, connection } = connect((request) => [datagram(request, acknowledgement(request))]);
    await connection.request(change);
    await connection.batch([change, change]);
    const numbers = socket.sent.flat().map(({ sequence }) => sequence);
    expect(new Set(numbers).size).to.equal(3);
    expect(numbers).not.to.include(0);
  });

  it('dump() joins an answer of several datagrams, the end in one of its own or not', async () => {
    for (const tail of ['apart', 'together']) {
      const { connection } = connect((request) =>
        tail === 'apart'
          ? [datagram(request, link(1), link(2)), datagram(request, link(3)), datagram(request, done())]
          : [datagram(request, link(1), link(2)), datagram(request, link(3), done())],
      );
      expect(await connection.dump(list, decode), tail).to.deep.equal([1, 2, 3]);
    }
  });

  it('dump() passes over notifications, foreign replies and replies to forgotten requests in the middle', async () => {
    const { connection } = connect((request) => [
      datagram(request, link(1), { ...link(90), sequence: 0, port: 0 }, { ...link(91), sequence: request.sequence + 5 }),
      datagram(request, { ...link(92), port: request.port + 1 }, { ...done(), sequence: request.sequence - 1 }),
      datagram(request, { ...acknowledgement(request, -ERRNO.EBUSY), sequence: request.sequence - 1 }),
      datagram(request, link(2), done()),
    ]);
    expect(await connection.dump(list, decode)).to.deep.equal([1, 2]);
  });

  it('dump() rejects with the error that the end carries', async () => {
    const { connection } = connect((request) => [datagram(request, link(1)), datagram(request, done(-ERRNO.ENOMEM))]);
    const error = await failure(connection.dump(list, decode));
    expect(error).to.be.instanceOf(NetlinkError).and.to.include({ errno: 'ENOMEM', op: 'link.list' });
  });

  it('dump() asks again when a change tore the answer, wherever the mark is', async () => {
    for (const place of ['message', 'end']) {
      const torn = NLM_F.MULTI | NLM_F.DUMP_INTR;
      let asked = 0;
      const { connection } = connect((request) => {
        asked++;
        if (asked === 3) return [datagram(request, link(5), done())];
        return place === 'end' ? [datagram(request, link(1), done(0, torn))] : [datagram(request, link(1, torn), link(2), done())];
      });
      expect(await connection.dump(list, decode), place).to.deep.equal([5]);
      expect(asked, place).to.equal(3);
    }
  });

  it('dump() gives up after ten torn answers, and the connection goes on', async () => {
    let torn = true;
    const { socket, connection } = connect((request) => [
      datagram(request, link(1, NLM_F.MULTI | (torn ? NLM_F.DUMP_INTR : 0))),
      datagram(request, done()),
    ]);
    const error = await failure(connection.dump(list, decode));
    expect(error).to.be.instanceOf(DumpInterruptedError).and.instanceOf(NetlinkError);
    expect(error).to.include({ name: 'DumpInterruptedError', op: 'link.list', tries: 10 });
    expect((error as DumpInterruptedError).partial).to.deep.equal([1]);
    expect(isErrno(error, 'EINTR')).to.equal(true);
    expect(String(error)).to.contain('10 times');
    expect(socket.sent).to.have.length(10);
    torn = false;
    expect(await connection.dump(list, decode)).to.deep.equal([1]);
  });

  it('dump() asks without strict checking when the kernel finds fault, and switches it on again', async () => {
    const strictWhenAsked: (boolean | undefined)[] = [];
    const { socket, connection } = connect((request, { options }) => {
      const strict = options.get(NETLINK_OPTION.GET_STRICT_CHK);
      strictWhenAsked.push(strict);
      return strict === true ? [datagram(request, acknowledgement(request, -ERRNO.EINVAL))] : [datagram(request, link(4), done())];
    });
    expect(await connection.dump(list, decode)).to.deep.equal([4]);
    expect(strictWhenAsked).to.deep.equal([true, false]);
    expect(socket.options.get(NETLINK_OPTION.GET_STRICT_CHK)).to.equal(true);
  });

  it('request() asks a question, but never for a change, without strict checking when the kernel finds fault', async () => {
    const { socket, connection } = connect((request, { options }) => {
      if (options.get(NETLINK_OPTION.GET_STRICT_CHK) === true) return [datagram(request, acknowledgement(request, -ERRNO.EINVAL))];
      return [datagram(request, link(4, 0), acknowledgement(request))];
    });
    expect(await connection.request({ ...list, op: 'link.get 4' }, decode)).to.deep.equal([4]);
    expect(socket.sent).to.have.length(2);
    expect(socket.options.get(NETLINK_OPTION.GET_STRICT_CHK)).to.equal(true);
    expect(isErrno(await failure(connection.request(change)), 'EINVAL')).to.equal(true);
    expect(socket.sent).to.have.length(3);
  });

  it('asks one request without strict checking, and those that wait for their turn meanwhile with it', async () => {
    const strict: [number, boolean | undefined][] = [];
    const { connection } = connect((request, { options }) => {
      const asked = options.get(NETLINK_OPTION.GET_STRICT_CHK);
      strict.push([request.type, asked]);
      if (request.type === RTM.GETLINK && asked === true) return [datagram(request, acknowledgement(request, -ERRNO.EINVAL))];
      return [datagram(request, link(4), done())];
    });
    const other = { ...list, type: RTM.GETADDR };
    await Promise.all([
      connection.dump(list, decode),
      connection.dump(other, decode),
      connection.dump(list, decode),
      connection.dump(other, decode),
    ]);
    for (const [type, asked] of strict) if (type === RTM.GETADDR) expect(asked).to.equal(true);
    expect(strict.filter(([type, asked]) => type === RTM.GETLINK && asked === false)).to.have.length(2);
  });

  it('dump() rejects with the strict answer, which says more, when both ways fail', async () => {
    const { connection } = connect((request, { options }) => {
      const strict = options.get(NETLINK_OPTION.GET_STRICT_CHK) === true;
      return [datagram(request, acknowledgement(request, -ERRNO.EINVAL, strict ? { message: 'Invalid values in header' } : {}))];
    });
    expect(String(await failure(connection.dump(list, decode)))).to.contain('Invalid values in header');
  });

  it('does not try the lenient way on kernels that know no strict one', async () => {
    const socket = new FakeNetlinkSocket(([request]) => {
      return request === undefined ? [] : [datagram(request, acknowledgement(request, -ERRNO.EINVAL))];
    });
    socket.unknownOptions.add(NETLINK_OPTION.GET_STRICT_CHK);
    const connection = new NetlinkConnection(socket);
    expect(isErrno(await failure(connection.dump(list, decode)), 'EINVAL')).to.equal(true);
    expect(socket.sent).to.have.length(1);
  });

  it('rejects with number, text, attribute and operation of a refusal', async () => {
    // 16 bytes of message header, 16 of ifinfomsg, then IFLA_IFNAME ("eth0", 12 bytes with padding), then IFLA_MTU.
    for (const { offset, attribute } of [
      { offset: 32, attribute: 'IFLA_IFNAME' },
      { offset: 44, attribute: 'IFLA_MTU' },
      { offset: 4, attribute: 'byte 4 of the request' },
      { offset: 4000, attribute: 'byte 4000 of the request' },
    ]) {
      const { connection } = connect((request) => [
        datagram(request, acknowledgement(request, -ERRNO.ERANGE, { message: 'no good', offset })),
      ]);
      const error = await failure(connection.request(change));
      expect(error).to.be.instanceOf(NetlinkError);
      expect(error).to.include({ code: 'ERR_NETLINK', errno: 'ERANGE', kernelMessage: 'no good', attribute, op: change.op });
      expect(String(error)).to.equal(`NetlinkError: link.set 7 up true: ERANGE: no good (${attribute})`);
    }
  });

  it('names an attribute inside another, and one that is missing', async () => {
    const route = addRouteRequest({ dst: '10.0.0.0/8', linkIndex: 3, metrics: { mtu: 1, advmss: 2 } });
    let said: { offset?: number; missingType?: number } = {};
    const { connection } = connect((request) => [datagram(request, acknowledgement(request, -ERRNO.EINVAL, said))]);
    // Header 16, rtmsg 12, RTA_DST 8, RTA_OIF 8, then the nest RTA_METRICS with its header of 4 and RTAX_MTU of 8.
    said = { offset: 16 + 12 + 8 + 8 + 4 + 8 };
    expect(await failure(connection.request(route))).to.include({ attribute: 'RTA_METRICS.RTAX_ADVMSS' });
    said = { missingType: 4 };
    expect(await failure(connection.request(route))).to.include({ attribute: 'RTA_OIF is missing' });
  });

  it('names the missing capability', async () => {
    const { connection } = connect((request) => [datagram(request, acknowledgement(request, -ERRNO.EPERM))]);
    expect(String(await failure(connection.request(change)))).to.match(/EPERM; .*CAP_NET_ADMIN/);
  });

  it('goes on after EINTR', async () => {
    const { connection } = connect((request) => [-ERRNO.EINTR, datagram(request, link(1)), -ERRNO.EINTR, datagram(request, done())]);
    expect(await connection.dump(list, decode)).to.deep.equal([1]);
  });

  it('waits for a late answer, and lets no other request in meanwhile', async () => {
    let late = true;
    const { socket, clock, connection } = connect((request) => (late ? [] : [datagram(request, acknowledgement(request))]));
    const first = connection.request(change);
    const second = connection.request(change);
    await clock.sleeping(1);
    expect(socket.sent).to.have.length(1);
    late = false;
    const [request] = socket.sent[0] ?? [];
    if (request !== undefined) socket.deliver(datagram(request, acknowledgement(request)));
    await clock.advance(1);
    await first;
    await second;
    expect(socket.sent).to.have.length(2);
  });

  it('rejects with ERR_DEADLINE when no answer comes, and reads a late one away before the next request', async () => {
    let answer = false;
    const { socket, clock, connection } = connect((request) => (answer ? [datagram(request, link(2, 0), acknowledgement(request))] : []));
    const lost = failure(connection.request(change));
    await clock.advance(1100);
    expect(isNicError(await lost, 'ERR_DEADLINE')).to.equal(true);
    answer = true;
    const [old] = socket.sent[0] ?? [];
    if (old !== undefined) socket.deliver(datagram(old, link(1, 0), acknowledgement(old)), -ERRNO.ENOBUFS);
    expect(await connection.request(list, decode)).to.deep.equal([2]);
  });

  it('rejects with ERR_CANCELLED when the caller gives up before or while waiting', async () => {
    const { socket, clock, connection } = connect(() => []);
    const before = await failure(connection.request(change, undefined, { signal: AbortSignal.abort() }));
    expect(isNicError(before, 'ERR_CANCELLED')).to.equal(true);
    expect(socket.sent).to.have.length(0);
    const controller = new AbortController();
    const waiting = failure(connection.request(change, undefined, { signal: controller.signal }));
    await clock.sleeping(1);
    controller.abort();
    expect(isNicError(await waiting, 'ERR_CANCELLED')).to.equal(true);
  });

  it('asks a question again whose answer was lost, whatever the way, and gives up after ten times', async () => {
    const overrun: Partial<NetlinkMessage> = { type: NLMSG.OVERRUN, payload: new Uint8Array(0) };
    for (const way of ['ENOBUFS', 'OVERRUN']) {
      let losses = 3;
      const { socket, connection } = connect((request) => {
        const answer = [datagram(request, link(1)), datagram(request, done())];
        if (losses-- <= 0) return answer;
        return way === 'ENOBUFS' ? [-ERRNO.ENOBUFS, ...answer] : [datagram(request, link(9), overrun), ...answer];
      });
      expect(await connection.dump(list, decode), way).to.deep.equal([1]);
      expect(socket.sent, way).to.have.length(4);
      losses = 1;
      expect(await connection.request({ ...list, op: 'link.get 1' }, decode), way).to.deep.equal([1]);
      losses = 1000;
      expect(isErrno(await failure(connection.dump(list, decode)), 'ENOBUFS'), way).to.equal(true);
      expect(socket.sent, way).to.have.length(16);
      losses = 0;
      expect(await connection.dump(list, decode), way).to.deep.equal([1]);
    }
  });

  it('never repeats a change whose answer was lost: it rejects with ENOBUFS and says so', async () => {
    let overrun = true;
    const { socket, connection } = connect((request) => [
      ...(overrun ? [-ERRNO.ENOBUFS] : []),
      datagram(request, acknowledgement(request)),
    ]);
    const error = await failure(connection.request(change));
    expect(isErrno(error, 'ENOBUFS')).to.equal(true);
    expect(String(error)).to.contain('may have been carried out');
    expect(socket.sent).to.have.length(1);
    overrun = false;
    await connection.request(change);
  });

  it('never reads a message that was cut off: it makes room and asks again', async () => {
    const { socket, connection } = connect((request) => {
      const big: LinkMessage = { index: 1, unknown: new Uint8Array(300_000) };
      return [datagram(request, { type: RTM.NEWLINK, payload: encodeLink(big) }), datagram(request, acknowledgement(request))];
    });
    const size = ({ payload }: NetlinkMessage): number => payload.length;
    expect(await connection.request(list, size)).to.deep.equal([300_016]);
    expect(socket.sent).to.have.length(2);
    expect(await connection.dump(list, size)).to.deep.equal([300_016]);
    expect(socket.sent).to.have.length(3);
  });

  it('rejects with ERR_DECODE when messages do not fit their datagram, and goes on with the next request', async () => {
    let broken = true;
    const { socket, connection } = connect((request) => {
      if (!broken) return [datagram(request, link(2), done())];
      return [datagram(request, link(1)).subarray(0, 20), datagram(request, link(3)), datagram(request, done())];
    });
    expect(isNicError(await failure(connection.dump(list, decode)), 'ERR_DECODE')).to.equal(true);
    expect(socket.waiting).to.equal(2);
    broken = false;
    expect(await connection.dump(list, decode)).to.deep.equal([2]);
    expect(socket.waiting).to.equal(0);
  });

  it('rejects with ERR_DECODE when the acknowledgement itself is cut off', async () => {
    const { connection } = connect((request) => [datagram(request, { type: NLMSG.ERROR, payload: new Uint8Array(6) })]);
    expect(isNicError(await failure(connection.request(change)), 'ERR_DECODE')).to.equal(true);
  });

  it('rejects with the error of the socket when it is no more', async () => {
    const { connection } = connect(() => [-ERRNO.EBADF]);
    expect(isErrno(await failure(connection.request(change)), 'EBADF')).to.equal(true);
    expect(isErrno(await failure(connection.dump(list, decode)), 'EBADF')).to.equal(true);
  });

  it('reads to the end of an answer that it cannot decode, rejects with ERR_DECODE and goes on', async () => {
    const { socket, connection } = connect((request) => [
      datagram(request, { type: RTM.NEWLINK, payload: new Uint8Array(3) }),
      datagram(request, link(1)),
      datagram(request, done()),
    ]);
    expect(isNicError(await failure(connection.dump(list, decode)), 'ERR_DECODE')).to.equal(true);
    expect(socket.waiting).to.equal(0);
  });

  it('close() ends waits with ERR_CANCELLED at once, closes the socket once and refuses what comes after', async () => {
    const { socket, clock, connection } = connect(() => []);
    const waiting = failure(connection.request(change));
    const queued = [failure(connection.request(list, decode)), failure(connection.dump(list, decode)), failure(connection.batch([change]))];
    await clock.sleeping(1);
    connection.close();
    connection.close();
    // The clock stands still: nothing is waited for.
    for (const error of [await waiting, ...(await Promise.all(queued))]) {
      expect(isNicError(error, 'ERR_CANCELLED')).to.equal(true);
      expect(String(error)).to.contain('the netlink connection is closed');
    }
    expect(isNicError(await failure(connection.request(change)), 'ERR_CANCELLED')).to.equal(true);
    expect(socket.sent).to.have.length(1);
    expect(socket.closed).to.equal(1);
  });
});
