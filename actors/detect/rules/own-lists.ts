/**
 * Keywords about transactions and files stand in lists of their own in Suricata. One of them behind a sticky buffer ends that: what
 * follows is about the payload, unless it is the list of that buffer.
 */
import type { BufferTerms, Condition } from './rule.ts';

const OWN_LISTS: ReadonlySet<string> = new Set([
  ...['filename', 'fileext', 'filesize', 'filestore', 'filemd5', 'filesha1', 'filesha256', 'urilen', 'app-layer-event'],
  ...[
    'dns.opcode',
    'dns.rcode',
    'dns.rrtype',
    'tls.version',
    'ssl_version',
    'ssl_state',
    'tls.subject',
    'tls.issuerdn',
  ],
  ...['tls_cert_expired', 'tls_cert_valid', 'tls_cert_notbefore', 'tls_cert_notafter', 'tls.cert_chain_len'],
  ...[
    'ssh.protoversion',
    'ssh.softwareversion',
    'snmp.version',
    'snmp.pdu_type',
    'ftpbounce',
    'ftpdata_command',
    'modbus',
  ],
  ...['mqtt.type', 'mqtt.flags', 'mqtt.qos', 'mqtt.protocol_version', 'mqtt.connect.flags', 'mqtt.reason_code'],
  ...['mqtt.connack.session_present', 'dhcp.leasetime', 'dhcp.rebinding_time', 'dhcp.renewal_time', 'ftp.dynamic_port'],
  ...['ftp.mode', 'ftp.reply_received', 'dnp3_func', 'dnp3_ind', 'dnp3_obj', 'enip_command', 'cip_service'],
]);

export function leavesBuffer(
  { keyword, value }: Condition,
  { buffer, transforms }: Pick<BufferTerms, 'buffer' | 'transforms'>,
): boolean {
  if (!OWN_LISTS.has(keyword)) return false;
  if (keyword !== 'urilen' || value.type !== 'fields' || transforms.length > 0) return true;
  return buffer !== (value.fields.of === 'raw' ? 'http.uri.raw' : 'http.uri');
}
