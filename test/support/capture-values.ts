/** Writes test/fixtures/qingcloud/go-values.json: how Go's standard library trims and encodes parameter values. Needs Go. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const around = (text: string): readonly string[] => [text, `${text}a`, `a${text}`, `a${text}b`, ` ${text} `];
const blanks = [
  '\t',
  '\n',
  '\v',
  '\f',
  '\r',
  ' ',
  '\u0085',
  '\u00a0',
  '\u1680',
  '\u180e',
  '\u2000',
  '\u2005',
  '\u200a',
  '\u200b',
  '\u2028',
  '\u2029',
];
const values = [
  ...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)),
  ...[...blanks, '\u202f', '\u205f', '\u2060', '\u3000', '\ufeff', '\u001c', '\u001f'].flatMap(around),
  ...['é', '网卡', '\u{1f600}', '\u{10ffff}', '\ufffd', '\ud800', '\udc00', '\udc00\ud800', '\ud83d\ude00\ud83d', 'e\u0301'].flatMap(
    around,
  ),
  ...["!'()*", '~-_.', '%20', '%', '+', 'a+b c', '&=?#/', '"<>\\^`{|}', '', '  ', 'nics.1'],
];
const program = fileURLToPath(new URL('./go-values/main.go', import.meta.url));
const encoded: string[] = JSON.parse(execFileSync('go', ['run', program], { input: JSON.stringify(values), encoding: 'utf8' }));
const go = execFileSync('go', ['version'], { encoding: 'utf8' }).trim();
// JSON.stringify writes halves of characters as escapes, so that the file stays UTF-8.
const lines = values.map((value, index) => `    ${JSON.stringify([value, encoded[index]])}`).join(',\n');
writeFileSync(
  new URL('../fixtures/qingcloud/go-values.json', import.meta.url),
  `{\n  "origin": "strings.TrimSpace and url.QueryEscape of ${go}; written by test/support/capture-values.ts",\n  "cases": [\n${lines}\n  ]\n}\n`,
);
