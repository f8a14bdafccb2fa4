import assert from 'node:assert/strict';
import type { NetworkNamespace, Route, RouteRequest } from '../driver.js';
import { assertErrno, assertRangeError, type DefineDriverCase, type DriverBed, openSocket, type Socket } from './driver-bed.js';

const mainTable = 254;
const madeByKernel = 2;

/** A link that is up with an address of each family. */
async function openConfigured(bed: DriverBed): Promise<Socket> {
  const socket = await openSocket(bed);
  await socket.namespace.changeLink(socket.link.index, { up: true });
  await socket.namespace.addAddress(socket.link.index, '192.168.100.20/24');
  await socket.namespace.addAddress(socket.link.index, 'fd00::20/64');
  return socket;
}

/** Routes that were asked for. */
async function asked(namespace: NetworkNamespace): Promise<readonly Route[]> {
  return (await namespace.listRoutes()).filter((route) => route.protocol !== madeByKernel);
}

const brief = (routes: readonly Route[]): readonly string[] => routes.map((route) => `${route.dst} via ${route.gateway ?? 'link'}`).sort();

/** Cases about routes. @internal */
export function defineRouteCases(test: DefineDriverCase): void {
  test('listRoutes() shows what the kernel makes for addresses, and none of the local table', async (bed) => {
    const { namespace, link } = await openConfigured(bed);
    const routes = (await namespace.listRoutes()).filter((route) => !route.dst.startsWith('fe80:'));
    assert.deepEqual(brief(routes), ['192.168.100.0/24 via link', 'fd00::/64 via link']);
    for (const route of routes) {
      assert.equal(route.linkIndex, link.index);
      assert.equal(route.table, mainTable);
      assert.equal(route.protocol, madeByKernel);
      assert.equal(route.gateway, undefined);
    }
    await namespace.changeLink(link.index, { up: false });
    assert.deepEqual(await namespace.listRoutes(), []);
    namespace.close();
  });

  test('replaceRoute() adds default routes of both families', async (bed) => {
    const { namespace, link } = await openConfigured(bed);
    await namespace.replaceRoute({ dst: '0.0.0.0/0', gateway: '192.168.100.1', linkIndex: link.index });
    await namespace.replaceRoute({ dst: '::/0', gateway: 'FD00::1', linkIndex: link.index });
    const routes = await asked(namespace);
    assert.deepEqual(brief(routes), ['0.0.0.0/0 via 192.168.100.1', '::/0 via fd00::1']);
    for (const route of routes) {
      assert.equal(route.linkIndex, link.index);
      assert.equal(route.table, mainTable);
    }
    assert.equal(routes.find((route) => route.dst === '0.0.0.0/0')?.metric, undefined, 'no metric was set');
    namespace.close();
  });

  test('replaceRoute() puts a route in place of one with the same destination, metric and table', async (bed) => {
    const { namespace, link } = await openConfigured(bed);
    for (const gateway of ['192.168.100.1', '192.168.100.2', '192.168.100.2']) {
      await namespace.replaceRoute({ dst: '10.0.0.0/8', gateway, linkIndex: link.index });
    }
    for (const gateway of ['fd00::1', 'fd00::2', 'fd00::2']) {
      await namespace.replaceRoute({ dst: 'fd09::/16', gateway, linkIndex: link.index });
    }
    assert.deepEqual(brief(await asked(namespace)), ['10.0.0.0/8 via 192.168.100.2', 'fd09::/16 via fd00::2']);
    namespace.close();
  });

  test('replaceRoute() keeps routes of another metric or table', async (bed) => {
    const { namespace, link } = await openConfigured(bed);
    const route = { dst: '10.0.0.0/8', gateway: '192.168.100.1', linkIndex: link.index };
    await namespace.replaceRoute(route);
    await namespace.replaceRoute({ ...route, gateway: '192.168.100.2', metric: 50 });
    await namespace.replaceRoute({ ...route, gateway: '192.168.100.3', table: 1000 });
    const routes = await asked(namespace);
    assert.deepEqual(
      routes.map((entry) => `${entry.gateway} ${entry.metric} ${entry.table}`).sort(),
      ['192.168.100.1 undefined 254', '192.168.100.2 50 254', '192.168.100.3 undefined 1000'].sort(),
    );
    namespace.close();
  });

  test('replaceRoute() takes ranges on the link itself and next hops called on the link', async (bed) => {
    const { namespace, link } = await openConfigured(bed);
    await namespace.replaceRoute({ dst: '172.16.0.0/12', linkIndex: link.index });
    await namespace.replaceRoute({ dst: '10.0.0.0/8', gateway: '203.0.113.1', linkIndex: link.index, onlink: true });
    await namespace.replaceRoute({ dst: 'fd09::/16', linkIndex: link.index });
    assert.deepEqual(brief(await asked(namespace)), ['10.0.0.0/8 via 203.0.113.1', '172.16.0.0/12 via link', 'fd09::/16 via link']);
    namespace.close();
  });

  test('addRoute() adds a route, and is refused where there is one of that destination, metric and table', async (bed) => {
    const { namespace, link } = await openConfigured(bed);
    for (const [dst, gateway, other] of [
      ['10.0.0.0/8', '192.168.100.1', '192.168.100.2'],
      ['fd09::/16', 'fd00::1', 'fd00::2'],
    ] as const) {
      await namespace.addRoute({ dst, gateway, linkIndex: link.index });
      await assertErrno(namespace.addRoute({ dst, gateway: other, linkIndex: link.index }), 'EEXIST');
      await namespace.addRoute({ dst, gateway: other, linkIndex: link.index, metric: 50 });
      await namespace.addRoute({ dst, gateway: other, linkIndex: link.index, table: 1000 });
    }
    assert.equal((await asked(namespace)).length, 6);
    assert.deepEqual(
      (await asked(namespace))
        .filter(({ metric, table }) => metric !== 50 && table === mainTable)
        .map(({ gateway }) => gateway)
        .sort(),
      ['192.168.100.1', 'fd00::1'],
    );
    await assertErrno(namespace.addRoute({ dst: '172.16.0.0/12', gateway: '203.0.113.1', linkIndex: link.index }), 'ENETUNREACH');
    await assertRangeError(namespace.addRoute({ dst: '10.0.0.1/8', linkIndex: link.index }));
    namespace.close();
  });

  test('addRoute() and replaceRoute() give a route the settings it is told, and listRoutes() shows them', async (bed) => {
    const { namespace, link } = await openConfigured(bed);
    const linkIndex = link.index;
    const routes: readonly RouteRequest[] = [
      { dst: '10.0.0.0/8', gateway: '192.168.100.1', linkIndex, protocol: 4, preferredSource: '192.168.100.20', mtu: 1400 },
      { dst: '10.1.0.0/16', linkIndex, scope: 200 },
      { dst: '10.2.0.0/16', gateway: '203.0.113.1', linkIndex, onlink: true, metric: 7, table: 1000 },
      { dst: '10.3.0.0/16', linkIndex, mtu: 1300, metrics: { lock: 1 << 2, initcwnd: 10, quickack: 1, congestionControl: 'reno' } },
      { dst: 'fd09::/16', gateway: 'fd00::1', linkIndex, protocol: 186, preferredSource: 'fd00::20', mtu: 1300, metric: 9 },
      { dst: 'fd0a::/16', gateway: 'fd00::1', linkIndex, metric: 9, metrics: { hoplimit: 9, advmss: 1200, features: 1 } },
    ];
    const shown = async (): Promise<readonly unknown[]> => {
      return [...(await asked(namespace))].sort((a, b) => a.dst.localeCompare(b.dst));
    };
    const expected = routes.map((route) => ({ gateway: undefined, table: mainTable, metric: undefined, protocol: 3, ...route }));
    for (const route of routes) await namespace.addRoute(route);
    assert.deepEqual(await shown(), expected);
    for (const route of routes) await namespace.replaceRoute(route);
    assert.deepEqual(await shown(), expected);
    await assertErrno(namespace.addRoute({ dst: '10.4.0.0/16', linkIndex, preferredSource: '203.0.113.1' }), 'EINVAL');
    await assertRangeError(namespace.addRoute({ dst: '10.4.0.0/16', linkIndex, preferredSource: 'fd00::20' }));
    for (const route of routes) await namespace.removeRoute(route);
    assert.deepEqual(await asked(namespace), []);
    namespace.close();
  });

  test('removeRoute() leaves a route of another maker alone', async (bed) => {
    const { namespace, link } = await openConfigured(bed);
    await namespace.addRoute({ dst: '10.0.0.0/8', linkIndex: link.index, protocol: 4 });
    await namespace.removeRoute({ dst: '10.0.0.0/8', linkIndex: link.index, protocol: 3 });
    assert.equal((await asked(namespace)).length, 1);
    await namespace.removeRoute({ dst: '10.0.0.0/8', linkIndex: link.index, protocol: 4 });
    assert.equal((await asked(namespace)).length, 0);
    namespace.close();
  });

  test('replaceRoute() is refused a next hop out of reach, a link that is down and one that is not there', async (bed) => {
    const { namespace, link } = await openConfigured(bed);
    await assertErrno(namespace.replaceRoute({ dst: '10.0.0.0/8', gateway: '203.0.113.1', linkIndex: link.index }), 'ENETUNREACH');
    await assertErrno(
      namespace.replaceRoute({ dst: 'fd09::/16', gateway: 'fd77::1', linkIndex: link.index }),
      'EHOSTUNREACH',
      'ENETUNREACH',
    );
    await assertErrno(namespace.replaceRoute({ dst: '10.0.0.0/8', linkIndex: link.index + 1000 }), 'ENODEV');
    await namespace.changeLink(link.index, { up: false });
    await assertErrno(namespace.replaceRoute({ dst: '10.0.0.0/8', linkIndex: link.index }), 'ENETDOWN');
    namespace.close();
  });

  test('removeRoute() removes a route, and one that is not there is no error', async (bed) => {
    const { namespace, link } = await openConfigured(bed);
    const routes = [
      { dst: '10.0.0.0/8', gateway: '192.168.100.1', linkIndex: link.index },
      { dst: '172.16.0.0/12', linkIndex: link.index },
      { dst: 'fd09::/16', gateway: 'fd00::1', linkIndex: link.index, metric: 7 },
      { dst: '10.1.0.0/16', gateway: '192.168.100.1', linkIndex: link.index, table: 1000 },
      { dst: '10.2.0.0/16', gateway: '203.0.113.1', linkIndex: link.index, onlink: true },
    ];
    for (const route of routes) await namespace.replaceRoute(route);
    assert.equal((await asked(namespace)).length, routes.length);
    for (const route of [...routes, ...routes]) await namespace.removeRoute(route);
    assert.deepEqual(await asked(namespace), []);
    await namespace.removeRoute({ dst: '10.0.0.0/8', linkIndex: link.index + 1000 });
    namespace.close();
  });

  test('removeRoute() leaves routes with another next hop, metric or table alone', async (bed) => {
    const { namespace, link } = await openConfigured(bed);
    const route = { dst: '10.0.0.0/8', gateway: '192.168.100.1', linkIndex: link.index, metric: 50 };
    await namespace.replaceRoute(route);
    await namespace.removeRoute({ ...route, gateway: '192.168.100.2' });
    await namespace.removeRoute({ ...route, metric: 51 });
    await namespace.removeRoute({ ...route, table: 1000 });
    assert.deepEqual(brief(await asked(namespace)), ['10.0.0.0/8 via 192.168.100.1']);
    namespace.close();
  });

  test('what is no route is a RangeError', async (bed) => {
    const { namespace, link } = await openConfigured(bed);
    const wrong = [
      { dst: '10.0.0.1/8', linkIndex: link.index },
      { dst: 'fd09::1/16', linkIndex: link.index },
      { dst: '10.0.0.0', linkIndex: link.index },
      { dst: '10.0.0.0/8', gateway: 'fd00::1', linkIndex: link.index },
      { dst: '10.0.0.0/8', gateway: '192.168.100.1/24', linkIndex: link.index },
    ];
    for (const route of wrong) {
      await assertRangeError(namespace.replaceRoute(route));
      await assertRangeError(namespace.removeRoute(route));
    }
    namespace.close();
  });
}
