/** What a generated flow says: its messages, and what they are sent over. */
export interface Message {
  /** 0: of the client. */
  readonly direction: 0 | 1;
  readonly bytes: Uint8Array;
}

/** `foreign`: Suricata reads it, and nothing here does. */
export type Spoken = 'raw' | 'http' | 'dns' | 'mqtt' | 'modbus' | 'ssh' | 'tls' | 'telnet' | 'icmp' | 'odd' | 'foreign';

export interface Dialogue {
  readonly protocol: Spoken;
  readonly transport: 'tcp' | 'udp' | 'icmp' | 'odd';
  readonly serverPort: number;
  readonly messages: readonly Message[];
}
