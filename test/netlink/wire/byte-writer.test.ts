import { expect } from 'chai';
import { ByteWriter } from '../../../netlink/wire/byte-writer.js';

type Append = (writer: ByteWriter) => void;

const appends: readonly { readonly name: string; readonly append: Append; readonly bytes: readonly number[] }[] = [
  { name: 'u8', append: (writer) => writer.u8(0xa1), bytes: [0xa1] },
  { name: 'be16', append: (writer) => writer.be16(0xa1b2), bytes: [0xa1, 0xb2] },
  { name: 'be32', append: (writer) => writer.be32(0xa1b2c3d4), bytes: [0xa1, 0xb2, 0xc3, 0xd4] },
  { name: 'u16', append: (writer) => writer.u16(0xa1a1), bytes: [0xa1, 0xa1] },
  { name: 'u32', append: (writer) => writer.u32(0xa1a1a1a1), bytes: [0xa1, 0xa1, 0xa1, 0xa1] },
  { name: 'u64', append: (writer) => writer.u64(0xa1a1a1a1a1a1a1a1n), bytes: new Array(8).fill(0xa1) },
  { name: 'bytes', append: (writer) => writer.bytes(Uint8Array.of(1, 2, 3)), bytes: [1, 2, 3] },
];

describe('ByteWriter', () => {
  for (const { name, append, bytes } of appends) {
    it(`${name}() appends across the end of its memory, wherever that is`, () => {
      for (let before = 0; before <= 20; before++) {
        const writer = new ByteWriter(16);
        for (let i = 0; i < before; i++) writer.u8(0x55);
        append(writer);
        append(writer);
        expect([...writer.copy()], `after ${before} bytes`).to.deep.equal([...new Array(before).fill(0x55), ...bytes, ...bytes]);
      }
    });
  }

  it('reset() leaves nothing behind in what skip() and align() make', () => {
    const writer = new ByteWriter(16);
    writer.bytes(new Uint8Array(15).fill(0xff));
    writer.reset();
    writer.skip(2);
    writer.u8(1);
    writer.align();
    expect([...writer.copy()]).to.deep.equal([0, 0, 1, 0]);
  });
});
