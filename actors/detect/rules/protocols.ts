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

/** Application protocols that are taken apart, and what carries them. */
const APPLICATIONS: Readonly<Record<string, readonly ('tcp' | 'udp')[]>> = {
  http: ['tcp'],
  http1: ['tcp'],
  dns: ['tcp', 'udp'],
  tls: ['tcp'],
  ssh: ['tcp'],
  mqtt: ['tcp'],
  modbus: ['tcp'],
  dnp3: ['tcp'],
  enip: ['tcp', 'udp'],
  telnet: ['tcp'],
  ftp: ['tcp'],
  'ftp-data': ['tcp'],
  smtp: ['tcp'],
  snmp: ['udp'],
  dhcp: ['udp'],
  ntp: ['udp'],
  tftp: ['udp'],
};
export const APPLICATION_PROTOCOLS: readonly string[] = Object.keys(APPLICATIONS);

/** Those that run over it. */
export const applicationsOver = (transport: 'tcp' | 'udp'): string[] =>
  APPLICATION_PROTOCOLS.filter((name) => APPLICATIONS[name]!.includes(transport));

/** Known to Suricata, but not to what will examine the traffic here. */
const UNREAD_APPLICATIONS = `imap smb dcerpc nfs ike krb5 quic sip rfb rdp http2
  bittorrent-dht pgsql ldap websocket doh2 pop3 mdns`.split(/\s+/);

export const isUnreadApplication = (name: string): boolean => UNREAD_APPLICATIONS.includes(name);

const NAMES: ReadonlyMap<string, string> = new Map([
  ...Object.entries(PACKET).flatMap(([name, others]) => [name, ...others].map((one) => [one, name] as const)),
  ...APPLICATION_PROTOCOLS.map((name) => [name, name] as const),
]);

export function protocol(text: string, at: number): string {
  const name = text.toLowerCase();
  const known = NAMES.get(name);
  // Suricata reads the name of an application as it is written.
  if (known !== undefined && (name === text || !isApplication(known))) return known;
  if (isUnreadApplication(name)) return unsupported('protocol', `the protocol ${name}`, at);
  return wrong('protocol', `the protocol "${shown(text)}" does not exist`, at);
}

const applications: ReadonlySet<string> = new Set(APPLICATION_PROTOCOLS);
export const isApplication = (name: string): boolean => applications.has(name);
