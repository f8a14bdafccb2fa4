import { parseArgs } from 'node:util';
import { benchAddDel } from './add-del.js';
import { benchNetlink } from './netlink/bench.js';
import { benchQingCloud } from './qingcloud/bench.js';

/*
 * Runs the benchmarks and prints one JSON line for each figure.
 *
 *   npm run bench -- [add-del] [netlink] [qingcloud] [--rounds 30] [--plugin name=path]… [--quick] [--only dump]…
 *
 * --rounds and --plugin are for add-del; --quick, which only shows that everything works, is for netlink and qingcloud, --only for netlink.
 */

const NAMES: readonly string[] = ['add-del', 'netlink', 'qingcloud'];

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '30' },
      plugin: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new RangeError('--rounds must be a whole number from 1');
  const unknown = positionals.filter((name) => !NAMES.includes(name));
  if (unknown.length > 0) throw new RangeError(`no benchmark ${unknown.join(', ')}; there are ${NAMES.join(', ')}`);
  const wanted = (name: string): boolean => positionals.length === 0 || positionals.includes(name);
  const netlink = wanted('netlink') ? await benchNetlink({ quick: values.quick, only: values.only }) : 0;
  const qingcloud = wanted('qingcloud') ? await benchQingCloud({ quick: values.quick }) : 0;
  const addDel = wanted('add-del') ? await benchAddDel({ rounds, plugins: values.plugin }) : 0;
  return Math.max(netlink, qingcloud, addDel);
}

process.exitCode = await main();
