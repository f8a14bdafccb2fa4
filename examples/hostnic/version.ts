import { writeSync } from 'node:fs';
// Not from the folder's index: bundlers would load with it all that it exports from, the codecs above all.
import { allVersions, formatVersionReply } from '../../lib/cni/version.js';

/**
 * Answers VERSION, without reading standard input and without loading what the other commands need.
 * `process.stdout` would cost 10 ms here; a line this short is written by one call.
 */
export function answerVersion(): void {
  writeSync(1, formatVersionReply(allVersions));
}
