/** What is told in EVE records, and how much of it: Suricata's options of its eve-log, by default as its own configuration has them. */

export interface AlertOptions {
  /** The application's part: its transaction, and the files that it carries. */
  readonly application: boolean;
  readonly flow: boolean;
  /** What the rule says of itself under metadata. */
  readonly metadata: boolean;
  /** Its text. */
  readonly ruleText: boolean;
  /** In base64; printable; of a stream what is kept of it, and no more than so many bytes. */
  readonly payload: boolean;
  readonly payloadPrintable: boolean;
  readonly payloadBytesMax: number;
  readonly packet: boolean;
  readonly httpBody: boolean;
  readonly httpBodyPrintable: boolean;
  readonly verdict: boolean;
}

/** Which anomalies are told: of packets, of their streams, of what they carry; and with the first bytes of the packet. */
export interface AnomalyOptions {
  readonly decode: boolean;
  readonly stream: boolean;
  readonly application: boolean;
  readonly packetHeader: boolean;
}

export interface EveOptions {
  /** Types of records that are told. */
  readonly types: ReadonlySet<string>;
  readonly alert: AlertOptions;
  readonly anomaly: AnomalyOptions;
}

export const EVE_DEFAULTS: EveOptions = {
  types: new Set([
    ...[
      'alert',
      'packet',
      'anomaly',
      'http',
      'dns',
      'tls',
      'fileinfo',
      'ftp',
      'ftp_data',
      'smtp',
      'tftp',
      'snmp',
      'dhcp',
      'ssh',
      'mqtt',
    ],
    ...['flow', 'rules'],
  ]),
  alert: {
    application: true,
    flow: true,
    metadata: true,
    ruleText: false,
    payload: false,
    payloadPrintable: false,
    payloadBytesMax: 4096,
    packet: false,
    httpBody: false,
    httpBodyPrintable: false,
    verdict: false,
  },
  anomaly: { decode: false, stream: false, application: true, packetHeader: false },
};
