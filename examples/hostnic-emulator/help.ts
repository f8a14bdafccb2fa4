import { DEFAULT_ACCOUNT, emulatorChoices } from '../../providers/qingcloud/emulator/index.js';
import { FAULT_EXAMPLES } from './fault-examples.js';

const EXAMPLES = `
Examples:
  $ hostnic-emulator
      the API on 127.0.0.1:7777, NICs on paper only; needs no rights

  # ip netns add vm && ip -n vm link set lo up
  # hostnic-emulator --instance i-node1=/run/netns/vm --listen 127.0.0.1:7777@/run/netns/vm
      "vm" plays the machine: attached NICs appear in it and carry traffic; the API is where its own tools look for it

  $ hostnic-emulator --choice nameFilter=partial --fault '{"action":"CreateNics","fault":{"kind":"cut"}}'
      the service as it may be, too; and: the answer of the next CreateNics is lost

Requests are signed with the key ${DEFAULT_ACCOUNT.accessKeyId} unless --access-key says otherwise.
`;

const CONTROL = `
Control endpoint, unsigned and on loopback only (POST wants "Content-Type: application/json"):
  GET    /control/state                  routers, vxnets, instances, NICs, jobs, choices, limits, faults, calls by action
  GET    /control/calls                  the last 10,000 calls with parameters, ret_code, fault and duration
  GET    /control/faults                 faults in force, and how often each struck
  POST   /control/faults                 a fault rule, or a list of them
  DELETE /control/faults[/<id>]          one fault ends, or all do
  POST   /control/jobs                   {"held":true}: jobs that start stay pending; {"held":false}: they go on
  POST   /control/instances/<id>         {"status":"stopped"}: as somebody at the console would
  POST   /control/nics/<id>/return       the NIC comes back to its machine, as when its namespace dies
`;

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}\n`).join('');
}

/** What stands behind the options in the help. */
export function formatHelp(): string {
  const choices = Object.entries(emulatorChoices).map(([name, { values, about }]) => [`${name}=${values.join('|')}`, about] as const);
  const faults = FAULT_EXAMPLES.map(({ what, rule }) => [JSON.stringify(rule), what] as const);
  return [
    EXAMPLES,
    '\nChoices, where nothing is known of the real service (--choice name=value; the default is the first; codes may have other values):\n',
    table(choices),
    '\nFaults (--fault rule, or POST it to /control/faults; a rule strikes once unless "times" says otherwise; "skip" spares the first calls):\n',
    faults.map(([rule, what]) => `  ${what}\n      ${rule}\n`).join(''),
    CONTROL,
  ].join('');
}
