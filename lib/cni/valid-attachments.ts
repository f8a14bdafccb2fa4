import * as E from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import { decode, NonEmptyTextCodec } from '../codec.js';
import { caseless, listOf, optional } from './caseless.js';
import { CniError, cniCodes } from './error.js';
import type { JsonObject } from './json.js';
import type { ValidAttachment } from './plugin.js';

interface AttachmentWire {
  readonly containerID: string;
  readonly ifname: string;
}

interface GcConfigWire {
  readonly 'cni.dev/valid-attachments'?: readonly AttachmentWire[];
  readonly 'cni.dev/attachments'?: readonly AttachmentWire[];
}

/** Texts must not be empty: an entry that matches nothing would let GC delete what its author wanted to keep. */
const AttachmentsCodec: t.Type<readonly AttachmentWire[] | undefined, unknown> = optional(
  listOf(caseless<AttachmentWire>('an object', { containerID: NonEmptyTextCodec, ifname: NonEmptyTextCodec })),
);

const GcConfigCodec: t.Type<GcConfigWire, unknown> = caseless<GcConfigWire>('an object', {
  'cni.dev/valid-attachments': AttachmentsCodec,
  'cni.dev/attachments': AttachmentsCodec,
});

/**
 * The list of a GC request. The reference's runtime sends both spellings with the same content; the newer one counts.
 * @returns undefined when neither key is there (or both are null), or a {@link CniError} 7
 */
export function decodeValidAttachments(raw: JsonObject): E.Either<CniError, readonly ValidAttachment[] | undefined> {
  const decoded = decode(GcConfigCodec, raw, 'network configuration');
  if (E.isLeft(decoded)) return E.left(new CniError(cniCodes.invalidNetworkConfig, decoded.left.message, { cause: decoded.left }));
  const list = decoded.right['cni.dev/valid-attachments'] ?? decoded.right['cni.dev/attachments'];
  return E.right(list?.map((one) => ({ containerId: one.containerID, ifname: one.ifname })));
}
