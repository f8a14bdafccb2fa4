import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readPublicApi } from './public-api.js';

// Run by hand when the public API changes on purpose: npx tsx test/support/write-public-api.ts
writeFileSync(resolve(import.meta.dirname, '../fixtures/public-api.json'), `${JSON.stringify(readPublicApi(), undefined, 2)}\n`);
