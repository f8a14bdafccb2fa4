import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandEnd, runCommand } from './machine.js';
import { type ProxiedRequest, startProxyServer } from './proxy-server.js';
import { json, startScriptedServer } from './scripted-server.js';
import { makeTemporaryFolder } from './temporary-folder.js';

const CERT = fileURLToPath(new URL('../fixtures/tls/loopback-cert.pem', import.meta.url));
const TLS = { key: readFileSync(new URL('../fixtures/tls/loopback-key.pem', import.meta.url), 'utf8'), cert: readFileSync(CERT, 'utf8') };
/** A name that only the proxy knows. */
const HOST = 'api.example.test';

/** What became of a STATUS. */
export interface ProxiedStatus {
  /** How the plugin ended. */
  readonly end: CommandEnd;
  /** What the proxy was asked for. */
  readonly requests: readonly ProxiedRequest[];
  /** How many requests reached the API. */
  readonly reached: number;
}

/** Runs STATUS of a plugin whose API is known to a proxy alone, by HTTPS. The proxy's password is `hunter2`. @param executable the plugin */
export async function statusThroughProxy(executable: string, answerOfProxy?: string): Promise<ProxiedStatus> {
  const folder = await makeTemporaryFolder('status');
  const api = await startScriptedServer(TLS);
  const proxy = await startProxyServer(api.port);
  try {
    const nic = { nic_id: '52:54:00:00:00:01', vxnet_id: 'vxnet-a', instance_id: 'i-1', status: 'in-use', role: 1 };
    api.script(json({ ret_code: 0, total_count: 1, nic_set: [nic] }));
    if (answerOfProxy !== undefined) proxy.trick({ kind: 'answer', text: answerOfProxy });
    const keys = 'qy_access_key_id: QYACCESSKEYIDEXAMPLE\nqy_secret_access_key: SECRETACCESSKEY\nzone: pek3a\nconnection_retries: 0\n';
    const providerConfigFile = await folder.file('client.yaml', `${keys}host: ${HOST}\nport: ${api.port}\n`);
    const conf = {
      cniVersion: '1.1.0',
      name: 'proxied',
      type: 'hostnic',
      provider: 'qingcloud',
      args: { providerConfigFile, vxNets: ['vxnet-a'] },
      dataDir: join(folder.path, 'data'),
      hostDir: join(folder.path, 'host'),
      instanceIdFile: await folder.file('instance-id', 'i-1\n'),
    };
    const end = await runCommand(executable, [], {
      cwd: '/',
      stdin: JSON.stringify(conf),
      limitMs: 30_000,
      env: {
        PATH: process.env['PATH'] ?? '',
        CNI_COMMAND: 'STATUS',
        CNI_PATH: '/opt/cni/bin',
        NODE_EXTRA_CA_CERTS: CERT,
        HTTPS_PROXY: `http://user:hunter2@127.0.0.1:${proxy.port}`,
      },
    });
    return { end, requests: [...proxy.requests], reached: api.requests.length };
  } finally {
    await proxy.close();
    await api.close();
    await folder.remove();
  }
}
