import { NetlinkError } from '../../lib/errors.js';
import type { CallOptions } from '../../lib/provider.js';
import type { NetlinkRequest } from '../connection.js';
import { joinListings, mapListing } from '../interrupted.js';
import { decodeRule, encodeRule, FAMILY, FIB_RULE, FR_ACT, NLM_F, RTM, type RuleAttributes, type RuleMessage } from '../wire/index.js';
import { agrees } from './agreement.js';
import { defined, isErrno, type Requester, unlessAbsent } from './requester.js';

/** A rule to add or delete: which packets, and what becomes of them. */
export interface NewRule extends RuleAttributes {
  /** The address family; default that of `src` or `dst`, else IPv4. */
  readonly family?: 4 | 6;
  /** Source range; default any. */
  readonly src?: string;
  /** Destination range; default any. */
  readonly dst?: string;
  /** Type of service; default any. */
  readonly tos?: number;
  /** Table to look up. */
  readonly table?: number;
  /** One of {@link FR_ACT}; default: look up the table, or go to another rule when `goto` is given. */
  readonly action?: number;
  /** {@link FIB_RULE} bits, such as INVERT. */
  readonly flags?: number;
}

/** What {@link RuleService.list} gives. */
export interface RuleListOptions extends CallOptions {
  /** Only of this family. */
  readonly family?: 4 | 6;
  /** Only those that look up this table. */
  readonly table?: number;
  /** Only of this priority. */
  readonly priority?: number;
}

function familyOf(rule: NewRule): number {
  const wide = rule.family === undefined ? (rule.src ?? rule.dst ?? '').includes(':') : rule.family === 6;
  return wide ? FAMILY.INET6 : FAMILY.INET;
}

function toMessage(rule: NewRule): RuleMessage {
  const { family: _family, ...rest } = rule;
  const action = rule.action ?? (rule.goto === undefined ? FR_ACT.TO_TBL : FR_ACT.GOTO);
  return { ...rest, family: familyOf(rule), action };
}

function describe(rule: NewRule): string {
  const { family: _family, ...rest } = rule;
  const parts = Object.entries(defined<Omit<NewRule, 'family'>>(rest)).map(([key, value]) => {
    return typeof value === 'object' ? `${key} ${value.from}-${value.to}` : `${key} ${value}`;
  });
  return parts.join(' ');
}

/** The request that adds a rule, for a batch. */
export function addRuleRequest(rule: NewRule): NetlinkRequest {
  const payload = encodeRule(toMessage(rule));
  return { op: `rule.add ${describe(rule)}`, type: RTM.NEWRULE, flags: NLM_F.CREATE | NLM_F.EXCL, payload };
}

/** The request that deletes the first rule that agrees in all that is given, for a batch. */
export function deleteRuleRequest(rule: NewRule): NetlinkRequest {
  // Action 0 agrees with any (rule_find, net/core/fib_rules.c).
  const message = { ...toMessage(rule), action: rule.action ?? (rule.goto === undefined ? 0 : FR_ACT.GOTO) };
  return { op: `rule.delete ${describe(rule)}`, type: RTM.DELRULE, payload: encodeRule(message) };
}

/** What the kernel says where a rule has none (FRA_SUPPRESS_*). */
const NONE = 0xffff_ffff;
const ALL_OF_A_PORT = 0xffff;

/** What decides whether two rules are the same, without priority, maker and state. */
function selectorsOf(rule: RuleMessage): object {
  const { priority: _priority, protocol: _protocol, suppressPrefix = NONE, suppressGroup = NONE, flags = 0, mark = 0, ...rest } = rule;
  return {
    ...rest,
    suppressPrefix,
    suppressGroup,
    flags: flags & FIB_RULE.INVERT,
    mark,
    markMask: rule.markMask ?? (mark === 0 ? 0 : NONE),
    sourcePortMask: rule.sourcePortMask ?? ALL_OF_A_PORT,
    destinationPortMask: rule.destinationPortMask ?? ALL_OF_A_PORT,
  };
}

