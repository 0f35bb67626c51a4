/** Which part of the traffic a keyword is about; label: nothing of it. */
export type Subject =
  | 'label'
  | 'packet'
  | 'payload'
  | 'flow'
  | 'http'
  | 'dns'
  | 'tls'
  | 'ssh'
  | 'mqtt'
  | 'modbus'
  | 'telnet'
  | 'ftp'
  | 'smtp'
  | 'snmp'
  | 'dhcp'
  | 'ntp'
  | 'file';
