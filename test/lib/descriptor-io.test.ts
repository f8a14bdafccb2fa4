import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readToEnd, writeFully } from '../../lib/descriptor-io.js';

describe('readToEnd() and writeFully()', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'descriptor-io-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function openFifo(): { reader: number; writer: number } {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    return { reader, writer: openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK) };
  }

  it('waits for what comes late through a non-blocking pipe', async () => {
    const { reader, writer } = openFifo();
    writeSync(writer, 'first ');
    // It reads all there is before it returns, and finds the pipe empty but open.
    const reading = readToEnd(reader, 1000);
    writeSync(writer, 'second');
    closeSync(writer);
    expect(Buffer.from(await reading).toString()).to.equal('first second');
    closeSync(reader);
  });

  it('stops soon after the most that is wanted', async () => {
    const { reader, writer } = openFifo();
    writeSync(writer, 'x'.repeat(2000));
    const bytes = await readToEnd(reader, 1000);
    expect(bytes.length).to.equal(2000);
    closeSync(writer);
    closeSync(reader);
  });

  it('names the descriptor that cannot be read', async () => {
    const fd = openSync(folder, constants.O_RDONLY);
    const error: unknown = await readToEnd(fd, 10).catch((reason: unknown) => reason);
    closeSync(fd);
    expect(error).to.include({ code: 'ERR_IO', message: `descriptor ${fd}: EISDIR` });
    expect((error as Error).cause).to.include({ code: 'EISDIR' });
  });

  it('writes every byte, also of texts that are not ASCII', () => {
    const path = join(folder, 'out');
    const fd = openSync(path, 'w');
    const text = 'é'.repeat(100_000);
    expect(writeFully(fd, text)).to.equal(true);
    closeSync(fd);
    expect(readFileSync(path, 'utf8')).to.equal(text);
  });

  it('gives up when nobody reads', () => {
    const { reader, writer } = openFifo();
    closeSync(reader);
    expect(writeFully(writer, 'x')).to.equal(false);
    closeSync(writer);
  });
});
