import { readSync, writeSync } from 'node:fs';
import { NicError } from './errors.js';

/** How long to wait when a descriptor is not ready, in milliseconds. */
const retryMs = 2;
const chunkBytes = 64 * 1024;

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/**
 * Reads a descriptor to its end, or until a little more than `maxBytes` were read.
 *
 * With `fs.readSync`, since `process.stdin` costs 5 to 8 ms at start-up. A descriptor that is not ready (someone's non-blocking pipe)
 * is tried again; a blocking one blocks the thread.
 * @throws NicError `ERR_IO`
 */
export async function readToEnd(fd: number, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  while (total <= maxBytes) {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    let count: number;
    try {
      count = readSync(fd, chunk, 0, chunk.length, null);
    } catch (error) {
      if (errnoOf(error) === 'EINTR') continue;
      if (errnoOf(error) !== 'EAGAIN') throw new NicError('ERR_IO', `descriptor ${fd}: ${errnoOf(error)}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      continue;
    }
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  return Buffer.concat(chunks);
}

/**
 * Writes all of a text to a descriptor before it returns.
 *
 * With `fs.writeSync`, since `process.stdout` costs 10 ms at start-up and loses what exceeds the pipe's buffer when the process exits.
 * @returns whether all was written; otherwise nobody reads any more
 */
export function writeFully(fd: number, text: string): boolean {
  const bytes = Buffer.from(text);
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      if (errnoOf(error) === 'EINTR') continue;
      if (errnoOf(error) !== 'EAGAIN') return false;
      // The process is about to end and may be inside its exit event, where nothing asynchronous happens any more.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
    }
  }
  return true;
}
