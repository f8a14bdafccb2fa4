/**
 * Configures a namespace while another process runs this program in the same one, and prints what went wrong. For two-processes.test.ts.
 * Arguments: the namespace's path, the number of this process (0 or 1), the index of a link that both may use, how many rounds.
 */
import { writeSync } from 'node:fs';
import { isNicError } from '../../lib/errors.js';
import {
  addRouteRequest,
  DumpInterruptedError,
  deleteRouteRequest,
  type NewRoute,
  openNamespace,
  openRtnetlink,
  type Rtnetlink,
} from '../../netlink/index.js';

const [path = '', number = '', shared = '', rounds = ''] = process.argv.slice(2);
const me = Number(number);
const linkIndex = Number(shared);
const namespace = await openNamespace({ kind: 'path', path });
// Several, as the first takes the process id for its port number, which the other process may have too.
const connections: readonly Rtnetlink[] = Array.from({ length: 4 }, () => openRtnetlink(namespace));
const problems: string[] = [];

/** A listing that the other process tore is made again; it is bound to succeed, since that one has an end. */
async function patiently<T>(list: () => Promise<readonly T[]>): Promise<readonly T[]> {
  for (;;) {
    try {
      return await list();
    } catch (error) {
      if (!(error instanceof DumpInterruptedError)) throw error;
    }
  }
}

function expectAll(what: string, found: readonly unknown[], wanted: readonly unknown[]): void {
  const [a, b] = [[...found].sort(), [...wanted].sort()].map((list) => JSON.stringify(list));
  if (a !== b) problems.push(`${what}: ${a} instead of ${b}`);
}

/** What only this process makes: it must be there just when it has made it, whatever the other one does. */
async function keepOwn(rtnetlink: Rtnetlink, round: number): Promise<void> {
  const { link, address, route, rule } = rtnetlink;
  const name = `own${me}-${round % 3}`;
  await link.ensure({ kind: 'ifb', name, mtu: 1300 + round, up: true });
  const { index, mtu } = await link.get({ name });
  if (mtu !== 1300 + round) problems.push(`${name} has the size ${mtu} in round ${round}`);
  await address.ensure({ linkIndex: index, address: `10.${me}.${round % 200}.1/24` });
  const mine: readonly NewRoute[] = Array.from({ length: 40 }, (_none, i) => ({
    dst: `100.${64 + me}.${i}.0/24`,
    linkIndex: index,
    table: 500 + me,
  }));
  for (const result of await rtnetlink.batch(mine.map((one) => addRouteRequest(one))))
    if (result !== undefined) problems.push(result.message);
  const routes = await patiently(() => route.list({ family: 4, table: 500 + me }));
  expectAll(
    'routes',
    routes.map(({ dst }) => dst),
    mine.map(({ dst }) => dst),
  );
  await rule.ensure({ priority: 1000 + me, table: 500 + me, mark: round + 1 });
  const rules = (await patiently(() => rule.list({ family: 4 }))).filter(({ priority }) => priority === 1000 + me);
  expectAll(
    'rules',
    rules.map(({ mark }) => mark),
    [round + 1],
  );
  await rule.remove({ priority: 1000 + me, table: 500 + me, mark: round + 1 });
  for (const result of await rtnetlink.batch(mine.map((one) => deleteRouteRequest(one))))
    if (result !== undefined) problems.push(result.message);
  expectAll(
    'routes left',
    (await patiently(() => route.list({ family: 4, table: 500 + me }))).map(({ dst }) => dst),
    [],
  );
  await link.remove({ name });
  const left = (await patiently(() => link.list())).filter((one) => one.name?.startsWith(`own${me}`));
  expectAll(
    'links left',
    left.map((one) => one.name),
    [],
  );
}

/** What both make, in the same way and the same order, at the same time: neither may be told that it failed. */
async function shareAll(rtnetlink: Rtnetlink): Promise<void> {
  await rtnetlink.link.ensure({ kind: 'ifb', name: 'shared', up: true });
  await rtnetlink.address.ensure({ linkIndex, address: '192.0.2.10/24' });
  await rtnetlink.address.ensure({ linkIndex, address: '2001:db8::10/64' });
  await rtnetlink.route.ensure({ dst: '203.0.113.0/24', gateway: '192.0.2.1', linkIndex });
  await rtnetlink.route.ensure({ dst: '2001:db8:1::/48', gateway: '2001:db8::1', linkIndex });
  await rtnetlink.rule.ensure({ src: '192.0.2.0/24', table: 100, priority: 77 });
  await rtnetlink.neighbour.ensure({ linkIndex, address: '192.0.2.1', mac: '02:00:00:00:00:01' });
}

/** Takes away what both have made, as the other does. */
async function removeAll(rtnetlink: Rtnetlink): Promise<void> {
  await rtnetlink.neighbour.remove({ linkIndex, address: '192.0.2.1' });
  await rtnetlink.rule.remove({ src: '192.0.2.0/24', table: 100, priority: 77 });
  await rtnetlink.route.remove({ dst: '203.0.113.0/24', gateway: '192.0.2.1', linkIndex });
  await rtnetlink.address.remove(linkIndex, '2001:db8::10/64');
  await rtnetlink.address.remove(linkIndex, '192.0.2.10/24');
  await rtnetlink.link.remove({ name: 'shared' });
}

let heard = 0;
let met = 0;
let onHeard = (): void => {};
process.stdin.setEncoding('utf8').on('data', (text: string) => {
  heard += text.split('\n').length - 1;
  onHeard();
});
process.stdin.on('end', () => {
  // The other has ended, so nobody is waited for any more.
  heard = Number.POSITIVE_INFINITY;
  onHeard();
});

/** Waits until the other has come as far: each writes a line, and the test hands it to the other. */
async function meet(): Promise<void> {
  writeSync(1, 'here\n');
  met++;
  await new Promise<void>((resolve) => {
    onHeard = () => {
      if (heard >= met) resolve();
    };
    onHeard();
  });
}

try {
  for (let round = 0; round < Number(rounds); round++) {
    const rtnetlink = connections[round % connections.length];
    if (rtnetlink === undefined) break;
    await meet();
    await shareAll(rtnetlink);
    await keepOwn(rtnetlink, round);
    await meet();
    await removeAll(rtnetlink);
  }
  await meet();
  await Promise.all(connections.map((one) => shareAll(one)));
} catch (error) {
  problems.push(isNicError(error) ? `${error.code} ${error.message}` : String(error instanceof Error ? error.stack : error));
}
for (const one of connections) one.close();
namespace.close();
writeSync(1, `${JSON.stringify({ pid: process.pid, problems })}\n`);
process.stdin.destroy();
