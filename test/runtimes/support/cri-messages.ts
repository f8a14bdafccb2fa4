/** A field of a protobuf message: its number and its value. Only what the CRI calls of these tests need. */
export type Field = readonly [number: number, value: string | number | readonly Field[]];

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** Writes a message (protobuf encoding: wire type 0 for numbers, 2 for texts and messages). */
export function encodeMessage(fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (typeof value === 'number') return Buffer.concat([varint(number * 8), varint(value)]);
      const content = typeof value === 'string' ? Buffer.from(value) : encodeMessage(value);
      return Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
    }),
  );
}

function readVarint(bytes: Buffer, start: number): [value: number, end: number] {
  let value = 0;
  let factor = 1;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte < 128) return [value, at + 1];
  }
  throw new RangeError('a protobuf number is cut off');
}

/** Reads a message: all values of each field in order, texts and messages as bytes. */
export function decodeMessage(bytes: Buffer): Map<number, (number | Buffer)[]> {
  const fields = new Map<number, (number | Buffer)[]>();
  let at = 0;
  while (at < bytes.length) {
    const [key, afterKey] = readVarint(bytes, at);
    const [value, afterValue] = readVarint(bytes, afterKey);
    const number = Math.floor(key / 8);
    const values = fields.get(number) ?? [];
    fields.set(number, values);
    if (key % 8 === 0) {
      values.push(value);
      at = afterValue;
    } else if (key % 8 === 2) {
      if (afterValue + value > bytes.length) throw new RangeError('a protobuf field is cut off');
      values.push(bytes.subarray(afterValue, afterValue + value));
      at = afterValue + value;
    } else {
      throw new RangeError(`protobuf wire type ${key % 8} is not expected in CRI replies`);
    }
  }
  return fields;
}
