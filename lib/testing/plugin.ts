import { createRun, type PluginSuiteOptions } from './plugin-bed.js';
import { defineLifecycleCases } from './plugin-lifecycle.js';
import { defineProtocolCases } from './plugin-protocol.js';

/**
 * Defines the tests that any CNI plugin must pass, in whatever language it is written: its executable is run as a runtime does.
 * They assert with `node:assert/strict`, so that any runner with `describe` and `it` will do.
 *
 * ```ts
 * describePlugin({ name: 'mine', describe, it, command: '/opt/cni/bin/mine', versions: ['0.4.0', '1.0.0'] });
 * ```
 * @see https://github.com/containernetworking/cni/blob/main/SPEC.md
 */
export function describePlugin(options: PluginSuiteOptions): void {
  const run = createRun(options);
  const { setup } = options;
  options.describe(`CNI plugin contract: ${options.name}`, () => {
    defineProtocolCases((title, body) => options.it(title, body), run, options);
    if (setup === undefined) return;
    defineLifecycleCases(
      (title, body) =>
        options.it(title, async () => {
          const bed = await setup();
          try {
            await body(bed);
          } finally {
            await bed.teardown();
          }
        }),
      run,
      options,
    );
  });
}
