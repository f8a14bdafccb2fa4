import { systemClock } from '../clock.js';
import { type PluginAnswer, type PluginInput, toErrorAnswer } from './answer.js';
import type { Plugin } from './plugin.js';
import { formatVersionReply } from './version.js';

/**
 * Serves one command of the protocol: the pure core of `runPlugin`. Never rejects.
 *
 * VERSION and a start by hand are answered without loading the codecs, which cost more time than the answer.
 */
export async function dispatch(plugin: Plugin, input: PluginInput): Promise<PluginAnswer> {
  const command = input.env['CNI_COMMAND'] ?? '';
  if (command === 'VERSION') return { exitCode: 0, stdout: formatVersionReply(plugin.versions), stderr: '' };
  if (command === '' && plugin.about !== undefined && plugin.about !== '') {
    const versions = `CNI protocol versions supported: ${plugin.versions.join(', ')}`;
    return { exitCode: 0, stdout: '', stderr: `${plugin.about}\n${versions}\n` };
  }
  try {
    const { serve } = await import('./serve.js');
    return await serve(plugin, input, input.clock ?? systemClock);
  } catch (error) {
    return toErrorAnswer(error);
  }
}
