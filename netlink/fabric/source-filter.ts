import { parseIp, parseMac } from '../../lib/address.js';
import type { NetlinkRequest } from '../connection.js';
import { type Attribute, ByteWriter, ETH_P, encodeAttributes, LITTLE_ENDIAN, NLA_F, NLM_F, RTM } from '../wire/index.js';

/** Attributes of traffic control messages (include/uapi/linux/rtnetlink.h and pkt_cls.h). */
const TCA = { KIND: 1, OPTIONS: 2 } as const;
const TCA_BPF = { OPS_LEN: 4, OPS: 5, FLAGS: 8 } as const;
/** The program says itself what becomes of a frame. */
const TCA_BPF_FLAG_ACT_DIRECT = 1;
/** Where things hang (include/uapi/linux/pkt_sched.h): the queueing discipline without a queue, and its side for what comes in. */
const TC_H = { CLSACT: 0xff_ff_ff_f1, CLSACT_HANDLE: 0xff_ff_00_00, INGRESS: 0xff_ff_ff_f2 } as const;
/** What becomes of a frame (include/uapi/linux/pkt_cls.h). */
const TC_ACT = { OK: 0, SHOT: 2 } as const;
/** `tcm_info` of a filter of priority 1 for ETH_P_ALL (include/uapi/linux/if_ether.h), which stands in network order in the low half. */
const FIRST_FOR_ALL = 0x1_0000 + (LITTLE_ENDIAN ? 0x0300 : 0x0003);
/** Codes of classic BPF (include/uapi/linux/bpf_common.h). */
const BPF = { LOAD_WORD: 0x20, LOAD_HALF: 0x28, LOAD_LENGTH: 0x80, IF_EQUAL: 0x15, IF_AT_LEAST: 0x35, RETURN: 0x06 } as const;

/** Places in a frame, in bytes. */
const AT = { SOURCE_MAC: 6, TYPE: 12, IP_SOURCE: 26, ARP_SENDER_MAC: 22, ARP_SENDER_IP: 28 } as const;
const IP_FRAME = 34;
const ARP_FRAME = 42;

type Place = 'pass' | 'drop' | 'arp' | 'next';

interface Instruction {
  readonly code: number;
  readonly k: number;
  /** Where to go on when the comparison holds, and when not. */
  readonly yes?: Place;
  readonly no?: Place;
}

function frameSource(at: number, bytes: Uint8Array): readonly Instruction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return [
    { code: BPF.LOAD_WORD, k: at },
    { code: BPF.IF_EQUAL, k: view.getUint32(0), no: 'drop' },
    { code: BPF.LOAD_HALF, k: at + 4 },
    { code: BPF.IF_EQUAL, k: view.getUint16(4), no: 'drop' },
  ];
}

/** Compares an IPv4 address; without one to compare, any passes. */
function addressSource(at: number, address: number | undefined, others: readonly Instruction[]): readonly Instruction[] {
  if (address === undefined) return [{ code: BPF.RETURN, k: TC_ACT.OK }];
  return [{ code: BPF.LOAD_WORD, k: at }, { code: BPF.IF_EQUAL, k: address, yes: 'pass' }, ...others, { code: BPF.RETURN, k: TC_ACT.SHOT }];
}

function assemble(head: readonly Instruction[], arp: readonly Instruction[]): Uint8Array {
  const all = [...head, ...arp, { code: BPF.RETURN, k: TC_ACT.OK }, { code: BPF.RETURN, k: TC_ACT.SHOT }];
  const places: Readonly<Record<Exclude<Place, 'next'>, number>> = { arp: head.length, pass: all.length - 2, drop: all.length - 1 };
  const writer = new ByteWriter(8 * all.length);
  for (const [i, { code, k, yes = 'next', no = 'next' }] of all.entries()) {
    const distance = (place: Place): number => (place === 'next' ? 0 : places[place] - i - 1);
    // struct sock_filter, include/uapi/linux/filter.h
    writer.u16(code);
    writer.u8(distance(yes));
    writer.u8(distance(no));
    writer.u32(k);
  }
  return writer.copy();
}

/**
 * A program in classic BPF that passes what a NIC sends under its own addresses and drops the rest, as libvirt's `clean-traffic` does:
 * the source MAC of every frame, the source of IPv4, both senders of ARP. ARP probes (sender 0.0.0.0) and IPv6 pass; other protocols do not.
 * @param address the NIC's address; where that is no IPv4 address, only MAC addresses are compared
 * @returns `struct sock_filter`s, 8 bytes each
 * @throws RangeError when `mac` is no MAC address
 */
