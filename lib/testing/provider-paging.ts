import assert from 'node:assert/strict';
import { createNics, idsOf } from './provider-bed.js';
import type { DefineCase } from './provider-suite.js';

/** Counts around which pages of usual sizes end: one less, exactly, one more. */
const AROUND_PAGES: readonly number[] = [19, 20, 21, 49, 50, 51, 99, 100, 101, 105];

/** Cases about lists that do not fit into one answer. @internal */
export function definePagingCases(test: DefineCase): void {
  const paged = test.needing('paging');

  paged('listNics() gives every page, each NIC once, wherever a page ends', async (bed) => {
    const { provider, subnetId } = bed;
    const made: string[] = [];
    for (const count of AROUND_PAGES) {
      made.push(...(await createNics(bed, 'suite-page', count - made.length)));
      const found = idsOf(await provider.listNics({ subnetIds: [subnetId], name: 'suite-page' }));
      assert.equal(new Set(found).size, found.length, `listNics() must give each of ${count} NICs once`);
      assert.deepEqual(found, [...made].sort(), `listNics() must give all of ${count} NICs`);
    }
    assert.deepEqual(idsOf(await provider.listNics({ name: 'suite-page' })), [...made].sort(), 'listNics() by name must give every page');
    const free = await provider.listNics({ name: 'suite-page', status: 'available' });
    assert.deepEqual(idsOf(free), [...made].sort(), 'listNics() by status must give every page');
  });

  paged('listNics() takes more ids than fit into one request', async (bed) => {
    const made = await createNics(bed, 'suite-ids', 105);
    const found = await bed.provider.listNics({ ids: [bed.unknownNicId, ...made] });
    assert.deepEqual(idsOf(found), [...made].sort(), 'listNics() must give the NICs of all ids');
  });

  paged('listNics() misses no NIC while others come and go', async (bed) => {
    const { provider, otherProvider, subnetId } = bed;
    const passing = await createNics(bed, 'suite-passing', 5);
    const staying = await createNics(bed, 'suite-staying', 100);
    const lists = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        const found = new Set(idsOf(await provider.listNics({ subnetIds: [subnetId] })));
        const missed = staying.filter((id) => !found.has(id));
        assert.deepEqual(missed, [], 'listNics() must give every NIC that was there all the time');
      }
    };
    const changes = async (): Promise<void> => {
      for (const id of passing) await otherProvider.deleteNics([id]);
    };
    await Promise.all([lists(), changes()]);
  });
}
