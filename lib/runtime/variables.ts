import { delimiter } from 'node:path';
import type { CniCommand, EnvironmentVariables } from '../cni/index.js';
import type { NetworkAttachment } from './attachment.js';

/**
 * The trace that a call belongs to, handed on to plugins as W3C texts.
 *
 * @see https://opentelemetry.io/docs/specs/otel/context/env-carriers/
 */
export interface TraceContext {
  /** Version, trace id, span id and flags, as in the header `traceparent`. */
  readonly traceparent: string;
  /** As in the header `tracestate`. */
  readonly tracestate?: string;
  /** As in the header `baggage`. */
  readonly baggage?: string;
}

/** CNI_ARGS: pairs between semicolons, nothing escaped. */
export function formatArgs(args: NetworkAttachment['args'] = []): string {
  return args.map(([key, value]) => `${key}=${value}`).join(';');
}

function traceVariables(trace: TraceContext | undefined): EnvironmentVariables {
  if (trace === undefined || trace.traceparent === '') return {};
  const { traceparent, tracestate = '', baggage = '' } = trace;
  return {
    TRACEPARENT: traceparent,
    ...(tracestate === '' ? {} : { TRACESTATE: tracestate }),
    ...(baggage === '' ? {} : { BAGGAGE: baggage }),
  };
}

/** What {@link pluginVariables} makes the environment of a plugin of. */
export interface VariableSources {
  /** The environment of the runtime, which plugins inherit. */
  readonly env: EnvironmentVariables;
  /** The command. */
  readonly command: CniCommand;
  /** The container; none for GC and STATUS. */
  readonly attachment: NetworkAttachment | undefined;
  /** Where plugins look for those they delegate to. */
  readonly pluginDirs: readonly string[];
  /** The trace that the call belongs to. */
  readonly trace: TraceContext | undefined;
}

/** The environment of a plugin: that of the runtime with all six variables of the protocol set, empty when unused, over inherited ones. */
export function pluginVariables({ env, command, attachment, pluginDirs, trace }: VariableSources): EnvironmentVariables {
  return {
    ...env,
    CNI_COMMAND: command,
    CNI_CONTAINERID: attachment?.containerId ?? '',
    CNI_NETNS: attachment?.netns ?? '',
    CNI_ARGS: formatArgs(attachment?.args),
    CNI_IFNAME: attachment?.ifname ?? '',
    CNI_PATH: pluginDirs.join(delimiter),
    ...traceVariables(trace),
  };
}

/** The environment of VERSION. Plugins of the protocol's first years insist on variables that mean nothing here. */
export function versionVariables(env: EnvironmentVariables): EnvironmentVariables {
  return {
    ...env,
    CNI_COMMAND: 'VERSION',
    CNI_CONTAINERID: '',
    CNI_NETNS: 'dummy',
    CNI_ARGS: '',
    CNI_IFNAME: 'dummy',
    CNI_PATH: 'dummy',
  };
}
