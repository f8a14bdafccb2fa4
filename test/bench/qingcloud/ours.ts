import { readFileSync } from 'node:fs';
import * as t from 'io-ts';
import { decode, orThrow } from '../../../lib/codec.js';
import { toNic } from '../../../providers/qingcloud/model.js';
import { toParams } from '../../../providers/qingcloud/params.js';
import { formatTimeStamp, signQuery } from '../../../providers/qingcloud/signature.js';
import { EnvelopeCodec, listOf, NicWireCodec, PageCodec } from '../../../providers/qingcloud/wire.js';
import { serveTurns, timed } from '../peers/serve.js';
import { nicId, type QingCloudTask, TIME_STAMP } from './task.js';

/*
 * The provider's own work for a request and for a reply, and, where the environment says so, the plainest there can be in JavaScript:
 * JSON.parse, which believes every reply.
 */

const NOW = Date.parse(TIME_STAMP);
const PAGE = t.intersection([PageCodec, t.type({ nic_set: listOf(NicWireCodec) })]);
const isPlain = process.env['HOSTNIC_BENCH_PLAIN'] === '1';

function sign(request: number, nics: number): string {
  const params = toParams({
    nics: Array.from({ length: nics }, (_, n) => nicId(request * nics + n)),
    instance: 'i-0abcdef1',
    action: 'AttachNics',
    zone: 'pek3a',
    time_stamp: formatTimeStamp(NOW),
    access_key_id: 'QYACCESSKEYIDEXAMPLE',
    signature_method: 'HmacSHA256',
    signature_version: '1',
  });
  return signQuery({ path: '/iaas', params, secretAccessKey: 'SECRETACCESSKEY' });
}

/** How many NICs a reply has, and how many of them are in use. */
type Count = readonly [number, number];

function decodeOurs(text: string): Count {
  const envelope = orThrow(decode(EnvelopeCodec, JSON.parse(text), 'reply'));
  const nics = orThrow(decode(PAGE, envelope, 'reply')).nic_set.map(toNic);
  return [nics.length, nics.filter((nic) => nic.status === 'in-use').length];
}

function decodePlain(text: string): Count {
  const { nic_set: nics } = JSON.parse(text) as { readonly nic_set: readonly { readonly status: string }[] };
  return [nics.length, nics.filter((nic) => nic.status === 'in-use').length];
}

await serveTurns<QingCloudTask>(async (task) => {
  if (task.task === 'sign') {
    return async () => {
      let last = '';
      const ms = await timed(async () => {
        for (let request = 0; request < task.count; request++) last = sign(request, task.nics);
      });
      return { sign: [ms], check: [Buffer.byteLength(last), ...Buffer.from(last.slice(-20))] };
    };
  }
  const text = readFileSync(task.file, 'utf8');
  const read = isPlain ? decodePlain : decodeOurs;
  return async () => {
    let sum: Count = [0, 0];
    const ms = await timed(async () => {
      for (let reply = 0; reply < task.count; reply++) {
        const [nics, used] = read(text);
        sum = [sum[0] + nics, sum[1] + used];
      }
    });
    return { decode: [ms], check: sum };
  };
});
