import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { denied } from '../api-error.js';
import { withoutEntries } from '../model.js';
import { decodeParams, ListParam } from '../query.js';
import type { Action } from './action.js';
import { findNics, refuseFresh } from './attach-nics.js';

const ParamsCodec = t.type({ nics: ListParam });

/** DeleteNics (docs, `delete_nics`): real-time; all of the NICs or none. */
export const deleteNics: Action = (input) => {
  const params = decodeParams(ParamsCodec, input.query);
  if (E.isLeft(params)) return params;
  const nics = findNics(input, params.right.nics, Number.POSITIVE_INFINITY);
  if (E.isLeft(nics)) return nics;
  for (const nic of nics.right) {
    if (nic.transition !== undefined) return E.left(denied(`nic [${nic.id}] is in transition, please try later`));
    if (nic.status !== 'available') return E.left(denied(`nic [${nic.id}] is in use, can not be deleted`));
    const fresh = refuseFresh(input, nic);
    if (fresh !== undefined) return E.left(fresh);
  }
  return E.right({ reply: {}, state: { ...input.state, nics: withoutEntries(input.state.nics, params.right.nics) } });
};
