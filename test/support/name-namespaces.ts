/**
 * Makes named network namespaces, all at once, or with `--delete` before their names takes them away.
 * For named-namespace.test.ts, which runs several of it at the same time and in other mount namespaces.
 */
import { createNamedNamespace, deleteNamedNamespace } from '../../netlink/named-namespace.js';

const names = process.argv.slice(2);
if (names[0] === '--delete') await Promise.all(names.slice(1).map((name) => deleteNamedNamespace(name)));
else for (const handle of await Promise.all(names.map((name) => createNamedNamespace(name)))) handle.close();
