import { execFile } from 'node:child_process';
import { closeSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { listenInNamespace } from '../../netlink/listen.js';
import { openNamespace } from '../../netlink/namespace.js';
import type { Rtnetlink } from '../../netlink/rtnetlink.js';
import { isErrno } from '../../netlink/services/index.js';
import { requireLive } from '../support/live.js';
import { countDescriptors, createNetlinkLab, type NetlinkLab } from '../support/netlink-lab.js';

const program = fileURLToPath(new URL('../support/read-from-port.ts', import.meta.url));

describe('listenInNamespace()', () => {
  let lab: NetlinkLab;
  let rtnetlink: Rtnetlink;

  before(function () {
    requireLive(this, ['nsenter']);
  });
  beforeEach(async () => {
    lab = createNetlinkLab();
    rtnetlink = await lab.open('server');
    await rtnetlink.link.set(1, { up: true });
  });
  afterEach(() => lab?.close());

  async function read({ namespace }: Rtnetlink, host: string, port: number): Promise<string> {
    const run = promisify(execFile);
    const target = `--net=/proc/${process.pid}/fd/${namespace.fd}`;
    return (await run('nsenter', [target, process.execPath, '--import', 'tsx', program, host, String(port)])).stdout;
  }

  for (const host of ['127.0.0.1', '::1', '0.0.0.0', '::']) {
    it(`lets a server of this process be reached on ${host} inside the namespace, and only there`, async () => {
      const { fd, port } = listenInNamespace(rtnetlink.namespace, { host, port: 0 });
      const server = createServer((client) => client.end('hello'));
      await new Promise<void>((resolve) => server.listen({ fd }, resolve));
      const target = host.includes(':') ? '::1' : '127.0.0.1';
      expect(await read(rtnetlink, target, port)).to.equal('hello');
      const outside = await lab.open('outside');
      await outside.link.set(1, { up: true });
      expect(await read(outside, target, port)).to.equal('no: ECONNREFUSED');
      await new Promise((resolve) => server.close(resolve));
    });
  }

  it('takes the wished port, and refuses one that is taken', () => {
    const first = listenInNamespace(rtnetlink.namespace, { host: '127.0.0.1', port: 7777 });
    expect(first.port).to.equal(7777);
    const before = countDescriptors();
    expect(() => listenInNamespace(rtnetlink.namespace, { host: '127.0.0.1', port: 7777 }))
      .to.throw(/bind 127\.0\.0\.1 port 7777 in server: EADDRINUSE/)
      .that.satisfies((error: unknown) => isErrno(error, 'EADDRINUSE'));
    expect(() => listenInNamespace(rtnetlink.namespace, { host: '192.0.2.1', port: 0 })).to.throw(/EADDRNOTAVAIL/);
    expect(countDescriptors()).to.equal(before);
    closeSync(first.fd);
  });

  it('refuses what is no address or port', () => {
    expect(() => listenInNamespace(rtnetlink.namespace, { host: 'localhost', port: 1 })).to.throw(RangeError, /IP address/);
    expect(() => listenInNamespace(rtnetlink.namespace, { host: '127.0.0.1', port: 65_536 })).to.throw(RangeError, /port/);
  });
});

describe('listenInNamespace() in the own namespace', () => {
  it('needs no rights', async () => {
    const namespace = await openNamespace({ kind: 'own' });
    const { fd, port } = listenInNamespace(namespace, { host: '127.0.0.1', port: 0 });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen({ fd }, resolve));
    expect(server.address()).to.deep.include({ address: '127.0.0.1', port });
    await new Promise((resolve) => server.close(resolve));
    namespace.close();
  });
});
