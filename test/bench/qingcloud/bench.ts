import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundle, readBundles } from '../../../examples/hostnic/build/bundle.js';
import { runCommand } from '../../support/machine.js';
import { printFigure } from '../netlink/report.js';
import { compareTurns, type Program } from './turns.js';

/*
 * The provider's work for a request and for a reply, without the network: signing, and decoding with all that is checked. Beside it programs
 * of the same work with nothing but the standard libraries of Go and Python, written for this after the documentation (they are not the
 * vendor's SDKs), and JSON.parse alone, which checks nothing. Each is a program of its own that was warmed up, they take turns, and all have
 * to come to the same results.
 */

const root = resolve(import.meta.dirname, '../../..');
const peers = join(root, 'test/bench/peers');
const PYTHON = '/usr/bin/python3';

interface Size {
  readonly rounds: number;
  readonly requests: number;
  readonly replies: number;
}

const FULL: Size = { rounds: 15, requests: 10_000, replies: 250 };
const QUICK: Size = { rounds: 1, requests: 200, replies: 5 };

/** A page of DescribeNics as the service sends it, every field it has included. */
function replyOf(nics: number): string {
  const set = Array.from({ length: nics }, (_, i) => ({
    nic_id: `52:54:00:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}`,
    nic_name: `hostnic_i-0abcdef1_${i}`,
    status: i % 3 === 0 ? 'available' : 'in-use',
    instance_id: i % 3 === 0 ? '' : 'i-0abcdef1',
    vxnet_id: 'vxnet-xk2dxvq',
    private_ip: `192.168.100.${2 + (i % 250)}`,
    role: i === 1 ? 1 : 0,
    sequence: i,
    security_group: '',
    tags: [],
    owner: 'usr-1234abcd',
    root_user_id: 'usr-1234abcd',
    create_time: '2017-08-17T03:04:05Z',
    status_time: '2017-08-17T03:04:05Z',
  }));
  return JSON.stringify({ action: 'DescribeNicsResponse', ret_code: 0, total_count: nics, nic_set: set });
}

async function buildGo(folder: string): Promise<Program> {
  const name = "Go's standard library (own program)";
  const executable = join(folder, 'qingcloud-go');
  const env = { ...process.env, GO111MODULE: 'off', GOFLAGS: '', CGO_ENABLED: '0' };
  try {
    const options = { cwd: join(peers, 'qingcloud-go'), env, limitMs: 300_000 };
    const { code, stderr } = await runCommand('go', ['build', '-o', executable, '.'], options);
    return code === 0 ? { name, command: [executable] } : { name, missing: stderr.trim() };
  } catch (error) {
    return { name, missing: error instanceof Error ? error.message : String(error) };
  }
}

/** Runs the benchmarks. @param quick only to see that everything works @returns the exit code */
export async function benchQingCloud({ quick }: { readonly quick: boolean }): Promise<number> {
  const { rounds, requests, replies } = quick ? QUICK : FULL;
  const folder = mkdtempSync(join(tmpdir(), 'bench-qingcloud-'));
  const programs = join(root, '.cache', `bench-qingcloud-${process.pid}`);
  try {
    const [options] = await readBundles();
    const { dts: _dts, ...plain } = options ?? {};
    await bundle({ ...plain, entry: { ours: join(import.meta.dirname, 'ours.ts') } }, programs);
    const command = [process.execPath, join(programs, 'ours.js')];
    const ours: Program = { name: 'hostnic-cni/providers/qingcloud', command };
    const go = await buildGo(folder);
    const python: Program = { name: "Python's standard library (own program)", command: [PYTHON, join(peers, 'qingcloud.py')] };
    const parse: Program = { name: 'JSON.parse, nothing checked', command, env: { HOSTNIC_BENCH_PLAIN: '1' } };
    for (const nics of [1, 5]) {
      const samples = await compareTurns([ours, go, python], { task: 'sign', count: requests, nics }, rounds);
      printFigure({ bench: `qingcloud: sign AttachNics, NICs: ${nics}`, of: 'sign', operations: requests }, samples);
    }
    for (const nics of [1, 100]) {
      const file = join(folder, `reply-${nics}.json`);
      writeFileSync(file, replyOf(nics));
      const count = nics === 1 ? 40 * replies : replies;
      const samples = await compareTurns([ours, parse, go, python], { task: 'decode', count, file }, rounds);
      printFigure({ bench: `qingcloud: decode DescribeNics, NICs: ${nics}`, of: 'decode', operations: count }, samples);
    }
    return 0;
  } finally {
    for (const made of [folder, programs]) rmSync(made, { recursive: true, force: true });
  }
}
