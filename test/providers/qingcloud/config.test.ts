import { expect } from 'chai';
import * as E from 'fp-ts/lib/Either.js';
import { parseConfig, type QingCloudConfig } from '../../../providers/qingcloud/config.js';

const KEYS = "qy_access_key_id: 'QYACCESSKEYIDEXAMPLE'\nqy_secret_access_key: 'SECRETACCESSKEY'\n";
const FILE = '/etc/qingcloud/client.yaml';

function accepted(source: string): QingCloudConfig {
  const result = parseConfig(source, FILE);
  if (E.isLeft(result)) throw result.left;
  return result.right;
}

function refused(source: string): string {
  const result = parseConfig(source, FILE);
  if (E.isRight(result)) throw new Error('it was accepted');
  expect(result.left.code).to.equal('ERR_CONFIG');
  return result.left.message;
}

describe('parseConfig()', () => {
  it("fills in the SDK's defaults", () => {
    expect(accepted(`${KEYS}zone: 'pek3a'\n`)).to.deep.equal({
      accessKeyId: 'QYACCESSKEYIDEXAMPLE',
      secretAccessKey: 'SECRETACCESSKEY',
      zone: 'pek3a',
      protocol: 'https',
      host: 'api.qingcloud.com',
      port: 443,
      path: '/iaas',
      connectionRetries: 3,
      connectionTimeoutMs: 30_000,
      logLevel: 'warn',
    });
  });

  it('reads every key', () => {
    const source = `${KEYS}zone: sh1
host: 127.0.0.1
port: 8080
protocol: http
uri: //iaas//v1/
connection_retries: 0
connection_timeout: 5
log_level: debug
credential_proxy_protocol: http
credential_proxy_port: 80
something_new: [1, 2]
`;
    expect(accepted(source)).to.deep.equal({
      accessKeyId: 'QYACCESSKEYIDEXAMPLE',
      secretAccessKey: 'SECRETACCESSKEY',
      zone: 'sh1',
      protocol: 'http',
      host: '127.0.0.1',
      port: 8080,
      path: '/iaas/v1/',
      connectionRetries: 0,
      connectionTimeoutMs: 5000,
      logLevel: 'debug',
    });
  });

  it('takes texts as they stand in the file, as yaml.v2 does', () => {
    const config = accepted('qy_access_key_id: 12345678901234567890\nqy_secret_access_key: 1e10\nzone: yes\nport: "443"\n');
    expect(config).to.include({ accessKeyId: '12345678901234567890', secretAccessKey: '1e10', zone: 'yes', port: 443 });
  });

  it('takes keys without value for absent, and the last of equal keys', () => {
    expect(accepted(`${KEYS}zone: a\nzone: pek3a\nhost:\nport: ~\nuri: null\n`)).to.include({
      zone: 'pek3a',
      host: 'api.qingcloud.com',
      port: 443,
      path: '/iaas',
    });
  });

  it('skips a byte order mark and takes Windows line ends', () => {
    expect(accepted(`\ufeff${KEYS}zone: pek3a\n`.replaceAll('\n', '\r\n'))).to.include({
      zone: 'pek3a',
      secretAccessKey: 'SECRETACCESSKEY',
    });
  });

  it('takes IPv6 addresses for the host', () => {
    expect(accepted(`${KEYS}zone: pek3a\nhost: "::1"\n`).host).to.equal('::1');
  });

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['an empty file', '', /^\/etc\/qingcloud\/client.yaml: the file is empty; .*qy_secret_access_key/],
    ['a file of comments', '# qy_access_key_id: x\n\n  # zone\n', /: the file is empty/],
    ['a document marker only', '---\n', /: the file must hold lines/],
    ['a list', '- zone: pek3a\n', /: the file must hold lines/],
    ['a lone word', 'pek3a', /: the file must hold lines/],
    ['two documents', `${KEYS}zone: pek3a\n---\n${KEYS}`, /this is no YAML: expected a single document/],
    ['a tab as indentation', `${KEYS}\tzone: pek3a\n`, /this is no YAML: line 3 is indented with a tab/],
    ['an open quote', `${KEYS}zone: 'pek3a\n`, /this is no YAML: line \d+, column \d+: [a-z ]+$/],
    ['a missing access key', 'qy_secret_access_key: s\nzone: pek3a\n', /: qy_access_key_id must be set to a text/],
    ['a missing secret', 'qy_access_key_id: a\nzone: pek3a\n', /: qy_secret_access_key must be set to a text/],
    ['an empty secret', 'qy_access_key_id: a\nqy_secret_access_key: ""\nzone: pek3a\n', /: qy_secret_access_key must be set/],
    ['a secret with a blank inside', 'qy_access_key_id: a\nqy_secret_access_key: "a b"\nzone: pek3a\n', /: qy_secret_access_key must be/],
    ['a secret that is a mapping', 'qy_access_key_id: a\nqy_secret_access_key: {a: b}\nzone: pek3a\n', /: qy_secret_access_key must be/],
    [
      'no keys at all, which the SDK takes for an instance role',
      'zone: pek3a\n',
      /qy_access_key_id must .*; qy_secret_access_key must .*; keys taken from an instance role, .* are not supported$/,
    ],
    ['no key values at all', 'qy_access_key_id:\nqy_secret_access_key: ~\nzone: pek3a\n', /instance role, .* are not supported$/],
    ['a missing zone', KEYS, /: zone must be set to the name of a zone in lower case/],
    ['a zone in upper case', `${KEYS}zone: PEK3A\n`, /: zone must be set to the name of a zone in lower case/],
    ['a zone that is a list', `${KEYS}zone: [pek3a]\n`, /: zone must be/],
    ['a port that is no number', `${KEYS}zone: pek3a\nport: https\n`, /: port must be a port, 1 to 65535$/],
    ['port 0', `${KEYS}zone: pek3a\nport: 0\n`, /: port must be a port/],
    ['port 65536', `${KEYS}zone: pek3a\nport: 65536\n`, /: port must be a port/],
    ['a protocol that is none', `${KEYS}zone: pek3a\nprotocol: ftp\n`, /: protocol must be http or https$/],
    ['a host with a scheme', `${KEYS}zone: pek3a\nhost: https://api.qingcloud.com\n`, /: host must be a host name or address/],
    ['a host with a path', `${KEYS}zone: pek3a\nhost: api.qingcloud.com/iaas\n`, /: host must be/],
    ['a host with a port', `${KEYS}zone: pek3a\nhost: api.qingcloud.com:443\n`, /: host must be/],
    ['a path without slash', `${KEYS}zone: pek3a\nuri: iaas\n`, /: uri must be a path/],
    ['a path with a query', `${KEYS}zone: pek3a\nuri: /iaas?x\n`, /: uri must be a path/],
    ['a path that climbs', `${KEYS}zone: pek3a\nuri: /a/../iaas\n`, /: uri must be a path/],
    ['negative retries', `${KEYS}zone: pek3a\nconnection_retries: -1\n`, /: connection_retries must be a number of retries/],
    ['a time that is none', `${KEYS}zone: pek3a\nconnection_timeout: 30s\n`, /: connection_timeout must be a time in whole seconds/],
    ['an unknown log level', `${KEYS}zone: pek3a\nlog_level: loud\n`, /: log_level must be debug, info, warn, error or fatal$/],
  ];
  for (const [what, source, message] of wrong) {
    it(`refuses ${what}`, () => {
      expect(refused(source)).to.match(message);
    });
  }

  it('names everything that is wrong at once', () => {
    expect(refused('port: x\nprotocol: ftp\n')).to.match(/qy_access_key_id .*; qy_secret_access_key .*; zone .*; port .*; protocol /);
  });

  it('shows no value in any message or cause, however the file is broken', () => {
    const secret = 'hunter2hunter2';
    const broken = [
      '*',
      '!',
      '!<',
      '!!',
      '&',
      '%',
      '@',
      '`',
      '"',
      "'",
      '[',
      '{',
      '|',
      '>',
      '"\\',
      '\t',
      '- ',
      '? ',
      ': ',
      '<<: ',
      '\u0001',
      '*a"',
      "*a'b<",
    ];
    for (const mark of broken) {
      for (const source of [
        `${KEYS}zone: pek3a\nqy_secret_access_key: ${mark}${secret}\nport: x\n`,
        `qy_secret_access_key: ${mark}${secret} x: y\nport: x\n`,
        `${mark}${secret}\nport: x\n`,
        `${mark}${secret}: {\nport: x\n`,
      ]) {
        const result = parseConfig(source, FILE);
        if (E.isRight(result)) continue;
        let error: unknown = result.left;
        while (error instanceof Error) {
          const shown = `${error.message}\n${error.stack}\n${JSON.stringify(error)}`;
          expect(shown, JSON.stringify(source)).not.to.include(secret);
          error = error.cause;
        }
      }
    }
  });
});
