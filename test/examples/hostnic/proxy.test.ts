import { expect } from 'chai';
import { pluginExecutable } from '../../support/plugin-executable.js';
import { statusThroughProxy } from '../../support/status-through-proxy.js';

describe('hostnic behind a proxy', () => {
  it('reaches the API through the proxy that its environment names', async () => {
    const { end, requests, reached } = await statusThroughProxy(await pluginExecutable());
    expect(end.code, end.stdout + end.stderr).to.equal(0);
    expect(requests.map(({ line }) => line)).to.deep.equal([requests[0]?.host === undefined ? '' : `CONNECT ${requests[0].host}`]);
    expect(requests[0]?.authorization).to.equal(`Basic ${Buffer.from('user:hunter2').toString('base64')}`);
    expect(reached).to.equal(1);
  });

  it('says what is wrong with the proxy, and shows nobody its password', async () => {
    const { end, reached } = await statusThroughProxy(await pluginExecutable(), 'HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n');
    const { code, msg } = JSON.parse(end.stdout) as { code: number; msg: string };
    expect({ code, reached }).to.deep.equal({ code: 50, reached: 0 });
    expect(msg).to.match(
      /the proxy http:\/\/127\.0\.0\.1:\d+ \(from HTTPS_PROXY\) answered 407 .* it wants another user and password in HTTPS_PROXY/,
    );
    expect(end.stdout + end.stderr).not.to.match(/hunter2|SECRETACCESSKEY/);
  });
});
