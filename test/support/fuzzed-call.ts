import { type Dice, damageJson, damageText } from './mutations.js';

/** What of a call is damaged. */
export type FuzzKind = 'environment' | 'stdin' | 'configuration' | 'provider file' | 'journal';

export const fuzzKinds: readonly FuzzKind[] = ['environment', 'stdin', 'configuration', 'provider file', 'journal'];

/** A call of the plugin. */
export interface FuzzedCall {
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

const MIB = 1024 * 1024;

const commands = ['ADD', 'ADD', 'DEL', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION'] as const;

const texts: readonly (() => string)[] = [
  () => '',
  () => '.',
  () => '..',
  () => '../../outside/victim',
  () => '/etc/passwd',
  () => 'a/b',
  () => 'lock',
  () => 'attachments',
  () => '-x',
  () => 'a b',
  () => 'a\nb',
  () => '%d',
  () => 'all',
  () => '\u{1f4a5}',
  () => 'c'.repeat(300),
  () => 'c'.repeat(100_000),
  () => '\u00a0',
  () => '__proto__',
];

const args = [
  'IP=',
  'IP=1.2.3.4.5',
  'IP=::1',
  'IgnoreUnknown=maybe',
  'A',
  ';;',
  'K8S_POD_NAME=../../x',
  'MAC=zz',
  'IP=192.168.100.20;A=B',
  '=',
];

/** The variables of a good call. */
export function goodEnvironment(command: string, containerId: string, netns: string): Record<string, string> {
  return { CNI_COMMAND: command, CNI_CONTAINERID: containerId, CNI_NETNS: netns, CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin' };
}

function damageEnvironment(dice: Dice, env: Record<string, string>, namespaces: readonly string[]): void {
  for (let i = 0; i <= dice.number(2); i++) {
    const name = dice.pick([
      'CNI_COMMAND',
      'CNI_CONTAINERID',
      'CNI_CONTAINERID',
      'CNI_NETNS',
      'CNI_IFNAME',
      'CNI_ARGS',
      'CNI_PATH',
      'CNI_NETNS_OVERRIDE',
    ]);
    if (name === 'CNI_NETNS' && dice.oneIn(2)) env[name] = dice.pick(namespaces);
    else if (name === 'CNI_ARGS') env[name] = dice.oneIn(2) ? dice.pick(args) : damageText(dice, dice.pick(args));
    else env[name] = dice.oneIn(3) ? damageText(dice, env[name] ?? 'x') : dice.pick(texts)();
    // No process gets a variable with a NUL in it.
    env[name] = (env[name] ?? '').replaceAll('\u0000', '');
  }
}

function damageStdin(dice: Dice, conf: object): string {
  const text = JSON.stringify(conf);
  return dice.pick([
    () => damageText(dice, text),
    () => damageText(dice, text),
    () => damageText(dice, text),
    () => damageText(dice, text),
    () => '',
    () => `${text}${text}`,
    () => `\ufeff${text}`,
    () => `${' '.repeat(dice.number(MIB))}${text}`,
    () => JSON.stringify({ ...conf, padding: 'x'.repeat(MIB) }),
    () => '['.repeat(10_000 + dice.number(90_000)),
    () => `{"a":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_001)}`,
    () => `${text.slice(0, -1)},${text.slice(1)}`,
  ])();
}

const prevResult = {
  cniVersion: '1.1.0',
  interfaces: [{ name: 'eth0', mac: '52:54:00:00:00:07', sandbox: '/run/netns/c1' }],
  ips: [{ interface: 0, address: '192.168.100.4/24', gateway: '192.168.100.1' }],
  routes: [{ dst: '0.0.0.0/0', gw: '192.168.100.1' }],
};

/** A random call of which one part is damaged. Journal and provider file are damaged by the caller, who has them. */
export function fuzzedCall(
  dice: Dice,
  kind: FuzzKind,
  good: { readonly conf: object; readonly containerId: string; readonly namespaces: readonly string[] },
): FuzzedCall {
  const command = dice.pick(kind === 'journal' ? commands.slice(0, -1) : commands);
  const env = goodEnvironment(command, good.containerId, good.namespaces[0] ?? '');
  const list =
    command === 'GC' ? { 'cni.dev/valid-attachments': dice.oneIn(2) ? [] : [{ containerID: good.containerId, ifname: 'eth0' }] } : {};
  const conf = { ...good.conf, ...list, ...(command === 'CHECK' || dice.oneIn(4) ? { prevResult } : {}) };
  if (kind === 'environment') damageEnvironment(dice, env, good.namespaces);
  const stdin = kind === 'stdin' ? damageStdin(dice, conf) : JSON.stringify(kind === 'configuration' ? damageJson(dice, conf) : conf);
  return { env, stdin };
}
