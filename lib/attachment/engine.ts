import type { Clock } from '../clock.js';
import type { NamespaceRef, NetworkDriver } from '../driver.js';
import type { Logger } from '../log.js';
import type { NicProvider } from '../provider.js';
import type { EngineLimits } from './limits.js';
import type {
  Attachment,
  AttachRequest,
  CheckRequest,
  CollectAccountReport,
  CollectAccountRequest,
  CollectReport,
  CollectRequest,
  DetachRequest,
  StatusReport,
  StatusRequest,
} from './request.js';
import type { AttachmentStore, HostStore } from './store.js';

/** The time one command has. */
export interface CommandOptions {
  /**
   * When the command must have answered, in the clock's milliseconds ({@link Clock.now}). One budget for everything:
   * part of it is kept back for unwinding.
   */
  readonly deadline: number;
  /** Gives up early, as on SIGTERM: an attachment in the making is unwound first. */
  readonly signal?: AbortSignal;
}

/** Gives containers network cards from a cloud and takes them back, losing none. */
export interface AttachmentEngine {
  /**
   * Creates a NIC, attaches it to this instance, moves it into the container and configures it. A failure unwinds everything;
   * what could not be undone is recorded and finished by later commands.
   * @throws NicError `ERR_CONFIG` before any effect when the request cannot be served, `ERR_NAMESPACE`, `ERR_LINK_EXISTS`,
   * `ERR_ATTACHED` when it lives already, `ERR_INSTANCE_FULL`, `ERR_PENDING` when too much is left over, `ERR_DEADLINE`,
   * `ERR_CANCELLED`, and what provider and driver reject with
   */
  attach(request: AttachRequest, options: CommandOptions): Promise<Attachment>;
  /**
   * Reaches the state without the attachment; it being there already is success.
   * @throws NicError `ERR_PENDING` when the container is clean but the cloud's part is recorded for later, `ERR_LOCKED` when another
   * command held the attachment to the end of the deadline, `ERR_JOURNAL`, `ERR_IO`
   */
  detach(request: DetachRequest, options: CommandOptions): Promise<void>;
  /**
   * Compares record, kernel, cloud and what the caller knows.
   * @throws NicError `ERR_CHECK` that names what differs
   */
  check(request: CheckRequest, options: CommandOptions): Promise<void>;
  /**
   * Removes what belongs to no valid attachment of a network, and those of the host's gateways that nobody has used for a while; goes on
   * after failures and reports them.
   */
  collect(request: CollectRequest, options: CommandOptions): Promise<CollectReport>;
  /**
   * Removes NICs of this plugin that no host has any use for, anywhere in the account: hosts that no longer exist leave them, and a host
   * cleans only its own. NICs that an instance holds, primary ones and those of others are never touched.
   */
  collectAccount(request: CollectAccountRequest, options: CommandOptions): Promise<CollectAccountReport>;
  /** Says whether ADD can be served. Cheap: asks the cloud once in five minutes and host at most. */
  status(request: StatusRequest, options: CommandOptions): Promise<StatusReport>;
}

/** What {@link createAttachmentEngine} needs. */
export interface AttachmentEngineOptions {
  /** Gives the provider. Called at most once per command, and late: DEL cleans up locally even when this rejects. */
  readonly provider: () => Promise<NicProvider>;
  /** Where NICs are moved and configured. */
  readonly driver: NetworkDriver;
  /** The journal of this configuration's attachments. */
  readonly store: AttachmentStore;
  /** What all configurations of this host share. */
  readonly hostStore: HostStore;
  /** The namespace in which NICs appear; default the caller's own. */
  readonly host?: NamespaceRef;
  /** The kernel's boot id (`/proc/sys/kernel/random/boot_id`). */
  readonly bootId: string;
  /** Time; default the system's. */
  readonly clock?: Clock | undefined;
  /** Where to say what is done; default nowhere. */
  readonly log?: Logger | undefined;
  /** Numbers from 0 up to 1, for jitter; default `Math.random`. */
  readonly random?: () => number;
  /** What differs from {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<EngineLimits>;
}
