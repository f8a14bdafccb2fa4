import type { Clock } from '../../../lib/clock.js';
import type { NamespaceRef } from '../../../lib/driver.js';
import type { NicFabric } from '../../../lib/fabric.js';
import type { Logger } from '../../../lib/log.js';
import type { Choices } from './choices.js';
import type { FaultRule } from './faults.js';
import type { AddressRange, InstanceStatus } from './model.js';

/** Keys that requests may be signed with. All of them belong to the one user of the emulated cloud. */
export interface EmulatedAccount {
  /** The public half. */
  readonly accessKeyId: string;
  /** The secret half. */
  readonly secretAccessKey: string;
}

/** An address to listen at. */
export interface ListenPlace {
  /** An IP address, or a name that stands for one. */
  readonly host: string;
  /** A TCP port; 0 for any free one. */
  readonly port: number;
}

/** A socket to listen on. */
export interface ListenSocket {
  /** The descriptor of a bound TCP socket, which may belong to another network namespace. The emulator closes it. */
  readonly fd: number;
}

/** Where to listen. */
export type ListenTarget = ListenPlace | ListenSocket;

/** A router to start with; those that vxnets name and that are not listed get defaults. */
export interface RouterOptions {
  /** `rtr-…` */
  readonly id: string;
  /** A name for people; the id by default. */
  readonly name?: string;
  /** The range of the VPC; by default the /16 around its first vxnet. */
  readonly cidr?: string;
}

/** A vxnet to start with. */
export interface VxnetOptions {
  /** `vxnet-…` */
  readonly id: string;
  /** A name for people; the id by default. */
  readonly name?: string;
  /** Default 1, managed. */
  readonly type?: 0 | 1 | 2;
  /** The VPC router it has joined; without one the API shows no router, and NICs get no address. */
  readonly routerId?: string;
  /** Its IPv4 range, such as `192.168.100.0/24`. */
  readonly cidr: string;
  /** The router's address; the first of the range by default. */
  readonly managerIp?: string;
  /** The addresses handed out, both ends included; by default all but the router's. `off` plays a vxnet with DHCP switched off. */
  readonly dynRange?: AddressRange | 'off';
}

/** An instance to start with. */
export interface InstanceOptions {
  /** `i-…` */
  readonly id: string;
  /** A name for people; the id by default. */
  readonly name?: string;
  /** Default `running`. */
  readonly status?: InstanceStatus;
  /** True for a node that an AppCenter cluster made, which DescribeInstances shows only with `is_cluster_node=1`. Default false. */
  readonly clusterNode?: boolean;
  /** The namespace that plays the machine. Needs a fabric; without it NICs exist in the API only. */
  readonly namespace?: NamespaceRef;
  /** Its primary NIC; an instance without one holds only what is attached to it. */
  readonly primaryNic?: {
    /** The vxnet it is in. */
    readonly vxnetId: string;
    /** Its address; the next free one by default. */
    readonly address?: string;
    /** Its id, a MAC address; a random one by default. */
    readonly id?: string;
    /** False: the machine has its link already, or needs none. True by default where the instance has a namespace. */
    readonly plug?: boolean;
  };
}

/** How long jobs take, in milliseconds. No figure of the real service was found; clients allow for 20 to 300 s. */
export interface JobDurations {
  /** AttachNics, from the call to the end of the job. Default 3,000. */
  readonly attachMs?: number;
  /** DetachNics. Default 3,000. */
  readonly detachMs?: number;
  /** How long a job of at least that length stays `pending`. Default 200. */
  readonly pendingMs?: number;
}

/** The limits of the emulated cloud. */
export interface Limits {
  /** NICs per instance, the primary included. Default 64. */
  readonly nicsPerInstance?: number;
  /** NICs per vxnet. Default 252. */
  readonly nicsPerVxnet?: number;
  /** NICs per AttachNics or DetachNics call. Default 5. */
  readonly nicsPerCall?: number;
  /** NICs of the whole account; unlimited by default. */
  readonly nicsPerAccount?: number;
  /** API calls per hour, counted in whole hours from the start; unlimited by default (a new real account has 2,000). */
  readonly callsPerHour?: number;
}

/** Around the effect of a call: just before it, or once the state has changed and before anything is answered. */
export type CallPhase = 'before' | 'after';

/** What {@link EmulatorOptions.onCall} is told of a call beside its action. */
export interface CallMoment {
  /** The call's number, as in the call log. */
  readonly number: number;
  /** The action's own parameters, by their full names. */
  readonly params: Readonly<Record<string, string>>;
  /** What the call came to; undefined before its effect. */
  readonly retCode: number | undefined;
}

/** What {@link startEmulator} takes. Everything has a default. */
export interface EmulatorOptions {
  /** Where to listen, one or several; default a free port of 127.0.0.1. */
  readonly listen?: ListenTarget | readonly ListenTarget[];
  /** Keys that are accepted; default {@link DEFAULT_ACCOUNT}. */
  readonly accounts?: readonly EmulatedAccount[];
  /** The one zone there is; default `pek3a`. */
  readonly zone?: string;
  /** Routers with settings of their own. */
  readonly routers?: readonly RouterOptions[];
  /** Default: one vxnet in one VPC. */
  readonly vxnets?: readonly VxnetOptions[];
  /** Default: one running instance without namespace, its primary NIC in the first vxnet. */
  readonly instances?: readonly InstanceOptions[];
  /** How long jobs take. */
  readonly jobs?: JobDurations;
  /** Limits. */
  readonly limits?: Limits;
  /** Choices where the real behaviour is not known. */
  readonly choices?: Choices;
  /**
   * Whether what new NICs send under foreign MAC or IPv4 addresses is dropped, until ModifyNicAttributes with `enable_aspoof=0` allows it.
   * By default as in the real cloud, wherever the fabric can do it; where it cannot, a warning is logged. True: it has to.
   */
  readonly antiSpoofing?: boolean;
  /** What each call takes, in milliseconds; default 0 (a round trip to the real service: about 400). */
  readonly latencyMs?: number;
  /** Faults to start with; more can be added while it runs. */
  readonly faults?: readonly FaultRule[];
  /** What plugs NICs. It stays the caller's: closing the emulator does not close it. */
  readonly fabric?: NicFabric;
  /** Time; the system's by default. */
  readonly clock?: Clock;
  /** Random numbers from 0 up to 1, for ids and faults with a probability; `Math.random` by default. */
  readonly random?: () => number;
  /**
   * Called around the effect of each call that is signed and names an action, and waited for: the place to end the caller at exactly that
   * point. Calls that a fault strikes before their effect do not come here; an effect that comes late does. What it throws cuts the connection.
   */
  readonly onCall?: (action: string, phase: CallPhase, moment: CallMoment) => Promise<void> | void;
  /** Where calls, jobs and faults are told. */
  readonly log?: Logger;
}
