import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createPluginLog, loadDebugPrinter } from '../../../examples/hostnic/plugin-log.js';

describe('createPluginLog()', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hostnic-log-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('gives every line to the printer and appends those of its level to the file as JSON', async () => {
    const lines: string[] = [];
    const file = join(folder, 'a.log');
    const options = {
      level: 'info',
      file,
      context: { command: 'ADD', containerId: 'c1' },
      print: (line: string) => lines.push(line),
    } as const;
    const log = createPluginLog(options);
    log.debug('detail');
    log.info('attached', { nicId: 'n1', pod: undefined, took: 12, text: 'two words' });
    createPluginLog(options).warn('second');
    expect(lines).to.deep.equal([
      'debug: detail command=ADD containerId=c1',
      'info: attached command=ADD containerId=c1 nicId=n1 took=12 text="two words"',
      'warn: second command=ADD containerId=c1',
    ]);
    const written = (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(written).to.have.length(2);
    expect(written[0]).to.deep.include({ level: 'info', message: 'attached', command: 'ADD', nicId: 'n1', took: 12, pid: process.pid });
    expect(Date.parse(String(written[0]?.['time']))).to.be.greaterThan(0);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
  });

  it('does not wait for a reader of a pipe that stands in the place of the file', () => {
    const pipe = join(folder, 'pipe');
    expect(spawnSync('mkfifo', [pipe]).status).to.equal(0);
    const lines: string[] = [];
    createPluginLog({ level: 'info', file: pipe, context: {}, print: (line) => lines.push(line) }).info('one');
    expect(lines.at(-1)).to.match(/nothing more is logged to .*ENXIO/);
  });

  it('says once that a file cannot be written to, and goes on', () => {
    const lines: string[] = [];
    const log = createPluginLog({ level: 'debug', file: folder, context: {}, print: (line) => lines.push(line) });
    log.info('one');
    log.debug('two');
    expect(lines).to.have.length(3);
    expect(lines[1]).to.match(/nothing more is logged to .*EISDIR/);
  });
});

describe('loadDebugPrinter()', () => {
  it('gives nothing unless DEBUG names hostnic', async () => {
    expect(await loadDebugPrinter({})).to.equal(undefined);
    expect(await loadDebugPrinter({ DEBUG: '' })).to.equal(undefined);
  });
});