export function sourceFilterProgram(mac: string, address: string): Uint8Array {
  const source = parseMac(mac);
  if (source === undefined) throw new RangeError(`not a MAC address: ${mac}`);
  const ip = parseIp(address);
  const own = ip?.family === 4 ? new DataView(ip.bytes.buffer, ip.bytes.byteOffset, 4).getUint32(0) : undefined;
  const head: readonly Instruction[] = [
    ...frameSource(AT.SOURCE_MAC, source),
    { code: BPF.LOAD_HALF, k: AT.TYPE },
    { code: BPF.IF_EQUAL, k: ETH_P.IPV6, yes: 'pass' },
    { code: BPF.IF_EQUAL, k: ETH_P.ARP, yes: 'arp' },
    { code: BPF.IF_EQUAL, k: ETH_P.IP, no: 'drop' },
    // A load beyond the end would end the program with 0, which lets the frame pass.
    { code: BPF.LOAD_LENGTH, k: 0 },
    { code: BPF.IF_AT_LEAST, k: IP_FRAME, no: 'drop' },
    ...addressSource(AT.IP_SOURCE, own, []),
  ];
  const arp: readonly Instruction[] = [
    { code: BPF.LOAD_LENGTH, k: 0 },
    { code: BPF.IF_AT_LEAST, k: ARP_FRAME, no: 'drop' },
    ...frameSource(AT.ARP_SENDER_MAC, source),
    ...addressSource(AT.ARP_SENDER_IP, own, [{ code: BPF.IF_EQUAL, k: 0, yes: 'pass' }]),
  ];
  return assemble(head, arp);
}

/** struct tcmsg (include/uapi/linux/rtnetlink.h) and the kind. */
function trafficControl(linkIndex: number, handle: number, parent: number, info: number, kind: string, options?: Uint8Array): Uint8Array {
  const writer = new ByteWriter();
  writer.u32(0);
  writer.u32(linkIndex);
  writer.u32(handle);
  writer.u32(parent);
  writer.u32(info);
  const attributes: Attribute[] = [{ type: TCA.KIND, flags: 0, value: new TextEncoder().encode(`${kind}\0`) }];
  if (options !== undefined) attributes.push({ type: TCA.OPTIONS, flags: NLA_F.NESTED, value: options });
  writer.bytes(encodeAttributes(attributes));
  return writer.copy();
}

function number16(value: number): Uint8Array {
  const writer = new ByteWriter(2);
  writer.u16(value);
  return writer.copy();
}

function number32(value: number): Uint8Array {
  const writer = new ByteWriter(4);
  writer.u32(value);
  return writer.copy();
}

/**
 * The requests that put a filter of {@link sourceFilterProgram} on what comes in by a link.
 * They need the kernel's `clsact` and `bpf` classifier (CONFIG_NET_SCH_INGRESS, CONFIG_NET_CLS_BPF): without them the answer is ENOENT or EOPNOTSUPP.
 */
export function addSourceFilter(linkIndex: number, mac: string, address: string): readonly NetlinkRequest[] {
  const program = sourceFilterProgram(mac, address);
  const options = encodeAttributes([
    { type: TCA_BPF.OPS_LEN, flags: 0, value: number16(program.length / 8) },
    { type: TCA_BPF.OPS, flags: 0, value: program },
    { type: TCA_BPF.FLAGS, flags: 0, value: number32(TCA_BPF_FLAG_ACT_DIRECT) },
  ]);
  const flags = NLM_F.CREATE | NLM_F.EXCL;
  return [
    {
      op: `qdisc.add clsact on ${linkIndex}`,
      type: RTM.NEWQDISC,
      flags,
      payload: trafficControl(linkIndex, TC_H.CLSACT_HANDLE, TC_H.CLSACT, 0, 'clsact'),
    },
    {
      op: `filter.add bpf on ${linkIndex}`,
      type: RTM.NEWTFILTER,
      flags,
      payload: trafficControl(linkIndex, 0, TC_H.INGRESS, FIRST_FOR_ALL, 'bpf', options),
    },
  ];
}

/** The request that takes the filter of {@link addSourceFilter} away; ENOENT or EINVAL when there is none. */
export function removeSourceFilter(linkIndex: number): NetlinkRequest {
  return {
    op: `qdisc.delete clsact on ${linkIndex}`,
    type: RTM.DELQDISC,
    payload: trafficControl(linkIndex, TC_H.CLSACT_HANDLE, TC_H.CLSACT, 0, 'clsact'),
  };
}
