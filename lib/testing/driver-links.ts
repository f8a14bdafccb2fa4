import assert from 'node:assert/strict';
import { assertCode, assertErrno, assertRangeError, type DefineDriverCase, linkNamed, macs, openSocket } from './driver-bed.js';

/** Cases about reading and changing links, and about telling the neighbours. @internal */
export function defineLinkCases(test: DefineDriverCase): void {
  test('listLinks() shows every link as it is', async (bed) => {
    const { ref, namespace, link } = await openSocket(bed, { altNames: ['a-name-longer-than-fifteen-bytes'] });
    await bed.plug(ref, { name: 'eth2', mac: macs.second });
    const links = await namespace.listLinks();
    assert.deepEqual(links.map((entry) => entry.name).sort(), ['eth1', 'eth2', 'lo']);
    assert.equal(new Set(links.map((entry) => entry.index)).size, 3, 'indexes are unique');
    assert.deepEqual(
      links.filter((entry) => entry.loopback).map((entry) => entry.name),
      ['lo'],
    );
    assert.equal(link.mac, macs.first);
    assert.deepEqual(link.altNames, ['a-name-longer-than-fifteen-bytes']);
    assert.equal(link.mtu, 1500);
    assert.equal(link.up, false);
    assert.equal(link.carrier, false);
    assert.equal(link.masterIndex, undefined);
    namespace.close();
  });

  test('changeLink() changes what it is told and nothing else', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    await namespace.changeLink(link.index, { up: true });
    assert.deepEqual(await linkNamed(namespace, 'eth1'), { ...link, up: true, carrier: true });
    await namespace.changeLink(link.index, { mtu: 1400 });
    assert.deepEqual(await linkNamed(namespace, 'eth1'), { ...link, up: true, carrier: true, mtu: 1400 });
    await namespace.changeLink(link.index, { up: false });
    assert.deepEqual(await linkNamed(namespace, 'eth1'), { ...link, mtu: 1400 });
    await namespace.changeLink(link.index, { name: 'net1' });
    assert.deepEqual(await linkNamed(namespace, 'net1'), { ...link, mtu: 1400, name: 'net1' });
    namespace.close();
  });

  test('changeLink() does several things in one request', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    await namespace.changeLink(link.index, { name: 'net1', mtu: 1300, up: true });
    assert.deepEqual(await linkNamed(namespace, 'net1'), { ...link, name: 'net1', mtu: 1300, up: true, carrier: true });
    namespace.close();
  });

  test('changeLink() to what is so already is no error and changes nothing', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    await namespace.changeLink(link.index, { name: 'eth1', mtu: link.mtu, up: false });
    assert.deepEqual(await linkNamed(namespace, 'eth1'), link);
    await namespace.changeLink(link.index, { up: true });
    await namespace.addAddress(link.index, '10.0.0.2/24');
    await namespace.addAddress(link.index, 'fd00::2/64');
    // The link-local address comes by itself, some time after the carrier.
    const given = async (): Promise<readonly unknown[]> => [
      ...(await namespace.listRoutes()).filter(({ dst }) => !dst.startsWith('fe80:')),
      ...(await namespace.listAddresses(link.index)).filter(({ kernelMade }) => kernelMade !== true),
    ];
    const before = await given();
    assert.equal(before.length, 4);
    await namespace.changeLink(link.index, { up: true });
    assert.deepEqual(await given(), before);
    namespace.close();
  });

  test('changeLink() down and up again keeps IPv4 addresses and the routes to their ranges, and nothing else', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    await namespace.changeLink(link.index, { up: true });
    await namespace.addAddress(link.index, '10.0.0.2/24');
    await namespace.addAddress(link.index, 'fd00::2/64');
    await namespace.replaceRoute({ dst: '10.9.0.0/16', gateway: '10.0.0.1', linkIndex: link.index });
    await namespace.changeLink(link.index, { up: false });
    await namespace.changeLink(link.index, { up: true });
    const isGiven = (text: string): boolean => !text.startsWith('fe80:');
    const addresses = (await namespace.listAddresses(link.index)).map(({ address }) => address).filter(isGiven);
    assert.deepEqual(addresses, ['10.0.0.2/24']);
    const ranges = (await namespace.listRoutes()).map(({ dst }) => dst).filter(isGiven);
    assert.deepEqual(ranges, ['10.0.0.0/24']);
    namespace.close();
  });

  test('changeLink() is refused a name or alternative name that another link has', async (bed) => {
    const { ref, namespace, link } = await openSocket(bed);
    await bed.plug(ref, { name: 'eth2', mac: macs.second, altNames: ['uplink'] });
    await assertErrno(namespace.changeLink(link.index, { name: 'eth2' }), 'EEXIST');
    await assertErrno(namespace.changeLink(link.index, { name: 'uplink' }), 'EEXIST');
    assert.equal((await linkNamed(namespace, 'eth1')).mac, macs.first);
    namespace.close();
  });

  test('changeLink() is refused for a link that is not there and for an impossible size', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    await assertErrno(namespace.changeLink(link.index + 1000, { up: true }), 'ENODEV');
    await assertErrno(namespace.changeLink(link.index, { mtu: 10 }), 'EINVAL');
    namespace.close();
  });

  test('names that the kernel would not take as they stand are a RangeError', async (bed) => {
    const { ref, namespace, link } = await openSocket(bed);
    const target = await bed.driver.open(ref);
    for (const name of ['', '.', '..', 'a/b', 'a b', 'a:b', 'eth%d', 'sixteen-bytes-xx']) {
      await assertRangeError(namespace.changeLink(link.index, { name }));
      await assertRangeError(namespace.moveLink(link.index, target, name));
    }
    namespace.close();
    target.close();
  });

  test('announce() tells of addresses of both families, and is refused for a link that is not there', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    await namespace.changeLink(link.index, { up: true });
    await namespace.announce(link.index, '10.0.0.2');
    await namespace.announce(link.index, 'fd00::2');
    await namespace.changeLink(link.index, { up: false });
    await assertCode(namespace.announce(link.index, '10.0.0.2'), 'ERR_LINK');
    await assertErrno(namespace.announce(link.index + 1000, '10.0.0.2'), 'ENODEV');
    await assertRangeError(namespace.announce(link.index, '10.0.0.2/24'));
    namespace.close();
  });
}
