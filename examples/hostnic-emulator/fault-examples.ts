import type { FaultRule } from '../../providers/qingcloud/emulator/index.js';

/** A fault as a person asks for it. */
export interface FaultExample {
  /** What goes wrong. */
  readonly what: string;
  /** The rule that makes it go wrong. */
  readonly rule: FaultRule;
}

/** Every kind of fault there is, as a rule to copy. The page beside this file has each as a `curl` command. */
export const FAULT_EXAMPLES: readonly FaultExample[] = [
  { what: 'calls of one action take longer', rule: { action: 'CreateNics', times: 'always', fault: { kind: 'latency', ms: 400 } } },
  { what: 'two calls fail, nothing having happened', rule: { action: 'CreateNics', times: 2, fault: { kind: 'error', error: 'busy' } } },
  { what: 'a call takes effect and answers that it failed', rule: { action: 'CreateNics', fault: { kind: 'error', when: 'after' } } },
  { what: 'the answer of a success is lost', rule: { action: 'CreateNics', fault: { kind: 'cut' } } },
  { what: 'the connection is cut, nothing having happened', rule: { action: 'CreateNics', fault: { kind: 'cut', when: 'before' } } },
  {
    what: 'the connection is cut, and the create takes effect 2 s later',
    rule: { action: 'CreateNics', fault: { kind: 'late-effect', delayMs: 2_000 } },
  },
  { what: 'no answer ever comes', rule: { action: 'AttachNics', fault: { kind: 'silence' } } },
  { what: 'half an answer comes', rule: { action: 'CreateNics', fault: { kind: 'garbage' } } },
  { what: 'a page of a load balancer comes', rule: { fault: { kind: 'status', status: 502 } } },
  { what: 'a call in ten fails, at random', rule: { times: 'always', probability: 0.1, fault: { kind: 'error', error: 'busy' } } },
  { what: 'reads are 5 s old', rule: { action: 'DescribeNics', times: 'always', fault: { kind: 'stale', ageMs: 5_000 } } },
  { what: 'the rate of calls is exceeded', rule: { times: 5, fault: { kind: 'error', error: 'rate-limit' } } },
  { what: 'the account has no NIC left', rule: { action: 'CreateNics', times: 'always', fault: { kind: 'error', error: 'quota' } } },
  {
    what: 'one vxnet is full',
    rule: { action: 'CreateNics', match: { vxnet: 'vxnet-emul001' }, times: 'always', fault: { kind: 'error', error: 'vxnet-full' } },
  },
  { what: 'a fresh NIC cannot be used yet', rule: { action: 'AttachNics', times: 2, fault: { kind: 'error', error: 'lease-not-ready' } } },
  { what: 'a job fails', rule: { action: 'AttachNics', fault: { kind: 'job', outcome: 'failed' } } },
  { what: 'a job ends “done with failure”', rule: { action: 'DetachNics', fault: { kind: 'job', outcome: 'done with failure' } } },
  { what: 'a job never ends', rule: { action: 'AttachNics', fault: { kind: 'job', outcome: 'stuck' } } },
  {
    what: 'the NIC is seen 10 s before its job ends',
    rule: { action: 'AttachNics', fault: { kind: 'job', linksAfterMs: 0, durationMs: 10_000 } },
  },
  {
    what: 'the job fails 2 s after the NIC was seen',
    rule: { action: 'AttachNics', fault: { kind: 'job', outcome: 'failed', linksAfterMs: 0, durationMs: 2_000 } },
  },
  { what: 'the job succeeds, and the NIC is never seen', rule: { action: 'AttachNics', fault: { kind: 'job', linksAfterMs: 'never' } } },
];
