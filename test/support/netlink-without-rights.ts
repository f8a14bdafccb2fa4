/** Tries what takes rights, in a namespace where it has none, and prints what it is told. For unprivileged.test.ts. */
import { writeSync } from 'node:fs';
import { createNamespace, openNamespace, openRtnetlink, socketInNamespace } from '../../netlink/index.js';

const message = (error: Error): string => error.message;
const own = await openNamespace({ kind: 'own' });
const rtnetlink = openRtnetlink(own);
const report = {
  list: (await rtnetlink.link.list()).map(({ name }) => name).join(),
  add: await rtnetlink.link.add({ kind: 'bridge', name: 'br0' }).then(() => 'done', message),
  create: await createNamespace().then(() => 'done', message),
  packet: await Promise.resolve()
    .then(() => socketInNamespace(own, 17, 3, 0))
    .then(() => 'done', message),
  open: await openNamespace({ kind: 'pid', pid: 1 }).then(() => 'done', message),
};
rtnetlink.close();
own.close();
writeSync(1, `${JSON.stringify(report)}\n`);
