import * as t from 'io-ts';
import { parseMac } from '../../lib/address.js';
import { IntegerCodec, NonEmptyTextCodec, refine } from '../../lib/codec.js';

/*
 * Replies as they come (docs, command_list; Go SDK, service/*.go). Optional fields may be missing or null; fields that are not named here are ignored.
 */

/** A field that may be missing or null; both are undefined afterwards. */
function optional<A>(codec: t.Type<A, unknown>): t.Type<A | undefined, unknown> {
  return new t.Type<A | undefined, unknown>(
    `${codec.name} or nothing`,
    (value): value is A | undefined => value === undefined || codec.is(value),
    (value, context) => (value === undefined || value === null ? t.success(undefined) : codec.validate(value, context)),
    t.identity,
  );
}

const OptionalTextCodec = optional(refine(t.string, 'a text', () => true));
const OptionalIntegerCodec = optional(IntegerCodec);
const NicIdCodec = refine(t.string, 'a MAC address', (value) => parseMac(value) !== undefined);

/** The service gives 100 items at most (docs, `api/overview`); a reply of many more is none, and telling what is wrong with each would take too much memory. */
const MOST_ITEMS = 1000;

/** A list as it stands in a reply. */
export function listOf<A>(item: t.Type<A, unknown>): t.Type<A[], unknown> {
  const list = t.array(item);
  return new t.ArrayType<typeof item, A[], A[], unknown>(
    `a list of at most ${MOST_ITEMS} items`,
    list.is,
    (value, context) => (Array.isArray(value) && value.length <= MOST_ITEMS ? list.validate(value, context) : t.failure(value, context)),
    t.identity,
    item,
  );
}

/** What every reply has. */
export const EnvelopeCodec = t.intersection([
  t.type({ ret_code: IntegerCodec }, 'an object with ret_code'),
  t.partial({ message: OptionalTextCodec }, 'an object with ret_code'),
]);

/** A list of items of which `total_count` match. */
export const PageCodec = t.partial({ total_count: OptionalIntegerCodec });

const CreatedNicCodec = t.intersection([t.type({ nic_id: NicIdCodec }, 'a NIC'), t.partial({ private_ip: OptionalTextCodec }, 'a NIC')]);

/** A NIC in the reply of CreateNics. */
export type CreatedNicWire = t.TypeOf<typeof CreatedNicCodec>;

/** CreateNics. */
export const CreateNicsReplyCodec = t.type({ nics: listOf(CreatedNicCodec) });

/** AttachNics and DetachNics. */
export const JobReplyCodec = t.type({ job_id: NonEmptyTextCodec });

/** An item of DescribeNics. */
export const NicWireCodec = t.intersection([
  t.type({ nic_id: NicIdCodec, vxnet_id: NonEmptyTextCodec }, 'a NIC'),
  t.partial(
    {
      nic_name: OptionalTextCodec,
      status: OptionalTextCodec,
      instance_id: OptionalTextCodec,
      private_ip: OptionalTextCodec,
      role: OptionalIntegerCodec,
      create_time: OptionalTextCodec,
    },
    'a NIC',
  ),
]);
/** An item of DescribeNics. */
export type NicWire = t.TypeOf<typeof NicWireCodec>;

const RouterWireCodec = t.partial(
  {
    router_id: OptionalTextCodec,
    manager_ip: OptionalTextCodec,
    ip_network: OptionalTextCodec,
    dyn_ip_start: OptionalTextCodec,
    dyn_ip_end: OptionalTextCodec,
  },
  'a router',
);

/** An item of DescribeVxnets. */
export const VxnetWireCodec = t.intersection([
  t.type({ vxnet_id: NonEmptyTextCodec }, 'a vxnet'),
  t.partial(
    {
      vpc_router_id: OptionalTextCodec,
      available_ip_count: OptionalIntegerCodec,
      router: optional(RouterWireCodec),
    },
    'a vxnet',
  ),
]);
/** An item of DescribeVxnets. */
export type VxnetWire = t.TypeOf<typeof VxnetWireCodec>;

/** An item of DescribeInstances. */
export const InstanceWireCodec = t.intersection([
  t.type({ instance_id: NonEmptyTextCodec, status: t.string }, 'an instance'),
  t.partial(
    {
      transition_status: OptionalTextCodec,
      vxnets: optional(listOf(t.partial({ nic_id: OptionalTextCodec }, 'a NIC of an instance'))),
    },
    'an instance',
  ),
]);
/** An item of DescribeInstances. */
export type InstanceWire = t.TypeOf<typeof InstanceWireCodec>;

/** An item of DescribeJobs. */
export const JobWireCodec = t.intersection([
  t.type({ job_id: NonEmptyTextCodec, status: t.string }, 'a job'),
  t.partial({ job_action: OptionalTextCodec, error_codes: OptionalTextCodec }, 'a job'),
]);
/** An item of DescribeJobs. */
export type JobWire = t.TypeOf<typeof JobWireCodec>;
