import type { CallOptions } from '../lib/provider.js';
import { type BatchResult, type ConnectionOptions, NetlinkConnection, type NetlinkRequest } from './connection.js';
import type { NamespaceHandle } from './namespace.js';
import { AddressService, LinkService, NeighbourService, NsidService, RouteService, RuleService } from './services/index.js';

/** The networking of one namespace: a connection to its kernel side, with a service for each kind of object. */
export interface Rtnetlink extends Disposable {
  /** The namespace it was opened in. The handle stays the caller's; the connection works on after it is closed. */
  readonly namespace: NamespaceHandle;
  /** Links (network interfaces). */
  readonly link: LinkService;
  /** Addresses. */
  readonly address: AddressService;
  /** Routes. */
  readonly route: RouteService;
  /** Routing policy. */
  readonly rule: RuleService;
  /** Neighbours (ARP and NDP). */
  readonly neighbour: NeighbourService;
  /** The ids by which this namespace knows others. */
  readonly nsid: NsidService;
  /**
   * Sends many requests that change something, several in one send. Each is carried out whether or not others fail.
   * @returns for each request in order: undefined when it was carried out, else the error
   */
  batch(requests: readonly NetlinkRequest[], options?: CallOptions): Promise<readonly BatchResult[]>;
  /** Closes the connection. Requests under way reject with `ERR_CANCELLED`. Two closes are fine. */
  close(): void;
}

/** Opens a connection in a namespace. It is ready at once. @throws NetlinkError when the kernel refuses */
export function openRtnetlink(namespace: NamespaceHandle, options: ConnectionOptions = {}): Rtnetlink {
  const connection = NetlinkConnection.open(namespace, options);
  return {
    namespace,
    link: new LinkService(connection),
    address: new AddressService(connection),
    route: new RouteService(connection),
    rule: new RuleService(connection),
    neighbour: new NeighbourService(connection),
    nsid: new NsidService(connection),
    batch: (requests, callOptions) => connection.batch(requests, callOptions),
    close: () => connection.close(),
    [Symbol.dispose]: () => connection.close(),
  };
}
