import { basename } from 'node:path';
import { expect } from 'chai';
import { allVersions } from '../../../lib/cni/index.js';
import { describePlugin, type PluginSuiteOptions } from '../../../lib/testing/index.js';
import { exampleExecutable } from '../../support/example-executable.js';
import { requireLive } from '../../support/live.js';
import { loopbackChecks, makePluginBed } from '../../support/plugin-beds.js';
import { type PluginMachine, startPluginMachine } from '../../support/plugin-machine.js';
import { makeTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

describe('describePlugin() with a plugin that keeps the contract', function () {
  this.timeout(60_000);
  let host: PluginMachine;

  before(async function () {
    requireLive(this, ['ip', 'nsenter', 'unshare']);
    host = await startPluginMachine();
  });

  after(() => host?.close());

  describePlugin({
    name: 'the example loopback',
    describe,
    it,
    command: async () => host.install('loopback', await exampleExecutable('loopback')),
    versions: allVersions,
    ifname: 'lo',
    ownNamespace: '/proc/1/ns/net',
    damage: async (netns, ifname) => void (await host.sh(`ip -n ${basename(netns)} link set ${ifname} down`)),
    setup: async () =>
      makePluginBed(
        host,
        {},
        loopbackChecks(() => host),
      ),
  });
});

/** Runs the tests of a suite whose titles match, without a test runner; gives the titles of those that failed. */
async function failures(options: Omit<PluginSuiteOptions, 'describe' | 'it' | 'name'>, titles = /^/): Promise<readonly string[]> {
  const cases: { readonly title: string; readonly body: () => Promise<void> }[] = [];
  describePlugin({ ...options, name: 'mutant', describe: (_title, body) => body(), it: (title, body) => cases.push({ title, body }) });
  const failed: string[] = [];
  for (const { title, body } of cases) {
    if (!titles.test(title)) continue;
    try {
      await body();
    } catch {
      failed.push(title);
    }
  }
  return failed;
}

/**
 * A plugin as a shell script: it keeps the contract as far as this suite needs, but for what a mutant changes.
 * Answers are chosen by what is in the request, so that the tests reach what they are for.
 */
const sound = {
  version: `echo '{"cniVersion":"1.1.0","supportedVersions":["1.0.0","1.1.0"]}'`,
  add: `echo '{"cniVersion":"1.1.0"}' | sed "s/1.1.0/$conf_version/"`,
  del: ':',
  check: ':',
  gc: ':',
  status: ':',
  fail: `echo "{\\"code\\":$1,\\"msg\\":\\"$2\\"}"; exit 1`,
};

function script(changes: Partial<typeof sound>): string {
  const parts = { ...sound, ...changes };
  return `
fail() { ${parts.fail}; }
[ "$CNI_COMMAND" = VERSION ] && { ${parts.version}; exit 0; }
case $CNI_COMMAND in ADD|DEL|CHECK|GC|STATUS) ;; *) fail 4 unknown;; esac
case $CNI_COMMAND in ADD|DEL|CHECK)
  for name in CNI_CONTAINERID CNI_NETNS CNI_IFNAME CNI_PATH; do
    [ "$CNI_COMMAND $name" = "DEL CNI_NETNS" ] && continue
    eval "[ -n \\"\\$$name\\" ]" || fail 4 "$name missing"
  done
  case $CNI_CONTAINERID in [!A-Za-z0-9]*) fail 4 id;; esac
  case $CNI_IFNAME in */*|..|????????????????*) fail 4 ifname;; esac;; esac
node=${process.execPath}
conf=$(cat)
eval "$(printf %s "$conf" | "$node" -e '
  let text = ""; process.stdin.on("data", (d) => { text += d; }).on("end", () => {
    let c; try { c = JSON.parse(text); } catch { return console.log("fail 6 json"); }
    if (Array.isArray(c)) return console.log("fail 6 list");
    if (text.length > 50000) return console.log("fail 6 deep");
    c = Object.fromEntries(Object.entries(c).map(([k, v]) => [k.toLowerCase(), v]));
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(c.name ?? "")) return console.log("fail 7 name");
    const v = c.cniversion ?? "0.1.0";
    if (!["1.0.0", "1.1.0"].includes(v)) return console.log("fail 1 version");
    if (v === "1.0.0" && /GC|STATUS/.test(process.env.CNI_COMMAND)) return console.log("fail 1 gate");
    console.log("conf_version=" + v);
  });')"
case $CNI_COMMAND in
ADD) case $CNI_NETNS in /ns/*) ;; *) fail 8 namespace;; esac; ${parts.add};;
DEL) ${parts.del};;
CHECK) ${parts.check};;
GC) ${parts.gc};;
STATUS) ${parts.status};;
esac
exit 0`;
}

/** Plugins that each break the contract in one way, and a test that must notice. */
const mutants: readonly { readonly name: string; readonly changes: Partial<typeof sound>; readonly notices: RegExp }[] = [
  { name: 'prints a log before the version', changes: { version: `echo starting; ${sound.version}` }, notices: /^VERSION names/ },
  { name: 'waits for standard input', changes: { version: `cat >/dev/null; ${sound.version}` }, notices: /^VERSION waits/ },
  {
    name: 'claims other versions',
    changes: { version: `echo '{"cniVersion":"1.1.0","supportedVersions":["1.1.0"]}'` },
    notices: /^VERSION names/,
  },
  {
    name: 'exits with 0 after an error',
    changes: { fail: `echo "{\\"code\\":$1,\\"msg\\":\\"$2\\"}"; exit 0` },
    notices: /^an unknown command/,
  },
  { name: 'prints an error that is no document', changes: { fail: 'echo "failed: $2"; exit 1' }, notices: /^a network name/ },
  { name: 'prints two documents', changes: { fail: `echo "{\\"code\\":$1,\\"msg\\":\\"$2\\"}{}"; exit 1` }, notices: /^no JSON/ },
  {
    name: 'answers with one number for everything',
    changes: { fail: `echo "{\\"code\\":999,\\"msg\\":\\"$2\\"}"; exit 1` },
    notices: /code 6/,
  },
  { name: 'dies without an answer', changes: { fail: 'kill -9 $$' }, notices: /^ADD names each variable/ },
  { name: 'answers in its own version', changes: { add: `echo '{"cniVersion":"1.1.0"}'` }, notices: /^ADD, CHECK.*1\.0\.0$/ },
  { name: 'prints a log after the result', changes: { add: `${sound.add}; echo done` }, notices: /^ADD, CHECK/ },
  {
    name: 'names another sandbox',
    changes: { add: `echo "{\\"cniVersion\\":\\"$conf_version\\",\\"interfaces\\":[{\\"name\\":\\"eth0\\",\\"sandbox\\":\\"/x\\"}]}"` },
    notices: /^ADD, CHECK/,
  },
  {
    name: 'puts an address on no interface',
    changes: { add: `echo "{\\"cniVersion\\":\\"$conf_version\\",\\"ips\\":[{\\"address\\":\\"10.0.0.1/8\\",\\"interface\\":0}]}"` },
    notices: /^ADD, CHECK/,
  },
  { name: 'fails DEL of what is gone', changes: { del: '[ -n "$CNI_NETNS" ] || fail 999 gone' }, notices: /^DEL succeeds without/ },
  { name: 'talks on CHECK', changes: { check: 'echo fine' }, notices: /^ADD, CHECK/ },
  { name: 'does not notice damage', changes: {}, notices: /^CHECK fails/ },
  { name: 'fails GC', changes: { gc: 'fail 999 gc' }, notices: /^GC leaves/ },
  { name: 'talks on STATUS', changes: { status: 'echo ready' }, notices: /^STATUS/ },
];

describe('describePlugin() with a plugin that breaks the contract', function () {
  this.timeout(120_000);
  let folder: TemporaryFolder;
  let namespaces = 0;

  before(async () => {
    folder = await makeTemporaryFolder('mutants');
  });

  after(() => folder.remove());

  const suiteOf = (command: string): Parameters<typeof failures>[0] => ({
    command,
    versions: ['1.0.0', '1.1.0'],
    limitMs: 2000,
    setup: async () => ({
      createNamespace: async () => `/ns/${namespaces++}`,
      removeNamespace: async () => undefined,
      config: {},
      path: '/opt/cni/bin',
      teardown: async () => undefined,
    }),
  });

  it('passes the sound plugin that the others are made of', async () => {
    expect(await failures(suiteOf(await folder.script('sound', script({}))))).to.deep.equal([]);
  });

  for (const { name, changes, notices } of mutants) {
    it(`notices one that ${name}`, async () => {
      const suite = suiteOf(await folder.script('mutant', script(changes)));
      const options = Object.keys(changes).length === 0 ? { ...suite, damage: async () => undefined } : suite;
      expect(await failures(options, notices)).to.have.length.at.least(1);
    });
  }
});
