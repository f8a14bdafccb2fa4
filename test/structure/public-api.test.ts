import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { readPublicApi } from '../support/public-api.js';

describe('the public API', function () {
  // The compiler reads the whole package.
  this.timeout(120_000);

  it('is what test/fixtures/public-api.json records (after a change on purpose: npx tsx test/support/write-public-api.ts)', () => {
    const recorded: unknown = JSON.parse(readFileSync(resolve(import.meta.dirname, '../fixtures/public-api.json'), 'utf8'));
    expect(readPublicApi()).to.deep.equal(recorded);
  });
});
