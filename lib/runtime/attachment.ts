/** An attachment of a container to a network: what a runtime says about it, beside the network's configuration. */
export interface NetworkAttachment {
  /** The container. */
  readonly containerId: string;
  /** Path of its network namespace. Needed for ADD and CHECK; may be empty for DEL when the namespace is gone. */
  readonly netns: string;
  /** Name of the interface in it. */
  readonly ifname: string;
  /** CNI_ARGS, in order. Nothing is escaped in there, so a text cannot hold a semicolon. */
  readonly args?: readonly (readonly [key: string, value: string])[];
  /** Values for capabilities, such as `portMappings`. Each plugin gets those that its configuration lists. */
  readonly capabilityArgs?: Readonly<Record<string, unknown>>;
}

/** An attachment as the cache has it. */
export interface CachedAttachment extends NetworkAttachment {
  /** Name of the network. */
  readonly network: string;
  /** The configuration of the network that ADD ran with. */
  readonly config: Uint8Array;
}
