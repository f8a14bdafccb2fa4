import type { FabricNic, FabricSubnet, NicFabric } from '../../lib/fabric.js';

/** A fabric that only takes down what it was told, and can be made to refuse. */
export class RecordingFabric implements NicFabric {
  readonly subnets: FabricSubnet[] = [];
  readonly instances: string[] = [];
  readonly plugged = new Map<string, { readonly nic: FabricNic; readonly instanceId: string }>();
  readonly filtered = new Set<string>();
  /** Every plug there ever was. */
  readonly plugs: string[] = [];
  /** Throws what the next plug is to be refused with. */
  onPlug: (nic: FabricNic) => void = () => {};

  async addSubnet(subnet: FabricSubnet): Promise<void> {
    this.subnets.push(subnet);
  }

  async addInstance(instanceId: string): Promise<void> {
    this.instances.push(instanceId);
  }

  async plug(nic: FabricNic, instanceId: string): Promise<void> {
    this.onPlug(nic);
    if (this.plugged.has(nic.id)) throw new Error(`${nic.id} is plugged already`);
    this.plugs.push(nic.id);
    this.plugged.set(nic.id, { nic, instanceId });
    if (nic.antiSpoofing === true) this.filtered.add(nic.id);
  }

  async unplug(nicId: string): Promise<void> {
    this.plugged.delete(nicId);
    this.filtered.delete(nicId);
  }

  async setAntiSpoofing(nicId: string, on: boolean): Promise<void> {
    if (!this.plugged.has(nicId)) throw new Error(`${nicId} is not plugged`);
    if (on) this.filtered.add(nicId);
    else this.filtered.delete(nicId);
  }

  async close(): Promise<void> {}
}
