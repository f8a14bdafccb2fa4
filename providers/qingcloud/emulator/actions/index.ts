import type { Action } from './action.js';
import { attachNics } from './attach-nics.js';
import { createNics } from './create-nics.js';
import { deleteNics } from './delete-nics.js';
import { describeInstances } from './describe-instances.js';
import { describeJobs } from './describe-jobs.js';
import { describeNics } from './describe-nics.js';
import { describeRouters, describeRouterVxnets } from './describe-routers.js';
import { describeVxnets } from './describe-vxnets.js';
import { detachNics } from './detach-nics.js';
import { modifyNicAttributes } from './modify-nic-attributes.js';

export type { Action, ActionInput, ActionOutcome } from './action.js';

/** All actions by the names that requests give them. */
export const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['CreateNics', createNics],
  ['AttachNics', attachNics],
  ['DetachNics', detachNics],
  ['DeleteNics', deleteNics],
  ['ModifyNicAttributes', modifyNicAttributes],
  ['DescribeNics', describeNics],
  ['DescribeJobs', describeJobs],
  ['DescribeVxnets', describeVxnets],
  ['DescribeInstances', describeInstances],
  ['DescribeRouters', describeRouters],
  ['DescribeRouterVxnets', describeRouterVxnets],
]);
