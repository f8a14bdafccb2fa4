import type { PluginVariant } from './runtime-world.js';

/**
 * The executable of a variant. Where it was not built the tests are skipped with a printed reason; with `CI=true` that is a failure.
 * @param context the `this` of a mocha `before`
 */
export async function requireVariant(context: Mocha.Context, variant: PluginVariant): Promise<string> {
  const path = await variant.path();
  if (path !== undefined) return path;
  const reason = `hostnic ${variant.name} is not there: run npm run build:binary`;
  if (process.env['CI'] === 'true') throw new Error(`a test cannot run, and CI=true: ${reason}`);
  console.log(`    skipped: ${reason}`);
  context.skip();
}
