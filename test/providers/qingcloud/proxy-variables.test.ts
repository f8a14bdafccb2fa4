import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect } from 'chai';
import * as E from 'fp-ts/lib/Either.js';
import { findProxy } from '../../../providers/qingcloud/proxy-variables.js';

interface Case {
  readonly env: Readonly<Record<string, string>>;
  readonly target: string;
  readonly proxy: string;
}

const recorded: { cases: Case[] } = JSON.parse(readFileSync(new URL('../../fixtures/qingcloud/go-proxies.json', import.meta.url), 'utf8'));
const API = { protocol: 'https', host: 'api.test', port: 443 } as const;

function ask(env: Readonly<Record<string, string>>, target: string): string {
  const { protocol, hostname, port } = new URL(target);
  const scheme = protocol === 'https:' ? 'https' : 'http';
  const found = findProxy(env, {
    protocol: scheme,
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (scheme === 'https' ? 443 : 80) : Number(port),
  });
  if (E.isLeft(found)) return 'invalid';
  if (found.right === undefined) return '';
  const { host, port: at, protocol: by } = found.right;
  return `${by}://${host.includes(':') ? `[${host}]` : host}:${at}`;
}

function refused(env: Readonly<Record<string, string>>): string {
  const found = findProxy(env, API);
  if (E.isRight(found)) throw new Error('it was accepted');
  expect(found.left.code).to.equal('ERR_CONFIG');
  expect(inspect(found.left)).not.to.include('hunter2');
  return found.left.message;
}

describe('findProxy()', () => {
  it("takes the proxy that Go's HTTP client takes, for every recorded set of variables", () => {
    expect(recorded.cases).to.have.length.above(300);
    const differing = recorded.cases.filter(({ env, target, proxy }) => ask(env, target) !== proxy);
    expect(differing).to.deep.equal([]);
  });

  it('knows the default ports, and the user of the proxy', () => {
    expect(findProxy({ HTTPS_PROXY: 'proxy.test' }, API)).to.deep.equal(
      E.right({ protocol: 'http', host: 'proxy.test', port: 80, authorization: undefined, variable: 'HTTPS_PROXY' }),
    );
    expect(findProxy({ https_proxy: 'https://us%40er:p%3Aw%C3%A9@proxy.test' }, API)).to.deep.equal(
      E.right({
        protocol: 'https',
        host: 'proxy.test',
        port: 443,
        authorization: `Basic ${Buffer.from('us@er:p:wé').toString('base64')}`,
        variable: 'https_proxy',
      }),
    );
  });

  for (const value of [
    'socks5://hunter2@proxy.test:1080',
    'http://',
    'http://user:hunter2@proxy.test:99999',
    'http://%zz:hunter2@proxy.test',
    ':',
  ]) {
    it(`refuses ${value.replace('hunter2', '…')}, names the variable, and shows nothing of the value`, () => {
      expect(refused({ HTTPS_PROXY: value })).to.match(/^the variable HTTPS_PROXY names no proxy that can be used: it must be http:\/\//);
      expect(refused({ https_proxy: value })).to.include('the variable https_proxy ');
    });
  }

  it('does not mind a wrong proxy that is not asked for', () => {
    for (const env of [{ HTTP_PROXY: ':' }, { HTTPS_PROXY: ':', NO_PROXY: 'api.test' }]) {
      expect(findProxy(env, API)).to.deep.equal(E.right(undefined));
    }
  });
});
