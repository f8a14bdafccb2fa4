import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { NamespaceHandle } from '../../netlink/namespace.js';
import type { SeededRandom } from './random.js';

/** Another process that changes the links of a namespace behind the back of the library. */
export interface Offender {
  /** False once it has carried out all its commands. */
  isRunning(): boolean;
  /** Resolves then. */
  readonly ended: Promise<void>;
  /** Ends it early. */
  stop(): void;
}

/** Lets `ip -batch` carry out commands in a namespace, going on after those that fail. */
export function startOffender(namespace: NamespaceHandle, commands: readonly string[]): Offender {
  const args = [`--net=/proc/${process.pid}/fd/${namespace.fd}`, 'ip', '-force', '-batch', '-'];
  const child = spawn('nsenter', args, { stdio: ['pipe', 'ignore', 'ignore'] });
  // It may be stopped before it has read everything.
  child.stdin.on('error', () => {});
  child.stdin.end(`${commands.join('\n')}\n`);
  return {
    isRunning: () => child.exitCode === null && child.signalCode === null,
    ended: once(child, 'close').then(() => {}),
    stop: () => child.kill('SIGKILL'),
  };
}

function pick<T>(random: SeededRandom, choices: readonly T[]): T {
  const choice = choices[Math.floor(random.next() * choices.length)];
  if (choice === undefined) throw new Error('nothing to choose from');
  return choice;
}

/** A hardware address of one's own, from a number. */
export function macOf(group: number, member: number): string {
  return [0x02, 0, 0, group, member >> 8, member & 255].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/**
 * Commands that add, rename, raise, lower, stack and delete links of its own, whose names begin with `prefix` (at most 6 bytes), and give
 * them addresses and routes. Links stacked on others have the same hardware address.
 */
export function churn(random: SeededRandom, prefix: string, count: number): readonly string[] {
  const slots: { name: string | undefined; renamed: number; stacked: boolean; bridged: boolean }[] = Array.from({ length: 12 }, () => ({
    name: undefined,
    renamed: 0,
    stacked: false,
    bridged: false,
  }));
  const commands: string[] = [];
  while (commands.length < count) {
    const slot = Math.floor(random.next() * slots.length);
    const state = slots[slot];
    if (state === undefined) continue;
    const mac = macOf(0x77, slot);
    if (state.name === undefined) {
      state.name = `${prefix}${slot}`;
      const kind = pick(random, ['ifb', `veth peer name ${prefix}${slot}p`, 'bridge', 'veth']);
      commands.push(`link add ${state.name} address ${mac} type ${kind}`);
      continue;
    }
    const { name } = state;
    const act = pick(random, ['rename', 'rename', 'up', 'down', 'mtu', 'address', 'route', 'stack', 'bridge', 'delete']);
    if (act === 'rename') {
      state.renamed++;
      state.name = `${prefix}${slot}r${state.renamed % 3}`;
      if (state.name !== name) commands.push(`link set ${name} name ${state.name}`);
    } else if (act === 'up' || act === 'down') {
      commands.push(`link set ${name} ${act}`);
    } else if (act === 'mtu') {
      commands.push(`link set ${name} mtu ${1300 + Math.floor(random.next() * 200)}`);
    } else if (act === 'address') {
      commands.push(`addr replace 10.${slot}.${Math.floor(random.next() * 4)}.1/24 dev ${name}`);
    } else if (act === 'route') {
      commands.push(`route replace 172.${16 + slot}.0.0/16 dev ${name}`);
    } else if (act === 'stack') {
      commands.push(
        state.stacked
          ? `link delete ${prefix}${slot}m`
          : `link add link ${name} name ${prefix}${slot}m address ${mac} type macvlan mode vepa`,
      );
      state.stacked = !state.stacked;
    } else if (act === 'bridge') {
      const bridge = `${prefix}${slot}b`;
      if (state.bridged) commands.push(`link delete ${bridge}`);
      else commands.push(`link add ${bridge} address ${mac} type bridge`, `link set ${name} master ${bridge}`);
      state.bridged = !state.bridged;
    } else {
      commands.push(`link delete ${name}`);
      state.name = undefined;
    }
  }
  return commands;
}

/**
 * Commands of one who gets hold of every new card, as a host's own software does: renames the links `<prefix>0` to `<prefix>N`, raises and
 * lowers them, stacks macvlans and bridges of the same hardware address on them, and undoes it.
 */
export function meddle(random: SeededRandom, prefix: string, links: number, count: number): readonly string[] {
  const commands: string[] = [];
  while (commands.length < count) {
    const i = Math.floor(random.next() * links);
    const name = `${prefix}${i}`;
    const mac = macOf(1, i);
    const act = pick(random, ['rename', 'up', 'down', 'macvlan', 'bridge']);
    if (act === 'rename') commands.push(`link set ${name} name x${i}`, `link set x${i} name ${name}`);
    else if (act === 'macvlan')
      commands.push(`link add link ${name} name mv${i} address ${mac} type macvlan mode vepa`, `link delete mv${i}`);
    else if (act === 'bridge') {
      commands.push(`link add br${i} address ${mac} type bridge`, `link set ${name} master br${i}`, `link set ${name} up`);
      if (random.next() < 0.5) commands.push(`link set ${name} nomaster`);
      commands.push(`link delete br${i}`);
    } else commands.push(`link set ${name} ${act}`);
  }
  return commands;
}

/** Commands of one who takes the names `<prefix>0` to `<prefix>N` for links of its own for a while, and renames what has them. */
export function squat(random: SeededRandom, prefix: string, links: number, count: number): readonly string[] {
  const commands: string[] = [];
  while (commands.length < count) {
    const name = `${prefix}${Math.floor(random.next() * links)}`;
    const act = pick(random, ['squat', 'rename', 'up', 'altname']);
    // By its group: the name may be that of another link by then.
    if (act === 'squat') commands.push(`link add ${name} group 99 type ifb`, 'link delete group 99');
    else if (act === 'rename') commands.push(`link set ${name} name y${name}`, `link set y${name} name ${name}`);
    else if (act === 'altname') commands.push(`link property add dev lo altname ${name}`, `link property del dev lo altname ${name}`);
    else commands.push(`link set ${name} up`);
  }
  return commands;
}
