/** The second word of a rule. */
import { shown, unsupported, wrong } from './rule-mistake.ts';

/** What a packet carries. The other names of one are on its right. */
const PACKET = {
  ip: [],
  ipv4: ['ip4'],
  ipv6: ['ip6'],
  tcp: [],
  'tcp-pkt': [],
  'tcp-stream': [],
  udp: [],
  icmp: [],
  icmpv4: [],
  icmpv6: [],
  sctp: [],
  /** Packets that cannot be read any further, too. */
  pkthdr: [],
} as const;

export const APPLICATION_PROTOCOLS = ['http', 'http1', 'dns', 'tls', 'ssh', 'mqtt', 'modbus', 'telnet'] as const;

/** Known to Suricata, but not to what will examine the traffic here. */
const UNREAD_APPLICATIONS = `ftp ftp-data smtp imap smb dcerpc nfs ntp tftp ike krb5 quic dhcp snmp sip rfb rdp http2
  bittorrent-dht pgsql dnp3 enip ldap websocket doh2 pop3 mdns`.split(/\s+/);

export const isUnreadApplication = (name: string): boolean => UNREAD_APPLICATIONS.includes(name);

const NAMES: ReadonlyMap<string, string> = new Map([
  ...Object.entries(PACKET).flatMap(([name, others]) => [name, ...others].map((one) => [one, name] as const)),
  ...APPLICATION_PROTOCOLS.map((name) => [name, name] as const),
  ['ssl', 'tls'],
]);

export function protocol(text: string, at: number): string {
  const name = text.toLowerCase();
  const known = NAMES.get(name);
  if (known !== undefined) return known;
  if (isUnreadApplication(name)) return unsupported('protocol', `the protocol ${name}`, at);
  return wrong('protocol', `the protocol "${shown(text)}" does not exist`, at);
}

export const isApplication = (name: string): boolean => APPLICATION_PROTOCOLS.some((one) => one === name);
