import type { EmulatedAccount, ListeningAt } from '../../providers/qingcloud/emulator/index.js';

/** A text as YAML has it in single quotes. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A provider file that makes clients talk to the emulator: the keys of the vendor's SDK. */
export function formatClientYaml(account: EmulatedAccount, zone: string, { host, port }: ListeningAt): string {
  return [
    `qy_access_key_id: ${quote(account.accessKeyId)}`,
    `qy_secret_access_key: ${quote(account.secretAccessKey)}`,
    `zone: ${quote(zone)}`,
    `host: ${quote(host)}`,
    `port: ${port}`,
    "protocol: 'http'",
    "uri: '/iaas'",
    '',
  ].join('\n');
}