/** The routing policy of one namespace. Every method rejects with a NetlinkError when the kernel refuses. */
export class RuleService {
  readonly #requester: Requester;

  /** @param requester the connection, which decides the namespace */
  constructor(requester: Requester) {
    this.#requester = requester;
  }

  /**
   * All rules, both families, in the order they are tried in.
   * @throws DumpInterruptedError with what was found, when changes keep tearing the listing
   */
  async list(options: RuleListOptions = {}): Promise<readonly RuleMessage[]> {
    const families = options.family === undefined ? [FAMILY.INET, FAMILY.INET6] : [options.family === 4 ? FAMILY.INET : FAMILY.INET6];
    return joinListings(families.map((family) => () => this.#list(family, options)));
  }

  async #list(family: number, options: RuleListOptions): Promise<readonly RuleMessage[]> {
    const { table, priority } = options;
    const request: NetlinkRequest = { op: 'rule.list', type: RTM.GETRULE, payload: encodeRule({ family, action: 0 }) };
    const isMeant = (rule: RuleMessage): boolean =>
      rule.family === family &&
      (table === undefined || rule.table === table) &&
      (priority === undefined || (rule.priority ?? 0) === priority);
    return mapListing(
      this.#requester.dump(request, ({ payload }) => decodeRule(payload), options),
      (found) => found.filter(isMeant),
    );
  }

  /** The first rule that agrees in all that is given. @throws NetlinkError with errno `ENOENT` when there is none */
  async get(rule: NewRule, options: CallOptions = {}): Promise<RuleMessage> {
    const found = await this.find(rule, options);
    if (found !== undefined) return found;
    throw new NetlinkError({ op: `rule.get ${describe(rule)}`, errno: 'ENOENT', hint: 'there is no such rule' });
  }

  /** The first rule that agrees in all that is given, or undefined when there is none. */
  async find(rule: NewRule, options: CallOptions = {}): Promise<RuleMessage | undefined> {
    const { tos, table, action, flags, ...rest } = decodeRule(encodeRule(toMessage(rule)));
    const wanted = {
      ...rest,
      tos: rule.tos === undefined ? undefined : tos,
      table: rule.table === undefined ? undefined : table,
      action: rule.action === undefined && rule.goto === undefined ? undefined : action,
      flags: rule.flags === undefined ? undefined : flags,
    };
    const family = familyOf(rule) === FAMILY.INET6 ? 6 : 4;
    // The kernel leaves zeros out.
    return (await this.list({ ...options, family })).find((found) => agrees({ priority: 0, mark: 0, ...found }, wanted));
  }

  /** Adds a rule. @throws NetlinkError with errno `EEXIST` when there is the same */
  async add(rule: NewRule, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(addRuleRequest(rule), undefined, options);
  }

  /** Makes sure that there is the rule: adds it unless there is the same. Without a priority, one with any priority is the same. */
  async ensure(rule: NewRule, options: CallOptions = {}): Promise<void> {
    if (rule.priority === undefined) {
      // The kernel gives each such rule another priority, so that it never finds one to be there.
      const wanted = selectorsOf(decodeRule(encodeRule(toMessage(rule))));
      const rules = await this.list({ ...options, family: familyOf(rule) === FAMILY.INET6 ? 6 : 4 });
      if (rules.map(selectorsOf).some((found) => agrees(found, wanted) && agrees(wanted, found))) return;
    }
    try {
      await this.add(rule, options);
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
  }

  /** Deletes the first rule that agrees in all that is given. @throws NetlinkError with errno `ENOENT` when there is none */
  async delete(rule: NewRule, options: CallOptions = {}): Promise<void> {
    await this.#requester.request(deleteRuleRequest(rule), undefined, options);
  }

  /** Deletes the first rule that agrees in all that is given. One that is not there is no error. */
  async remove(rule: NewRule, options: CallOptions = {}): Promise<void> {
    await unlessAbsent(this.delete(rule, options), 'ENOENT');
  }
}
