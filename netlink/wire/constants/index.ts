// The spelling is the kernel's. Where a name of a C enum begins with the object's name it is left out, unless it is an attribute.

export { IFA, IFA_F } from './address.js';
export { IF_OPER, IFF, IFLA, IFLA_INFO } from './link.js';
export {
  IFLA_BR,
  IFLA_BRPORT,
  IFLA_IPVLAN,
  IFLA_MACVLAN,
  IFLA_VLAN,
  IFLA_VXLAN,
  IPVLAN_MODE,
  MACVLAN_MODE,
  VETH_INFO,
} from './link-kind.js';
export { FAMILY, NETLINK_ROUTE, NL_POLICY_TYPE_ATTR, NLM_F, NLMSG, NLMSGERR_ATTR, RTEXT_FILTER, RTM, RTNLGRP } from './message.js';
export { NDA, NTF, NUD } from './neighbour.js';
export { NETNSA } from './nsid.js';
export { RT_SCOPE, RT_TABLE, RTA, RTAX, RTM_F, RTN, RTNH_F, RTPROT } from './route.js';
export { FIB_RULE, FR_ACT, FRA } from './rule.js';
