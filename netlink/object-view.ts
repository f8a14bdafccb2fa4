import type { CallOptions } from '../lib/provider.js';
import type { Rtnetlink } from './rtnetlink.js';
import type { NetlinkMessage } from './wire/index.js';

/** What tells one object from the others of its kind. */
export type ObjectKey = string | number;

/** One change of a view. A resync says that events were lost, and that differences to a new listing follow. */
export type ObjectChange<T> =
  | { readonly kind: 'added' | 'removed'; readonly object: T }
  | { readonly kind: 'changed'; readonly object: T; readonly before: T }
  | { readonly kind: 'resync' };

/**
 * What an event of the kernel says: an object is there, or is not there any more; only a new listing can say what is there (`stale`);
 * or that, and something was missed (`lost`).
 */
export type ObjectMessage<T> = KnownMessage<T> | { readonly kind: 'stale' | 'lost' };

/** What an event says of one object. */
export interface KnownMessage<T> {
  /** Whether it is there. */
  readonly kind: 'present' | 'absent';
  /** The object as it is, or as it was last. */
  readonly object: T;
}

/** How objects of one kind are watched. `T` is the object, `E` the event that callers see. */
export interface ObjectKind<T, E> {
  /** What they are called in messages: `links`. */
  readonly name: string;
  /** The kernel's groups of events, members of RTNLGRP. */
  readonly groups: readonly number[];
  /** Groups that older kernels do not have, and nothing to listen for then. */
  readonly newerGroups?: readonly number[];
  /** Reads an event; undefined for what is of no interest. */
  decode(message: NetlinkMessage): ObjectMessage<T> | undefined;
  /** All that are there. What was told before it was called must show. */
  list(rtnetlink: Rtnetlink, options: CallOptions): Promise<readonly T[]>;
  /** What tells an object from others. */
  keyOf(object: T): ObjectKey;
  /**
   * Several objects of one slot can be told apart, but not which of them an event about one that is not known yet is about: it may be new,
   * or take the place of one of them.
   */
  slotOf?(object: T): string;
  /** Whether two states of one object show no difference. */
  isSame(a: T, b: T): boolean;
  /** Whether an object with the key of another is a new one. Default never. */
  isAnother?(before: T, now: T): boolean;
  /** An object of which the kernel told before it was complete, and never tells again by itself. */
  isUnfinished?(object: T): boolean;
  /** Asks for such an object again. */
  finish?(rtnetlink: Rtnetlink, object: T): Promise<T | undefined>;
  /** What is known with what was missing from the answer; undefined when that says nothing new. */
  merge?(known: T, asked: T): T | undefined;
  /** What callers see of a change. */
  toEvent(change: ObjectChange<T>): E;
}

/** Appends what has become of one key. */
function compareObjects<T, E>(kind: ObjectKind<T, E>, before: T | undefined, now: T, changes: ObjectChange<T>[]): void {
  if (before === undefined) {
    changes.push({ kind: 'added', object: now });
  } else if (kind.isAnother?.(before, now) === true) {
    changes.push({ kind: 'removed', object: before }, { kind: 'added', object: now });
  } else if (!kind.isSame(before, now)) {
    changes.push({ kind: 'changed', object: now, before });
  }
}

/**
 * The changes that lead from one view to another.
 * @param gone keys of objects that were removed meanwhile, so that one which is there now is another one
 */
export function compareViews<T, E>(
  kind: ObjectKind<T, E>,
  before: ReadonlyMap<ObjectKey, T>,
  after: ReadonlyMap<ObjectKey, T>,
  gone: ReadonlySet<ObjectKey> = new Set(),
): readonly ObjectChange<T>[] {
  const changes: ObjectChange<T>[] = [];
  for (const [key, object] of before) if (!after.has(key) || gone.has(key)) changes.push({ kind: 'removed', object });
  for (const [key, object] of after) compareObjects(kind, gone.has(key) ? undefined : before.get(key), object, changes);
  return changes;
}

/** The objects of one kind as far as is known. */
export class ObjectView<T, E> {
  readonly #kind: ObjectKind<T, E>;
  readonly #objects = new Map<ObjectKey, T>();
  readonly #slots = new Map<string, number>();

  /** @param objects what is there */
  constructor(kind: ObjectKind<T, E>, objects: readonly T[] = []) {
    this.#kind = kind;
    for (const object of objects) this.set(object);
  }

  /** By key. */
  get objects(): ReadonlyMap<ObjectKey, T> {
    return this.#objects;
  }

  /** Puts an object in, in place of the one with its key. */
  set(object: T): void {
    const key = this.#kind.keyOf(object);
    if (!this.#objects.has(key)) this.#count(object, 1);
    this.#objects.set(key, object);
  }

  /**
   * Takes over what an event says, and appends the changes.
   * @returns false when only a new listing can say what became of it
   */
  take({ kind, object }: KnownMessage<T>, changes: ObjectChange<T>[]): boolean {
    const key = this.#kind.keyOf(object);
    const before = this.#objects.get(key);
    if (before === undefined && this.#isSlotTaken(object)) return false;
    if (kind === 'present') {
      compareObjects(this.#kind, before, object, changes);
      this.set(object);
    } else if (before !== undefined) {
      this.#objects.delete(key);
      this.#count(before, -1);
      changes.push({ kind: 'removed', object: before });
    }
    return true;
  }

  #isSlotTaken(object: T): boolean {
    const slot = this.#kind.slotOf?.(object);
    return slot !== undefined && this.#slots.has(slot);
  }

  #count(object: T, by: number): void {
    const slot = this.#kind.slotOf?.(object);
    if (slot === undefined) return;
    const count = (this.#slots.get(slot) ?? 0) + by;
    if (count === 0) this.#slots.delete(slot);
    else this.#slots.set(slot, count);
  }
}
