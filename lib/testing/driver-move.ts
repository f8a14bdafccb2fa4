import assert from 'node:assert/strict';
import { assertCode, assertErrno, type DefineDriverCase, linkByMac, linkNamed, macs, openSocket } from './driver-bed.js';

/** Cases about moving links between namespaces. @internal */
export function defineMoveCases(test: DefineDriverCase): void {
  test('moveLink() moves and renames, and gives the link as read in the target', async (bed) => {
    const { namespace, link } = await openSocket(bed, { altNames: ['uplink'] });
    const target = await bed.driver.open(await bed.createNamespace());
    const moved = await namespace.moveLink(link.index, target, 'eth0');
    assert.deepEqual(moved, await linkNamed(target, 'eth0'));
    assert.equal(moved.mac, macs.first);
    assert.equal(moved.up, false);
    assert.deepEqual(moved.altNames, ['uplink'], 'alternative names that clash with nothing stay');
    assert.equal(await linkByMac(namespace, macs.first), undefined);
    namespace.close();
    target.close();
  });

  test('moveLink() of a link that is up and configured arrives down and bare', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    const target = await bed.driver.open(await bed.createNamespace());
    await namespace.changeLink(link.index, { up: true, mtu: 1400 });
    await namespace.addAddress(link.index, '10.0.0.2/24');
    await namespace.addAddress(link.index, 'fd00::2/64');
    const moved = await namespace.moveLink(link.index, target, 'eth1');
    assert.equal(moved.up, false);
    assert.equal(moved.mtu, 1400, 'the size belongs to the link');
    assert.deepEqual(await target.listAddresses(moved.index), []);
    assert.deepEqual(await target.listRoutes(), []);
    assert.deepEqual(
      (await namespace.listRoutes()).filter((route) => route.linkIndex === link.index),
      [],
    );
    namespace.close();
    target.close();
  });

  test('moveLink() finds the link under the index it has in the target', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    const ref = await bed.createNamespace();
    const target = await bed.driver.open(ref);
    // Other links take the index it has now.
    for (let n = 0; !(await target.listLinks()).some((other) => other.index === link.index); n++) {
      assert.ok(n < 64, `index ${link.index} is never given to a new link`);
      await bed.plug(ref, { name: `other${n}`, mac: `52:54:00:00:01:${n.toString(16).padStart(2, '0')}` });
    }
    const moved = await namespace.moveLink(link.index, target, 'eth0');
    assert.notEqual(moved.index, link.index);
    assert.equal((await linkByMac(target, macs.first))?.index, moved.index);
    namespace.close();
    target.close();
  });

  test('moveLink() to a name that is taken is refused although the link has moved, under its old name', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    const other = await openSocket(bed, { name: 'eth0', mac: macs.second });
    await assertErrno(namespace.moveLink(link.index, other.namespace, 'eth0'), 'EEXIST');
    assert.equal(await linkByMac(namespace, macs.first), undefined);
    assert.equal((await linkByMac(other.namespace, macs.first))?.name, 'eth1');
    assert.equal((await linkByMac(other.namespace, macs.second))?.name, 'eth0');
    namespace.close();
    other.namespace.close();
  });

  test('moveLink() is refused unmoved when the old and the new name are both taken', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    const other = await openSocket(bed, { name: 'eth0', mac: macs.second });
    await bed.plug(other.ref, { name: 'eth1', mac: '52:54:00:00:00:03' });
    await assertErrno(namespace.moveLink(link.index, other.namespace, 'eth0'), 'EEXIST');
    assert.equal((await linkByMac(namespace, macs.first))?.name, 'eth1');
    namespace.close();
    other.namespace.close();
  });

  test('moveLink() does not mind that only its old name is taken in the target', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    const other = await openSocket(bed, { name: 'eth1', mac: macs.second });
    const moved = await namespace.moveLink(link.index, other.namespace, 'eth0');
    assert.equal(moved.mac, macs.first);
    assert.equal((await linkByMac(other.namespace, macs.second))?.name, 'eth1');
    namespace.close();
    other.namespace.close();
  });

  test('moveLink() gives up alternative names that clash in the target, and only those', async (bed) => {
    const { namespace, link } = await openSocket(bed, { altNames: ['clash-with-alt', 'clash-name', 'unique'] });
    const other = await openSocket(bed, { name: 'clash-name', mac: macs.second, altNames: ['clash-with-alt'] });
    const moved = await namespace.moveLink(link.index, other.namespace, 'eth0');
    assert.deepEqual(moved.altNames, ['unique']);
    assert.deepEqual((await linkByMac(other.namespace, macs.second))?.altNames, ['clash-with-alt']);
    namespace.close();
    other.namespace.close();
  });

  test('moveLink() takes a name that was an alternative name of the link itself', async (bed) => {
    const { namespace, link } = await openSocket(bed, { altNames: ['eth0'] });
    const target = await bed.driver.open(await bed.createNamespace());
    const moved = await namespace.moveLink(link.index, target, 'eth0');
    assert.equal(moved.mac, macs.first);
    assert.deepEqual(moved.altNames, []);
    namespace.close();
    target.close();
  });

  test('moveLink() goes there and back', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    const target = await bed.driver.open(await bed.createNamespace());
    const moved = await namespace.moveLink(link.index, target, 'eth0');
    const back = await target.moveLink(moved.index, namespace, 'eth1');
    assert.equal((await linkNamed(namespace, 'eth1')).index, back.index);
    assert.equal(await linkByMac(target, macs.first), undefined);
    namespace.close();
    target.close();
  });

  test('moveLink() within one namespace only renames', async (bed) => {
    const { ref, namespace, link } = await openSocket(bed);
    const again = await bed.driver.open(ref);
    const moved = await namespace.moveLink(link.index, again, 'eth0');
    assert.equal(moved.mac, macs.first);
    assert.equal(moved.name, 'eth0');
    namespace.close();
    again.close();
  });

  test('moveLink() gives the link the settings of the target, not its old ones', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    const target = await bed.driver.open(await bed.createNamespace());
    await namespace.writeSysctl('ipv4/conf/eth1/rp_filter', '2');
    await target.writeSysctl('ipv4/conf/default/rp_filter', '1');
    await namespace.moveLink(link.index, target, 'eth0');
    assert.equal(await target.readSysctl('ipv4/conf/eth0/rp_filter'), '1');
    namespace.close();
    target.close();
  });

  test('moveLink() of the loopback is refused, and it stays as it is', async (bed) => {
    const { namespace } = await openSocket(bed);
    const target = await bed.driver.open(await bed.createNamespace());
    const before = await linkNamed(namespace, 'lo');
    await assertErrno(namespace.moveLink(before.index, target, 'lo1'), 'EINVAL');
    assert.deepEqual(await linkNamed(namespace, 'lo'), before);
    assert.deepEqual(
      (await target.listLinks()).map((link) => link.name),
      ['lo'],
    );
    namespace.close();
    target.close();
  });

  test('moveLink() reaches a namespace whose name was taken away, as long as it is open', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    const ref = await bed.createNamespace();
    const target = await bed.driver.open(ref);
    await bed.removeNamespace(ref);
    await namespace.moveLink(link.index, target, 'eth0');
    assert.equal((await linkNamed(target, 'eth0')).mac, macs.first);
    const back = await target.moveLink((await linkNamed(target, 'eth0')).index, namespace, 'eth1');
    assert.equal(back.mac, macs.first);
    target.close();
    namespace.close();
  });

  test('moveLink() moves the link of that index, whatever it is called by now', async (bed) => {
    const { ref, namespace, link } = await openSocket(bed);
    await bed.plug(ref, { name: 'eth2', mac: macs.second });
    const target = await bed.driver.open(await bed.createNamespace());
    const other = await bed.driver.open(ref);
    await other.changeLink(link.index, { name: 'tmp0' });
    await other.changeLink((await linkNamed(other, 'eth2')).index, { name: 'eth1' });
    const moved = await namespace.moveLink(link.index, target, 'eth0');
    assert.equal(moved.mac, macs.first);
    assert.equal((await linkNamed(namespace, 'eth1')).mac, macs.second);
    for (const open of [namespace, other, target]) open.close();
  });

  test('moveLink() of several links at once to one name gives it to one of them, and loses none', async (bed) => {
    const { ref, namespace, link } = await openSocket(bed);
    await bed.plug(ref, { name: 'eth2', mac: macs.second });
    const second = await linkNamed(namespace, 'eth2');
    const target = await bed.driver.open(await bed.createNamespace());
    const moves = await Promise.allSettled([link, second].map(({ index }) => namespace.moveLink(index, target, 'eth0')));
    const arrived = moves.flatMap((move) => (move.status === 'fulfilled' ? [move.value] : []));
    const refused = moves.flatMap((move) => (move.status === 'rejected' ? [move.reason as unknown] : []));
    assert.equal(arrived.length, 1, 'one has the name');
    for (const reason of refused) await assertErrno(Promise.reject(reason), 'EEXIST');
    assert.equal((await linkNamed(target, 'eth0')).mac, arrived[0]?.mac);
    for (const mac of [macs.first, macs.second]) {
      const places = await Promise.all([namespace, target].map((place) => linkByMac(place, mac)));
      assert.equal(places.filter((place) => place !== undefined).length, 1, `${mac} is in one place`);
    }
    namespace.close();
    target.close();
  });

  test('moveLink() is refused for a link that is not there, a closed target and an aborted signal', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    const target = await bed.driver.open(await bed.createNamespace());
    await assertErrno(namespace.moveLink(link.index + 1000, target, 'eth0'), 'ENODEV');
    await assertCode(namespace.moveLink(link.index, target, 'eth0', { signal: AbortSignal.abort() }), 'ERR_CANCELLED');
    target.close();
    await assertCode(namespace.moveLink(link.index, target, 'eth0'), 'ERR_NAMESPACE');
    assert.equal((await linkNamed(namespace, 'eth1')).mac, macs.first);
    namespace.close();
  });
}
