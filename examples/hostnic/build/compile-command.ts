/** Compiles one executable. Run by Bun: `compile-command.ts <entry> <outfile> <target> [<runtime of the target>]`. */
import { compile } from './compile.js';

const [entry = '', outfile = '', target = '', runtime] = process.argv.slice(2);
await compile({ entry, outfile, target, ...(runtime === undefined ? {} : { runtime }) });
