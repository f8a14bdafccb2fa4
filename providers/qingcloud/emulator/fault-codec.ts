import * as E from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { IntegerCodec, NonEmptyTextCodec, refine } from '../../../lib/codec.js';
import { STANDARD_ERRORS } from './api-error.js';
import type { Fault, FaultRule } from './faults.js';

const MillisecondsCodec = refine(IntegerCodec, 'milliseconds, a whole number from 0 to 86400000', (ms) => ms >= 0 && ms <= 86_400_000);
const CountCodec = refine(IntegerCodec, 'a whole number, 0 or more', (count) => count >= 0);
const PositiveCodec = refine(IntegerCodec, 'a whole number, 1 or more', (count) => count >= 1);
const ProbabilityCodec: t.Type<number, unknown> = refine(t.number, 'a number from 0 to 1', (p) => p >= 0 && p <= 1);
const StatusCodec = refine(IntegerCodec, 'an HTTP status from 400 to 599', (status) => status >= 400 && status <= 599);
const MomentCodec = t.keyof({ before: null, after: null }, '"before" or "after"');
const ErrorNameCodec = t.keyof(STANDARD_ERRORS, `one of ${Object.keys(STANDARD_ERRORS).join(', ')}`);
const OutcomeCodec = t.keyof(
  { successful: null, failed: null, 'done with failure': null, stuck: null },
  'one of successful, failed, done with failure, stuck',
);

const FAULTS = {
  latency: t.intersection([t.type({ kind: t.literal('latency'), ms: MillisecondsCodec }), t.partial({ when: MomentCodec })]),
  error: t.intersection([
    t.type({ kind: t.literal('error') }),
    t.partial({ error: ErrorNameCodec, retCode: PositiveCodec, message: t.string, when: MomentCodec }),
  ]),
  status: t.intersection([t.type({ kind: t.literal('status'), status: StatusCodec }), t.partial({ when: MomentCodec })]),
  cut: t.intersection([t.type({ kind: t.literal('cut') }), t.partial({ when: MomentCodec })]),
  silence: t.intersection([t.type({ kind: t.literal('silence') }), t.partial({ when: MomentCodec })]),
  garbage: t.intersection([t.type({ kind: t.literal('garbage') }), t.partial({ body: t.string, when: MomentCodec })]),
  'late-effect': t.type({ kind: t.literal('late-effect'), delayMs: MillisecondsCodec }),
  stale: t.type({ kind: t.literal('stale'), ageMs: MillisecondsCodec }),
  job: t.intersection([
    t.type({ kind: t.literal('job') }),
    t.partial({
      outcome: OutcomeCodec,
      durationMs: MillisecondsCodec,
      linksAfterMs: t.union([MillisecondsCodec, t.literal('never')]),
      errorCodes: t.string,
      landed: t.boolean,
    }),
  ]),
};

const KindCodec = t.type({ kind: t.keyof(FAULTS, `one of ${Object.keys(FAULTS).join(', ')}`) });

/** Tells the kinds apart first, so that a mistake is reported for the kind that was meant and not for all nine. */
const FaultCodec: t.Type<Fault, unknown> = new t.Type<Fault, unknown>(
  'a fault',
  (value): value is Fault => KindCodec.is(value) && FAULTS[value.kind].is(value),
  (value, context) => {
    const kind = KindCodec.validate(value, context);
    if (E.isLeft(kind)) return kind;
    const codec: t.Decoder<unknown, Fault> = FAULTS[kind.right.kind];
    // Messages leave out the members of an intersection only where the context says that it is one.
    const place = context.at(-1);
    return codec.validate(value, place === undefined ? context : [...context.slice(0, -1), { ...place, type: codec }]);
  },
  t.identity,
);

/** A fault rule as the control endpoint takes it. */
export const FaultRuleCodec: t.Type<FaultRule, unknown> = t.intersection([
  t.type({ fault: FaultCodec }),
  t.partial({
    action: NonEmptyTextCodec,
    match: t.record(t.string, t.string),
    skip: CountCodec,
    times: t.union([PositiveCodec, t.literal('always')]),
    probability: ProbabilityCodec,
  }),
]);
