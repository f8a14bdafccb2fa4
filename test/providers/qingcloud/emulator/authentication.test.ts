import { expect } from 'chai';
import { startEmulator } from '../../../../providers/qingcloud/emulator/index.js';
import { formatTimeStamp } from '../../../../providers/qingcloud/signature.js';
import { type RawQingCloudOptions, rawCall } from '../../../support/raw-qingcloud.js';
import { type EmulatorBed, openEmulatorBed } from '../../../support/standing-emulator.js';

describe('the emulator, asked by somebody', () => {
  let bed: EmulatorBed;
  before(async () => {
    bed = await openEmulatorBed();
  });
  after(() => bed.close());

  async function answer(
    options: Partial<RawQingCloudOptions>,
    params: Readonly<Record<string, string | undefined>> = {},
  ): Promise<unknown> {
    const reply = await rawCall({ ...bed.client, ...options }, 'DescribeVxnets', params);
    expect(reply.status).to.equal(200);
    expect(reply.contentType).to.equal('application/json');
    return JSON.parse(reply.text);
  }

  const accepted: { name: string; options: Partial<RawQingCloudOptions>; params?: Record<string, string> }[] = [
    { name: 'GET at /iaas', options: {} },
    { name: 'GET at /iaas/', options: { path: '/iaas/' } },
    { name: 'POST at /iaas', options: { method: 'POST' } },
    { name: 'POST at /iaas/', options: { method: 'POST', path: '/iaas/' } },
    { name: 'HmacSHA1', options: {}, params: { signature_method: 'HmacSHA1' } },
    { name: 'awkward characters in a value', options: {}, params: { search_word: "vx'net (*)! +/:,@~ 网" } },
    { name: 'parameters nobody knows', options: {}, params: { version: '1', req_id: 'x', zzz: '' } },
  ];
  for (const { name, options, params } of accepted) {
    it(`accepts ${name}`, async () => expect(await answer(options, params)).to.include({ action: 'DescribeVxnetsResponse', ret_code: 0 }));
  }

  it('refuses a wrong secret with the text of the real service', async () => {
    const reply = await answer({ secretAccessKey: 'WRONG' });
    expect(reply).to.deep.equal({ message: 'AuthFailure, signature not matched', ret_code: 1200 });
  });

  it('refuses an unknown access key with 1200', async () => {
    expect(await answer({ accessKeyId: 'NOBODY' })).to.include({ ret_code: 1200 });
  });

  it('refuses a signature made for the other path, and for the other method', async () => {
    const { host } = bed.client;
    const crossed = async (signedPath: string, sentPath: string): Promise<unknown> => {
      const original = globalThis.fetch;
      globalThis.fetch = (url, init) => original(String(url).replace(`${signedPath}?`, `${sentPath}?`), init);
      try {
        return await answer({ host, path: signedPath });
      } finally {
        globalThis.fetch = original;
      }
    };
    expect(await crossed('/iaas', '/iaas/')).to.include({ ret_code: 1200 });
    expect(await crossed('/iaas/', '/iaas')).to.include({ ret_code: 1200 });
  });

  it('refuses a parameter changed after signing', async () => {
    const original = globalThis.fetch;
    globalThis.fetch = (url, init) => original(String(url).replace('limit=20', 'limit=21'), init);
    try {
      expect(await answer({}, { limit: '20' })).to.include({ ret_code: 1200 });
    } finally {
      globalThis.fetch = original;
    }
  });

  for (const seconds of [60, -60, 59, 0]) {
    it(`accepts a time stamp ${seconds} s away`, async () => {
      expect(await answer({ now: () => bed.clock.now() - seconds * 1000 })).to.include({ ret_code: 0 });
    });
  }

  for (const seconds of [61, -61, 86_400]) {
    it(`refuses a time stamp ${seconds} s away with 1300`, async () => {
      expect(await answer({ now: () => bed.clock.now() - seconds * 1000 })).to.include({ ret_code: 1300 });
    });
  }

  const malformed: { name: string; params: Record<string, string | undefined> }[] = [
    { name: 'no access key', params: { access_key_id: undefined } },
    { name: 'no time stamp', params: { time_stamp: undefined } },
    { name: 'no zone', params: { zone: undefined } },
    { name: 'another zone', params: { zone: 'ap1' } },
    { name: 'no signature method', params: { signature_method: undefined } },
    { name: 'an unknown signature method', params: { signature_method: 'None' } },
    { name: 'signature version 2', params: { signature_version: '2' } },
    { name: 'a time stamp with fractions', params: { time_stamp: '2017-08-17T03:04:05.000Z' } },
    { name: 'a time stamp of no day', params: { time_stamp: '2017-13-47T03:04:05Z' } },
    { name: 'no action', params: { action: undefined } },
  ];
  for (const { name, params } of malformed) {
    it(`refuses ${name} with 1100`, async () => expect(await answer({}, params)).to.include({ ret_code: 1100 }));
  }

  it('refuses an unknown action as users of the real service report it', async () => {
    const message = "PermissionDenied, can't handle this request";
    expect(await answer({}, { action: 'RunInstances' })).to.deep.equal({ ret_code: 1400, message });
  });

  it('accepts each of several accounts with its own secret only', async () => {
    const emulator = await startEmulator({
      accounts: [
        { accessKeyId: 'ONE', secretAccessKey: 'secret one' },
        { accessKeyId: 'TWO', secretAccessKey: 'secret two' },
      ],
    });
    const host = `${emulator.host}:${emulator.port}`;
    const codeOf = async (accessKeyId: string, secretAccessKey: string): Promise<unknown> => {
      const reply = await rawCall({ host, accessKeyId, secretAccessKey }, 'DescribeNics', { time_stamp: formatTimeStamp(Date.now()) });
      return JSON.parse(reply.text).ret_code;
    };
    try {
      expect(await codeOf('ONE', 'secret one')).to.equal(0);
      expect(await codeOf('TWO', 'secret two')).to.equal(0);
      expect(await codeOf('ONE', 'secret two')).to.equal(1200);
    } finally {
      await emulator.close();
    }
  });
});
