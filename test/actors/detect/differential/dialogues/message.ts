/** What a generated flow says: its messages, and what they are sent over. */
export interface Message {
  /** 0: of the client. */
  readonly direction: 0 | 1;
  readonly bytes: Uint8Array;
}

/** `foreign`: nobody asks about it but its bytes and its name. */
export type Spoken =
  | 'raw'
  | 'http'
  | 'dns'
  | 'mqtt'
  | 'modbus'
  | 'dnp3'
  | 'enip'
  | 'ssh'
  | 'tls'
  | 'smtp'
  | 'telnet'
  | 'ftp'
  | 'icmp'
  | 'odd'
  | 'foreign';

export interface Dialogue {
  readonly protocol: Spoken;
  readonly transport: 'tcp' | 'udp' | 'icmp' | 'odd';
  readonly serverPort: number;
  readonly messages: readonly Message[];
}
