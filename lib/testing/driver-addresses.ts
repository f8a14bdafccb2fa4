import assert from 'node:assert/strict';
import type { LinkAddress, NetworkNamespace } from '../driver.js';
import { assertErrno, assertRangeError, type DefineDriverCase, linkNamed, macs, openSocket } from './driver-bed.js';

/** The addresses that were given, without those a link makes for itself. */
async function given(namespace: NetworkNamespace, linkIndex: number): Promise<readonly string[]> {
  const entries = await namespace.listAddresses(linkIndex);
  for (const entry of entries) assert.equal(entry.linkIndex, linkIndex, 'only addresses of that link are listed');
  return entries
    .map((entry) => entry.address)
    .filter((address) => !address.startsWith('fe80:'))
    .sort();
}

/** Cases about addresses. @internal */
export function defineAddressCases(test: DefineDriverCase): void {
  test('addAddress() adds addresses of both families, listed in canonical form', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    await namespace.changeLink(link.index, { up: true });
    await namespace.addAddress(link.index, '192.168.100.20/24');
    await namespace.addAddress(link.index, 'FD00:0::0020/64');
    assert.deepEqual(await given(namespace, link.index), ['192.168.100.20/24', 'fd00::20/64']);
    namespace.close();
  });

  test('addAddress() works on a link that is down', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    await namespace.addAddress(link.index, '192.168.100.20/24');
    await namespace.addAddress(link.index, 'fd00::20/64');
    assert.deepEqual(await given(namespace, link.index), ['192.168.100.20/24', 'fd00::20/64']);
    namespace.close();
  });

  test('addAddress() of one that is there is no error', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    for (const address of ['10.0.0.2/24', '10.0.0.2/24', 'fd00::2/64', 'fd00::2/64']) await namespace.addAddress(link.index, address);
    assert.deepEqual(await given(namespace, link.index), ['10.0.0.2/24', 'fd00::2/64']);
    namespace.close();
  });

  test('addAddress() gives an address the settings it is told, and listAddresses() shows what is not as usual', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    await namespace.changeLink(link.index, { up: true });
    const linkIndex = link.index;
    await namespace.addAddress(linkIndex, '10.0.0.2/24', { broadcast: '10.0.0.255', label: 'eth1:pod', scope: 253 });
    await namespace.addAddress(linkIndex, '10.0.1.2/24', { noPrefixRoute: true });
    await namespace.addAddress(linkIndex, '10.0.2.2/24', { routeMetric: 50 });
    await namespace.addAddress(linkIndex, '10.0.3.2/24', { label: 'eth1', scope: 0 });
    await namespace.addAddress(linkIndex, 'fd00::2/64', { noPrefixRoute: true });
    const shown = (await namespace.listAddresses(linkIndex)).filter(({ address }) => !address.startsWith('fe80:'));
    const expected: readonly LinkAddress[] = [
      { linkIndex, address: '10.0.0.2/24', broadcast: '10.0.0.255', label: 'eth1:pod', scope: 253 },
      { linkIndex, address: '10.0.1.2/24', noPrefixRoute: true },
      { linkIndex, address: '10.0.2.2/24', routeMetric: 50 },
      { linkIndex, address: '10.0.3.2/24' },
      { linkIndex, address: 'fd00::2/64', noPrefixRoute: true },
    ];
    const byAddress = (a: LinkAddress, b: LinkAddress): number => a.address.localeCompare(b.address);
    assert.deepEqual([...shown].sort(byAddress), [...expected].sort(byAddress));
    const routes = (await namespace.listRoutes()).filter(({ dst }) => !dst.startsWith('fe80:'));
    assert.deepEqual(routes.map(({ dst, metric }) => `${dst} ${metric}`).sort(), [
      '10.0.0.0/24 undefined',
      '10.0.2.0/24 50',
      '10.0.3.0/24 undefined',
    ]);
    namespace.close();
  });

  test('listAddresses() shows addresses in the order of the kernel and those that a link makes for itself as such', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    await namespace.changeLink(link.index, { up: true });
    for (const address of ['fd00::2/64', '10.0.0.2/24', '10.0.0.3/24', '10.0.1.2/24', 'fd00::3/64']) {
      await namespace.addAddress(link.index, address);
    }
    const listed = await namespace.listAddresses(link.index);
    assert.deepEqual(
      listed.filter(({ kernelMade }) => kernelMade !== true).map(({ address }) => address),
      ['10.0.0.2/24', '10.0.1.2/24', '10.0.0.3/24', 'fd00::3/64', 'fd00::2/64'],
    );
    for (const { address } of listed.filter(({ kernelMade }) => kernelMade === true)) assert.ok(address.startsWith('fe80:'), address);
    namespace.close();
  });

  test('listAddresses() lists one link only', async (bed) => {
    const { ref, namespace, link } = await openSocket(bed);
    await bed.plug(ref, { name: 'eth2', mac: macs.second });
    const second = await linkNamed(namespace, 'eth2');
    await namespace.addAddress(link.index, '10.0.0.2/24');
    await namespace.addAddress(second.index, '10.0.1.2/24');
    assert.deepEqual(await given(namespace, link.index), ['10.0.0.2/24']);
    assert.deepEqual(await given(namespace, second.index), ['10.0.1.2/24']);
    namespace.close();
  });

  test('removeAddress() removes an address, and one that is not there is no error', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    await namespace.addAddress(link.index, '10.0.0.2/24');
    await namespace.addAddress(link.index, 'fd00::2/64');
    for (const address of ['10.0.0.2/24', '10.0.0.2/24', 'fd00::2/64', 'fd00::2/64', '10.9.9.9/32']) {
      await namespace.removeAddress(link.index, address);
    }
    assert.deepEqual(await given(namespace, link.index), []);
    await namespace.removeAddress(link.index + 1000, '10.0.0.2/24');
    namespace.close();
  });

  test('removeAddress() leaves the same address with another length alone', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    await namespace.addAddress(link.index, '10.0.0.2/24');
    await namespace.removeAddress(link.index, '10.0.0.2/32');
    assert.deepEqual(await given(namespace, link.index), ['10.0.0.2/24']);
    namespace.close();
  });

  test('addresses of a link that is not there are refused', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    await assertErrno(namespace.addAddress(link.index + 1000, '10.0.0.2/24'), 'ENODEV');
    await assertErrno(namespace.addAddress(link.index + 1000, 'fd00::2/64'), 'ENODEV');
    await assertErrno(namespace.listAddresses(link.index + 1000), 'ENODEV');
    namespace.close();
  });

  test('what is no address is a RangeError', async (bed) => {
    const { namespace, link } = await openSocket(bed);
    for (const address of ['10.0.0.2', '10.0.0.2/33', '10.0.0.256/24', 'fd00::2', 'eth0', '']) {
      await assertRangeError(namespace.addAddress(link.index, address));
      await assertRangeError(namespace.removeAddress(link.index, address));
    }
    namespace.close();
  });
}
