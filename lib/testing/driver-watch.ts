import assert from 'node:assert/strict';
import type { Link } from '../driver.js';
import { assertCode, type DefineDriverCase, macs, openSocket, refusalOf } from './driver-bed.js';

const withMac =
  (mac: string) =>
  (links: readonly Link[]): Link | undefined =>
    links.find((link) => link.mac === mac);

/** Cases about watching links. @internal */
export function defineWatchCases(test: DefineDriverCase): void {
  test('waitFor() sees a link that is there already', async (bed, patience) => {
    const { namespace, link } = await openSocket(bed);
    const watch = await namespace.watchLinks();
    assert.deepEqual(await watch.waitFor(withMac(macs.first), patience()), link);
    watch.close();
    namespace.close();
  });

  test('waitFor() sees a link that is plugged while it waits', async (bed, patience) => {
    const { ref, namespace } = await openSocket(bed);
    const watch = await namespace.watchLinks();
    const seen = watch.waitFor(withMac(macs.second), patience());
    await bed.plug(ref, { name: 'eth2', mac: macs.second });
    assert.equal((await seen).name, 'eth2');
    watch.close();
    namespace.close();
  });

  test('waitFor() sees a link that was plugged between the opening of the watch and the wait', async (bed, patience) => {
    const { ref, namespace } = await openSocket(bed);
    const watch = await namespace.watchLinks();
    await bed.plug(ref, { name: 'eth2', mac: macs.second });
    assert.equal((await watch.waitFor(withMac(macs.second), patience())).name, 'eth2');
    watch.close();
    namespace.close();
  });

  test('waitFor() sees a link go, be renamed, come up and be moved away', async (bed, patience) => {
    const { ref, namespace, link } = await openSocket(bed);
    const target = await bed.driver.open(await bed.createNamespace());
    await bed.plug(ref, { name: 'eth2', mac: macs.second });
    const watch = await namespace.watchLinks();
    const waits = [
      watch.waitFor((links) => links.every((entry) => entry.mac !== macs.second) || undefined, patience()),
      watch.waitFor((links) => links.some((entry) => entry.name === 'net1') || undefined, patience()),
      watch.waitFor((links) => links.some((entry) => entry.up && entry.mac === macs.first) || undefined, patience()),
    ];
    await bed.unplug(ref, 'eth2');
    await namespace.changeLink(link.index, { name: 'net1' });
    await namespace.changeLink(link.index, { up: true });
    assert.deepEqual(await Promise.all(waits), [true, true, true]);
    const gone = watch.waitFor((links) => links.every((entry) => entry.mac !== macs.first) || undefined, patience());
    await namespace.moveLink(link.index, target, 'eth0');
    assert.equal(await gone, true);
    watch.close();
    namespace.close();
    target.close();
  });

  test('waitFor() sees a link arrive from another namespace under its new name', async (bed, patience) => {
    const { namespace, link } = await openSocket(bed);
    const target = await bed.driver.open(await bed.createNamespace());
    const watch = await target.watchLinks();
    const seen = watch.waitFor((links) => links.find(({ name }) => name === 'eth0'), patience());
    const moved = await namespace.moveLink(link.index, target, 'eth0');
    assert.deepEqual(await seen, moved);
    watch.close();
    namespace.close();
    target.close();
  });

  test('close() of one watch leaves the others alone', async (bed, patience) => {
    const { ref, namespace } = await openSocket(bed);
    const [first, second] = [await namespace.watchLinks(), await namespace.watchLinks()];
    const seen = second.waitFor(withMac(macs.second), patience());
    first.close();
    await bed.plug(ref, { name: 'eth2', mac: macs.second });
    assert.equal((await seen).name, 'eth2');
    second.close();
    namespace.close();
  });

  test('waitFor() settles on the true state after many changes', async (bed, patience) => {
    const { ref, namespace } = await openSocket(bed);
    const watch = await namespace.watchLinks();
    for (let n = 0; n < 12; n++) {
      await bed.plug(ref, { name: `many${n}`, mac: `52:54:00:00:02:${n.toString(16).padStart(2, '0')}` });
      if (n % 2 === 0) await bed.unplug(ref, `many${n}`);
    }
    const names = await watch.waitFor((links) => {
      const many = links.map((entry) => entry.name).filter((name) => name.startsWith('many'));
      return many.includes('many11') ? many : undefined;
    }, patience());
    const expected = ['many1', 'many11', 'many3', 'many5', 'many7', 'many9'];
    assert.deepEqual([...names].sort(), expected);
    const listed = (await namespace.listLinks()).map((entry) => entry.name).filter((name) => name.startsWith('many'));
    assert.deepEqual(listed.sort(), expected);
    watch.close();
    namespace.close();
  });

  test('waitFor() ends with its signal and leaves other waits alone', async (bed, patience) => {
    const { ref, namespace } = await openSocket(bed);
    const watch = await namespace.watchLinks();
    const giveUp = new AbortController();
    const tooLate = new AbortController();
    const cancelled = assertCode(watch.waitFor(withMac(macs.second), { signal: giveUp.signal }), 'ERR_CANCELLED');
    const late = assertCode(watch.waitFor(withMac(macs.second), { signal: tooLate.signal }), 'ERR_DEADLINE');
    const patient = watch.waitFor(withMac(macs.second), patience());
    giveUp.abort();
    tooLate.abort(new DOMException('too late', 'TimeoutError'));
    await Promise.all([cancelled, late]);
    await assertCode(watch.waitFor(withMac(macs.first), { signal: AbortSignal.abort() }), 'ERR_CANCELLED');
    await bed.plug(ref, { name: 'eth2', mac: macs.second });
    assert.equal((await patient).name, 'eth2');
    watch.close();
    namespace.close();
  });

  test('waitFor() rejects with what its match throws, and leaves other waits alone', async (bed, patience) => {
    const { ref, namespace } = await openSocket(bed);
    const watch = await namespace.watchLinks();
    const fault = new Error('two candidates');
    const broken = refusalOf(
      watch.waitFor((links) => {
        if (withMac(macs.second)(links) !== undefined) throw fault;
        return undefined;
      }, patience()),
      'a match that throws',
    );
    const whole = watch.waitFor(withMac(macs.second), patience());
    await bed.plug(ref, { name: 'eth2', mac: macs.second });
    assert.equal(await broken, fault);
    assert.equal((await whole).name, 'eth2');
    watch.close();
    namespace.close();
  });

  test('close() of a watch ends its waits, twice', async (bed, patience) => {
    const { namespace } = await openSocket(bed);
    const watch = await namespace.watchLinks();
    const wait = assertCode(watch.waitFor(withMac(macs.second), patience()), 'ERR_CANCELLED');
    watch.close();
    watch.close();
    await wait;
    await assertCode(watch.waitFor(withMac(macs.first), patience()), 'ERR_CANCELLED');
    namespace.close();
  });

  test('close() of a namespace closes its watches', async (bed, patience) => {
    const { namespace } = await openSocket(bed);
    const watch = await namespace.watchLinks();
    const wait = assertCode(watch.waitFor(withMac(macs.second), patience()), 'ERR_CANCELLED');
    namespace.close();
    await wait;
  });
}
