import { expect } from 'chai';
import { isLoopback } from '../../../../providers/qingcloud/emulator/loopback.js';

describe('isLoopback()', () => {
  for (const address of ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1']) {
    it(`says yes to ${address}`, () => expect(isLoopback(address)).to.equal(true));
  }
  for (const address of ['192.168.127.1', '10.0.0.1', '::', '::2', '::ffff:10.0.0.1', 'fe80::1', '127.evil.example', undefined]) {
    it(`says no to ${String(address)}`, () => expect(isLoopback(address)).to.equal(false));
  }
});
