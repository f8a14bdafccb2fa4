/**
 * Plugs a NIC into a machine by a fabric of its own, and leaves both open: `plug-a-nic.ts <path of the namespace> <subnet> <NIC>`, the
 * last two in JSON. For veth-fabric.test.ts, which kills it.
 */
import type { FabricNic, FabricSubnet } from '../../lib/fabric.js';
import { createVethFabric } from '../../netlink/fabric/index.js';

const [path = '', subnet = '', nic = ''] = process.argv.slice(2);
const fabric = createVethFabric();
await fabric.addSubnet(JSON.parse(subnet) as FabricSubnet);
await fabric.addInstance('i-1', { kind: 'path', path });
await fabric.plug(JSON.parse(nic) as FabricNic, 'i-1');
setInterval(() => {}, 1000);
