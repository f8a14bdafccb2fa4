import { writeSync } from 'node:fs';
import { allVersions, formatVersionReply } from '../../lib/cni/index.js';

/**
 * Answers VERSION, without reading standard input and without loading what the other commands need.
 * `process.stdout` would cost 10 ms here; a line this short is written by one call.
 */
export function answerVersion(): void {
  writeSync(1, formatVersionReply(allVersions));
}
