export type { CallKind } from './bucket.js';
export type { CallLimiter, CallLimiterOptions } from './limiter.js';
export { createCallLimiter, unlimitedCalls } from './limiter.js';
