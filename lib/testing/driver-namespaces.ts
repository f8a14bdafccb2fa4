import assert from 'node:assert/strict';
import { assertCode, assertErrno, assertRangeError, type DefineDriverCase, linkNamed, openSocket } from './driver-bed.js';

/** Cases about opening and closing namespaces, and about their settings. @internal */
export function defineNamespaceCases(test: DefineDriverCase): void {
  test('open() refuses what is no network namespace', async ({ driver, noNamespaces }) => {
    assert.ok(noNamespaces.length > 0, 'the bed must name at least one');
    for (const ref of noNamespaces) await assertCode(driver.open(ref), 'ERR_NAMESPACE');
  });

  test("open() opens the caller's own namespace", async ({ driver }) => {
    const namespace = await driver.open({ kind: 'own' });
    const loopbacks = (await namespace.listLinks()).filter((link) => link.loopback);
    assert.deepEqual(
      loopbacks.map((link) => link.name),
      ['lo'],
    );
    namespace.close();
  });

  test('cookie names a namespace, not the way it was opened', async (bed) => {
    const { driver } = bed;
    const ref = await bed.createNamespace();
    const first = await driver.open(ref);
    const again = await driver.open(ref);
    const other = await driver.open(await bed.createNamespace());
    assert.match(first.cookie, /^[0-9]+$/, 'the cookie is decimal text');
    assert.equal(again.cookie, first.cookie);
    assert.notEqual(other.cookie, first.cookie);
    assert.notEqual(first.label, '', 'a namespace has a label for messages');
    for (const namespace of [first, again, other]) namespace.close();
    await bed.removeNamespace(ref);
    const later = await driver.open(await bed.createNamespace());
    assert.notEqual(later.cookie, first.cookie, 'a cookie is not used again');
    later.close();
  });

  test('an open namespace outlives its name', async (bed) => {
    const { ref, namespace, link } = await openSocket(bed);
    await bed.removeNamespace(ref);
    await assertCode(bed.driver.open(ref), 'ERR_NAMESPACE');
    await namespace.changeLink(link.index, { up: true });
    assert.equal((await linkNamed(namespace, 'eth1')).up, true);
    namespace.close();
  });

  test('close() ends a handle, twice', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    namespace.close();
    namespace.close();
    await assertCode(namespace.listLinks(), 'ERR_NAMESPACE');
    await assertCode(namespace.addAddress(link.index, '10.0.0.2/24'), 'ERR_NAMESPACE');
    await assertCode(namespace.readSysctl('ipv4/ip_forward'), 'ERR_NAMESPACE');
    await assertCode(namespace.watchLinks(), 'ERR_NAMESPACE');
  });

  test('handles are independent of each other', async (bed) => {
    const { ref, namespace } = await openSocket(bed);
    const other = await bed.driver.open(ref);
    namespace.close();
    assert.equal((await linkNamed(other, 'eth1')).name, 'eth1');
    other.close();
  });

  test('a call with an aborted signal does nothing', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    const cancelled = { signal: AbortSignal.abort() };
    const late = { signal: AbortSignal.abort(new DOMException('too late', 'TimeoutError')) };
    await assertCode(namespace.changeLink(link.index, { up: true }, cancelled), 'ERR_CANCELLED');
    await assertCode(namespace.changeLink(link.index, { up: true }, late), 'ERR_DEADLINE');
    await assertCode(bed.driver.open({ kind: 'own' }, cancelled), 'ERR_CANCELLED');
    assert.equal((await linkNamed(namespace, 'eth1')).up, false);
    namespace.close();
  });

  test('readSysctl() and writeSysctl() work on this namespace only', async (bed) => {
    const { namespace } = await openSocket(bed);
    const other = await openSocket(bed);
    await other.namespace.writeSysctl('ipv4/conf/eth1/rp_filter', '0');
    await namespace.writeSysctl('ipv4/conf/eth1/rp_filter', '2');
    assert.equal(await namespace.readSysctl('ipv4/conf/eth1/rp_filter'), '2', 'the value comes without line end');
    assert.equal(await other.namespace.readSysctl('ipv4/conf/eth1/rp_filter'), '0');
    namespace.close();
    other.namespace.close();
  });

  test('settings of a link follow its name', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    await namespace.writeSysctl('ipv4/conf/eth1/rp_filter', '2');
    await namespace.changeLink(link.index, { name: 'net1' });
    assert.equal(await namespace.readSysctl('ipv4/conf/net1/rp_filter'), '2');
    assert.equal(await namespace.readSysctl('ipv4/conf/eth1/rp_filter'), undefined);
    namespace.close();
  });

  test('readSysctl() gives undefined for what is not there', async (bed) => {
    const { namespace } = await openSocket(bed);
    assert.equal(await namespace.readSysctl('ipv4/conf/nosuchlink/rp_filter'), undefined);
    namespace.close();
  });

  test('writeSysctl() is refused for what is not there and for what is no value', async (bed) => {
    const { namespace } = await openSocket(bed);
    await assertErrno(namespace.writeSysctl('ipv4/conf/nosuchlink/rp_filter', '2'), 'ENOENT');
    await assertErrno(namespace.writeSysctl('ipv4/conf/eth1/rp_filter', 'loose'), 'EINVAL');
    namespace.close();
  });

  test('sysctl names cannot climb out', async (bed) => {
    const { namespace } = await openSocket(bed);
    for (const name of ['../kernel/hostname', '/ipv4/ip_forward', 'ipv4//ip_forward', ''])
      await assertRangeError(namespace.readSysctl(name));
    await assertRangeError(namespace.writeSysctl('../kernel/hostname', 'x'));
    namespace.close();
  });
}
