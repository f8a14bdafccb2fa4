import assert from 'node:assert/strict';
import type { StagedRefusal } from './provider-bed.js';
import { assertRefused, createNics, providerErrorOf } from './provider-bed.js';
import { type DefineCase, faultOf } from './provider-suite.js';

/** Whether the same request may succeed later; undefined: some failures of this class may pass, and some not. */
const RETRYABLE: Readonly<Record<StagedRefusal, boolean | undefined>> = {
  ERR_AUTH: false,
  ERR_CLOCK: false,
  ERR_BALANCE: false,
  ERR_QUOTA: false,
  ERR_RATE_LIMIT: true,
  ERR_CAPACITY: true,
  ERR_BUSY: true,
  ERR_SERVICE: undefined,
};

/** A service that calls itself busy or broken need not know how far a request got. */
const DOUBTFUL: readonly StagedRefusal[] = ['ERR_BUSY', 'ERR_SERVICE'];

/** Cases about what is wrong with an account, a host or the service, and not with the request. @internal */
export function defineErrorCases(test: DefineCase): void {
  for (const code of Object.keys(RETRYABLE) as StagedRefusal[]) {
    test.needing('refuse', code)(`what a cloud refuses with ${code} rejects with ${code}, and makes nothing`, async (bed) => {
      const { provider, subnetId } = bed;
      const [id = ''] = await createNics(bed, 'suite-present', 1);
      const instanceId = await provider.instanceId();
      const calls = {
        createNic: () => provider.createNic({ subnetId, name: 'suite-refused' }),
        listNics: () => provider.listNics({ ids: [id] }),
        attachNics: () => provider.attachNics([id], instanceId),
        deleteNics: () => provider.deleteNics([id]),
      };
      // Only what makes or attaches something can use a quota up.
      const targets =
        code === 'ERR_QUOTA' ? (['createNic', 'attachNics'] as const) : (['createNic', 'listNics', 'attachNics', 'deleteNics'] as const);
      for (const target of targets) {
        await faultOf(bed, 'refuse')(target, code);
        const error = DOUBTFUL.includes(code)
          ? await providerErrorOf(calls[target](), `${target}() that is refused`)
          : await assertRefused(calls[target](), `${target}() that is refused`);
        assert.equal(error.code, code, `the code of ${target}()`);
        const retryable = RETRYABLE[code];
        if (retryable !== undefined) assert.equal(error.retryable, retryable, `${code} of ${target}() is retryable: ${retryable}`);
      }
      assert.equal(await bed.countNics('suite-refused'), 0, 'nothing may have been made');
      assert.equal(await bed.countNics('suite-present'), 1, 'nothing may have been deleted');
    });
  }
}
