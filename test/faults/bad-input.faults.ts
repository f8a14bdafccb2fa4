import * as fs from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { expectOneAnswer } from '../support/cni-answer.js';
import { BYSTANDER, FUZZ_SECRET, type FuzzBed, openFuzzBed } from '../support/fuzz-bed.js';
import { type FuzzKind, fuzzedCall, fuzzKinds, goodEnvironment } from '../support/fuzzed-call.js';
import { createDice, damageText } from '../support/mutations.js';
import { seededRandom } from '../support/random.js';
import { printFigures, scaled } from './scale.js';

const POD = '/run/netns/c1';
const namespaces = [POD, BYSTANDER, '', '/proc/self/ns/net', '/run/netns/nowhere'];

describe('bad input of every kind', function () {
  this.timeout(scaled({ short: 60_000, full: 3_600_000 }));
  const random = seededRandom();
  const dice = createDice(random);
  const cases = scaled({ short: 60, full: 4000 });
  let bed: FuzzBed;

  before(async () => {
    bed = await openFuzzBed();
  });
  after(() => bed?.close());

  const good = (command: string): Promise<number> =>
    serve(goodEnvironment(command, 'c1', POD), JSON.stringify({ ...bed.conf, 'cni.dev/valid-attachments': [] }));

  async function serve(env: Readonly<Record<string, string>>, stdin: string): Promise<number> {
    const { exitCode, stdout } = await bed.call({ env, stdin });
    expect(stdout).not.to.include(FUZZ_SECRET);
    return expectOneAnswer(env['CNI_COMMAND'] ?? '', exitCode, stdout);
  }

  /** Files of the plugin's own folders, those of the living container left out. */
  function files(): readonly string[] {
    const kept = fs.readdirSync(join(bed.base, 'snapshot', 'data', 'attachments'));
    return ['data', 'host'].flatMap((name) => {
      const directory = join(bed.base, name);
      return fs
        .readdirSync(directory, { withFileTypes: true, recursive: true })
        .filter((entry) => !entry.isDirectory() && !kept.includes(entry.name))
        .map((entry) => join(entry.parentPath, entry.name));
    });
  }

  function damageFile(path: string): void {
    const text = fs.readFileSync(path, 'utf8');
    fs.rmSync(path, { force: true });
    dice.pick([
      () => fs.writeFileSync(path, damageText(dice, text)),
      () => fs.writeFileSync(path, damageText(dice, text)),
      () => fs.writeFileSync(path, damageText(dice, text)),
      () => fs.writeFileSync(path, text.slice(0, dice.number(text.length + 1))),
      () => fs.writeFileSync(path, text.replace(/"version":\d+/, '"version":7')),
      () => fs.writeFileSync(path, Buffer.from(Array.from({ length: 200 }, () => dice.number(256)))),
      () => fs.writeFileSync(path, ' '.repeat(1024 * 1024 + 1)),
      () => fs.mkdirSync(join(path, 'folder'), { recursive: true }),
      () => fs.symlinkSync(join(bed.base, 'outside', 'victim'), path),
      () => fs.symlinkSync('/dev/zero', path),
      () => {},
    ])();
  }

  /** A person does what the messages say: removes what is no file, and records that cannot be read. */
  function repair(): void {
    for (const path of files()) if (!fs.lstatSync(path).isFile()) fs.rmSync(path);
    for (const name of ['data', 'host']) {
      for (const entry of fs.readdirSync(join(bed.base, name), { withFileTypes: true, recursive: true })) {
        const path = join(entry.parentPath, entry.name);
        if (entry.isDirectory() && /\.json|\.cancel|-[0-9a-f]{3}$/.test(entry.name)) fs.rmSync(path, { recursive: true });
        else if (entry.isFile() && fs.readFileSync(path, 'utf8').includes('"version":7')) fs.rmSync(path);
      }
    }
  }

  /** Runs DEL as runtimes do, which may say a few times that it is not done, and GC for the gateway whose record is damaged. */
  async function letGo(label: string): Promise<void> {
    const codes: string[] = [];
    const left = (): readonly string[] => bed.own().map((nic) => nic.name);
    for (let tries = 0; tries < 6 && left().length > 0; tries++) {
      const isPod = left().some((name) => name.startsWith('hostnic-p'));
      codes.push(`${isPod ? 'DEL' : 'GC'} ${await good(isPod ? 'DEL' : 'GC')}`);
      if (tries === 1) repair();
      bed.clock.skip(120_000);
    }
    if (left().length > 0)
      for (const path of files()) console.log(path, fs.lstatSync(path).isFile() ? fs.readFileSync(path, 'utf8').slice(0, 600) : 'no file');
    expect(left(), `${label}: ${codes.join(', ')}`).to.deep.equal([]);
  }

  async function one(kind: FuzzKind, label: string): Promise<number> {
    if (kind === 'journal') {
      expect(await good('ADD'), label).to.equal(0);
      for (let i = 0; i <= dice.number(2); i++) {
        const all = files().filter((path) => fs.lstatSync(path).isFile());
        damageFile(dice.pick(all));
      }
    }
    if (kind === 'provider file') {
      const file = dice.pick([bed.providerFile, bed.providerFile, bed.instanceIdFile]);
      fs.writeFileSync(file, damageText(dice, fs.readFileSync(file, 'utf8')));
    }
    const { env, stdin } = fuzzedCall(dice, kind, { conf: bed.conf, containerId: 'c1', namespaces });
    const code = await serve(env, stdin);
    if (kind === 'provider file') for (const [file, text] of bed.goodFiles) fs.writeFileSync(file, text);
    const added = env['CNI_COMMAND'] === 'ADD' && code === 0;
    // Whoever was served is let go by the same call with another command; whoever was refused holds nothing that is not recorded.
    if (added) expect(await serve({ ...env, CNI_COMMAND: 'DEL' }, stdin), label).to.equal(0);
    if (kind !== 'journal' && !added) {
      const pods = bed.own().filter((nic) => nic.name.startsWith('hostnic-p'));
      const records = files().filter((path) => path.includes('/attachments/'));
      expect(records.length, `${label}: NICs ${pods.length}`).to.be.at.least(pods.length);
    }
    await letGo(label);
    return code;
  }

  for (const kind of fuzzKinds) {
    it(`gets one valid answer and touches nothing else: ${kind}`, async () => {
      const before = bed.bystanders();
      const codes = new Map<number, number>();
      for (let i = 0; i < cases; i++) {
        const label = `${kind} ${i}, ${random.label}`;
        try {
          const code = await one(kind, label);
          codes.set(code, (codes.get(code) ?? 0) + 1);
          expect(bed.bystanders(), label).to.equal(before);
        } finally {
          bed.restore();
        }
      }
      const seen = [...codes].sort(([a], [b]) => a - b).map(([code, times]) => [`code ${code}`, times] as const);
      printFigures(`${kind}, ${random.label}`, { cases, ...Object.fromEntries(seen) });
      expect(codes.size).to.be.greaterThan(1);
    });
  }
});
