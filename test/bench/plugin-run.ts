import { type Place, spawnIn } from '../../examples/demo/place.js';

/** One run of a plugin. */
export interface PluginRun {
  /** From before it was started until it had ended and its output was read, in milliseconds. */
  readonly totalMs: number;
  /** When the last of its answer came, in milliseconds since the epoch; when it ended, for one that answers with nothing. */
  readonly answeredAt: number;
  /** Its answer. */
  readonly stdout: string;
}

/** One CNI command to run. */
export interface PluginCall {
  /** The plugin. */
  readonly executable: string;
  /** The machine it runs on. */
  readonly machine: Place;
  /** CNI_COMMAND. */
  readonly command: string;
  /** The pod. */
  readonly pod?: Place;
  /** The configuration. */
  readonly config: object;
}

/**
 * Runs a plugin as a runtime does, by fork and exec inside the machine's namespace and nothing in between.
 * @throws Error with all it said when it fails
 */
export function runPlugin(call: PluginCall): Promise<PluginRun> {
  const { executable, machine, command, pod, config } = call;
  const attachment = pod === undefined ? {} : { CNI_CONTAINERID: pod.name, CNI_NETNS: pod.path, CNI_IFNAME: 'eth0' };
  const env = { PATH: process.env['PATH'], CNI_COMMAND: command, CNI_PATH: '/opt/cni/bin', ...attachment };
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawnIn(machine, executable, [], { stdio: 'pipe', env });
    let stdout = '';
    let stderr = '';
    let answeredAt = 0;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      answeredAt = Date.now();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdin?.on('error', () => {});
    child.on('error', reject);
    child.on('close', (code) => {
      const totalMs = performance.now() - begun;
      if (code === 0) resolve({ totalMs, answeredAt: stdout === '' ? Date.now() : answeredAt, stdout });
      else reject(new Error(`${executable} ${command}: exit ${code}\n${stdout}${stderr}`));
    });
    child.stdin?.end(JSON.stringify(config));
  });
}
