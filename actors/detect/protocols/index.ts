/** Application protocols: which there are, how a flow's is recognised, and what rules may ask of its transactions. */
import { coap } from './coap/index.ts';
import { dhcp } from './dhcp/index.ts';
import { dnp3 } from './dnp3/index.ts';
import { dns, dnsOfVersion3 } from './dns/index.ts';
import { enip } from './enip/index.ts';
import { ftp, ftpData } from './ftp/index.ts';
import { http } from './http/index.ts';
import { modbus } from './modbus/index.ts';
import { mqtt } from './mqtt/index.ts';
import { ntp } from './ntp/index.ts';
import type { AnyProtocol } from './protocol.ts';
import { smtp } from './smtp/index.ts';
import { snmp } from './snmp/index.ts';
import { ssh } from './ssh/index.ts';
import { telnet } from './telnet/index.ts';
import { tftp } from './tftp/index.ts';
import { tls } from './tls/index.ts';

export { Conversation, type ConversationOptions, Recogniser } from './conversation/index.ts';
export { type Direction, opposite } from './direction.ts';
export { Expectations } from './expectations.ts';
export type { DigestName, TransactionFile } from './files.ts';
export * from './protocol.ts';
export { textOf } from './text.ts';

/** In the order in which they are asked. */
export const PROTOCOLS: readonly AnyProtocol[] = [
  http,
  tls,
  dns,
  ssh,
  mqtt,
  telnet,
  ftp,
  ftpData,
  smtp,
  snmp,
  dhcp,
  ntp,
  tftp,
  coap,
];
/** Of some protocols EVE has another form in Suricata 8, which takes the place of theirs. */
export const LATER_FORMS: readonly AnyProtocol[] = [dnsOfVersion3];
/** These have to be asked for (`app-layer.protocols.modbus.enabled`), as in Suricata. */
export const PROTOCOLS_ON_DEMAND: readonly AnyProtocol[] = [modbus, dnp3, enip];
