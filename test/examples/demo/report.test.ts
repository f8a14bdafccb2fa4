import { expect } from 'chai';
import { formatTable, Report } from '../../../examples/demo/report.js';
import { median } from '../../../examples/demo/timing.js';

describe('formatTable()', () => {
  it('aligns texts to the left, and numbers from the third column on to the right', () => {
    expect(
      formatTable(
        ['step', 'outcome', 'ms'],
        [
          ['a', 'fine', '7'],
          ['a long one', 'x', '1234'],
        ],
      ),
    ).to.deep.equal(['step        outcome    ms', '----------  -------  ----', 'a           fine        7', 'a long one  x        1234']);
  });
});

describe('median()', () => {
  it('takes the middle, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).to.equal(5);
    expect(median([4, 1, 9, 2])).to.equal(3);
    expect(median([7])).to.equal(7);
  });
});

describe('Report', () => {
  let lines: string[];
  let now: number;
  let stop: AbortController;
  let report: Report;
  beforeEach(() => {
    lines = [];
    now = 5_000;
    stop = new AbortController();
    report = new Report(
      (line) => lines.push(line),
      () => now,
      stop.signal,
    );
  });

  it('says what happens with the time since the start, and puts steps into the summary', async () => {
    now += 1_500;
    const value = await report.step(
      'ADD pod',
      async () => {
        now += 250;
        return 42;
      },
      (found) => `found ${found}`,
    );
    expect(value).to.equal(42);
    expect(lines).to.deep.equal(['   1.75 s  ADD pod: found 42 (250 ms)']);
    expect(report.summary().at(-1)).to.equal('ADD pod  found 42  250');
  });

  async function failing(): Promise<unknown> {
    try {
      await report.step(
        'DEL pod',
        async () => Promise.reject(new Error('no')),
        () => 'gone',
      );
      return undefined;
    } catch (error) {
      return error;
    }
  }

  it('notes a step that fails, and passes its error on', async () => {
    expect(await failing())
      .to.be.an('error')
      .with.property('message', 'no');
    expect(report.summary().at(-1)).to.match(/^DEL pod {2}FAILED +0$/);
  });

  it('calls a step stopped that breaks off since somebody wants the end', async () => {
    stop.abort();
    await failing();
    expect(lines.at(-1)).to.match(/DEL pod: stopped$/);
  });
});
