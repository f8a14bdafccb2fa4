import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { makeFormattersLate } from '../../../../examples/hostnic/build/slim.js';
import { pluginExecutable } from '../../../support/plugin-executable.js';

describe('makeFormattersLate()', () => {
  it('gives formatters that format as before, and are made when they are used', () => {
    const source = "const and = new Intl.ListFormat('en', { style: 'long', type: 'conjunction' });\n";
    const late = makeFormattersLate(source, 'x.js');
    const run = new Function('Intl', `${late} return and;`);
    const made: unknown[] = [];
    class ListFormat extends Intl.ListFormat {
      constructor(...args: ConstructorParameters<typeof Intl.ListFormat>) {
        super(...args);
        made.push(args);
      }
    }
    const formatter = run({ ListFormat });
    expect(made).to.deep.equal([]);
    expect(formatter.format(['a', 'b'])).to.equal('a and b');
    expect(made).to.deep.equal([['en', { style: 'long', type: 'conjunction' }]]);
  });

  it('refuses a source without formatters', () => {
    expect(() => makeFormattersLate('const x = 1;', 'x.js')).to.throw('x.js');
  });
});

describe('the bundled plugin', () => {
  it('holds none of what got loads in vain, and each function of fp-ts once', async () => {
    const folder = dirname(await pluginExecutable());
    const names = (await readdir(folder)).filter((name) => name.endsWith('.js'));
    const text = (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join('\n');
    // Words that only these packages have, and one that got has.
    for (const word of ['originSet', 'cachePolicy', 'maxTtl', 'fp-ts/lib']) expect(text, word).not.to.include(word);
    expect(text).to.include('PCancelable');
    expect(text.match(/var isLeft\d* = function/g)).to.have.length(1);
  });
});
