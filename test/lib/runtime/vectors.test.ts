import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import * as E from 'fp-ts/lib/Either.js';
import { convertResult, decodeResult, encodeResult, isCniVersion } from '../../../lib/cni/index.js';
import { type CniRuntime, createRuntime, loadNetwork, type NetworkAttachment, type NetworkList } from '../../../lib/runtime/index.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { type Invocation, type PluginBehaviour, RecordingExec } from '../../support/recording-exec.js';
import { saysAsReference } from '../../support/reference-text.js';
import { rejection } from '../../support/rejection.js';

interface Step {
  readonly op: string;
  readonly runtime: {
    readonly containerID: string;
    readonly netns: string;
    readonly ifName: string;
    readonly args?: readonly (readonly [string, string])[];
    readonly capabilityArgs?: Readonly<Record<string, unknown>>;
  };
  readonly pluginBehaviour?: Readonly<Record<string, PluginBehaviour>>;
  readonly validAttachments?: readonly { readonly containerID: string; readonly ifname: string }[];
  readonly invocations: readonly Invocation[];
  readonly exitOk: boolean;
  readonly error?: string;
  readonly result?: unknown;
  readonly cacheFiles: Readonly<Record<string, unknown>>;
}

interface Vector {
  readonly name: string;
  readonly pluginPath: readonly string[];
  readonly conf: Readonly<Record<string, unknown>>;
  readonly cacheBefore?: Readonly<Record<string, unknown>>;
  readonly steps: readonly Step[];
}

const vectors = JSON.parse(readFileSync(new URL('../../fixtures/cni/runtime.json', import.meta.url), 'utf8')) as readonly Vector[];
const results = '/cache/results';

function textOf(content: unknown): string {
  return typeof content === 'string' ? content : JSON.stringify(content);
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return text;
  }
}

function attachmentOf({ runtime }: Step): NetworkAttachment {
  const { containerID, netns, ifName, args, capabilityArgs } = runtime;
  return {
    containerId: containerID,
    netns,
    ifname: ifName,
    ...(args === undefined ? {} : { args }),
    ...(capabilityArgs === undefined ? {} : { capabilityArgs }),
  };
}

/** Runs an operation; gives what the vector calls its result. */
async function run(runtime: CniRuntime, list: NetworkList, step: Step): Promise<unknown> {
  const attachment = attachmentOf(step);
  switch (step.op) {
    case 'add':
      return JSON.parse(JSON.stringify(encodeResult(await runtime.add(list, attachment))));
    case 'del':
      return runtime.del(list, attachment);
    case 'check':
      return runtime.check(list, attachment);
    case 'status':
      return runtime.status(list);
    case 'gc': {
      const valid = step.validAttachments?.map(({ containerID, ifname }) => ({ containerId: containerID, ifname }));
      return runtime.gc(list, valid === undefined ? {} : { validAttachments: valid });
    }
    case 'validate':
      return `[${(await runtime.validate(list)).join(' ')}]`;
    case 'attachments':
      return (await runtime.attachments(attachment.containerId)).map((one) => ({
        ContainerID: one.containerId,
        Network: one.network,
        IfName: one.ifname,
        Config: Buffer.from(one.config).toString('base64'),
        NetNS: one.netns,
        CniArgs: one.args ?? null,
        CapabilityArgs: one.capabilityArgs ?? null,
      }));
    default:
      throw new TypeError(`unknown operation ${step.op}`);
  }
}

/**
 * Where this runtime differs from the reference on purpose, as rules:
 * - `capabilities` is not in requests, as the spec says; the reference passes it on.
 * - `prevResult` is in the version of the network; the reference hands on what the plugin before answered. The plugin that refuses that
 *   in the reference then succeeds here.
 */
function expectedInvocation(invocation: Invocation, list: NetworkList): Invocation {
  const { capabilities: _stripped, ...stdin } = invocation.stdin as Readonly<Record<string, unknown>>;
  const previous = stdin['prevResult'];
  const { cniVersion } = list;
  if (invocation.env['CNI_COMMAND'] !== 'ADD' || previous === undefined || !isCniVersion(cniVersion)) return { ...invocation, stdin };
  const decoded = decodeResult(previous);
  if (E.isLeft(decoded) || decoded.right.cniVersion === cniVersion) return { ...invocation, stdin };
  const converted = convertResult(decoded.right, cniVersion);
  if (E.isLeft(converted)) throw converted.left;
  return { ...invocation, stdin: { ...stdin, prevResult: JSON.parse(JSON.stringify(encodeResult(converted.right))) } };
}

/** The error of a plugin that got a result of another version, which does not happen here. */
function isForeignResult(step: Step): boolean {
  return step.op === 'add' && step.error?.includes('could not parse prevResult: result type supports') === true;
}

function expectedCache(files: Step['cacheFiles'], list: NetworkList): Readonly<Record<string, unknown>> {
  const config = Buffer.from(list.bytes).toString('base64');
  return Object.fromEntries(
    Object.entries(files).map(([name, content]) => {
      const described = typeof content === 'object' && content !== null && 'config' in content;
      return [name, described ? { ...content, config } : content];
    }),
  );
}

describe('createRuntime() against the recorded reference', () => {
  it('has the recorded flows to follow', () => {
    expect(vectors.length).to.be.at.least(26);
  });

  for (const vector of vectors) {
    it(`does as the reference in ${vector.name}`, async () => {
      const files = new MemoryFiles();
      for (const [name, content] of Object.entries(vector.conf)) files.set(`/conf/${name}`, textOf(content));
      for (const [name, content] of Object.entries(vector.cacheBefore ?? {})) files.set(`${results}/${name}`, textOf(content));
      const exec = new RecordingExec();
      const runtime = createRuntime({ pluginDirs: vector.pluginPath, cacheDir: '/cache', files, exec, env: {} });
      const [content] = Object.values(vector.conf);
      const list = await loadNetwork('/conf', (content as { readonly name: string }).name, files);
      for (const step of vector.steps) {
        exec.behaviour = step.pluginBehaviour ?? {};
        exec.invocations.length = 0;
        if (step.exitOk || isForeignResult(step)) {
          const result = await run(runtime, list, step);
          if (step.result !== undefined) expect(result).to.deep.equal(step.result);
        } else {
          const { message } = await rejection(run(runtime, list, step));
          expect(saysAsReference(message, step.error ?? ''), `${message}\ninstead of\n${step.error}`).to.equal(true);
        }
        expect(exec.invocations.slice(0, step.invocations.length)).to.deep.equal(
          step.invocations.map((invocation) => expectedInvocation(invocation, list)),
        );
        expect(exec.invocations).to.have.length(step.invocations.length);
        if (isForeignResult(step)) continue;
        const cached = Object.fromEntries(files.names(results).map((name) => [name, parsed(files.text(`${results}/${name}`))]));
        expect(cached).to.deep.equal(expectedCache(step.cacheFiles, list));
      }
    });
  }
});
