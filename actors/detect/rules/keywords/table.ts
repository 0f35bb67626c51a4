/**
 * Every keyword of the rule language in one table: those that are read, with what reads them, and those that are known
 * and refused. A keyword that is in neither does not exist in Suricata, and the rule that has it is wrong.
 */
import { BASE64 } from './base64.ts';
import { BUFFERS } from './buffers.ts';
import { BYTES } from './bytes.ts';
import { CONTENT } from './content.ts';
import { EFFECTS } from './effects.ts';
import { EVENTS } from './events.ts';
import { FILES } from './files.ts';
import { FLOW_FACTS } from './flow-facts.ts';
import { FLOWS } from './flows.ts';
import { LABELS } from './labels.ts';
import { PACKETS } from './packets.ts';
import { PCRE } from './pcre.ts';
import type { KeywordRow } from './row.ts';
import { SURICATA_8 } from './suricata8.ts';
import { TLS_VALIDITY } from './tls-validity.ts';
import { TRANSACTIONS } from './transactions.ts';

const ROWS: readonly KeywordRow[] = [
  ...LABELS,
  ...CONTENT,
  ...PCRE,
  ...BYTES,
  ...BASE64,
  ...BUFFERS,
  ...PACKETS,
  ...FLOWS,
  ...FLOW_FACTS,
  ...FILES,
  ...EVENTS,
  ...EFFECTS,
  ...TRANSACTIONS,
  ...TLS_VALIDITY,
  ...SURICATA_8,
];

/** Keywords of Suricata 7 and 8 that nothing here reads. */
const REFUSED = `asn1 cip_service config datarep dataset dhcp.leasetime dhcp.rebinding_time
  dhcp.renewal_time dce_iface dce_opnum dce_stub_data dcerpc.iface dcerpc.opnum dcerpc.stub_data dnp3.data dnp3_data
  dnp3_func dnp3_ind dnp3_obj dns.additionals.rrname dns.response.rrname enip_command file.magic filemagic
  filemd5 filesha1 filesha256 flowvar frame ftpbounce ftpdata_command geoip gunzip http2.errorcode
  http2.frametype http2.header_name http2.priority http2.settings http2.size_update http2.window
  ike.chosen_sa_attribute ike.exchtype ike.init_spi ike.key_exchange_payload ike.key_exchange_payload_length
  ike.nonce_payload ike.nonce_payload_length ike.resp_spi ike.vendor iprep krb5.cname krb5.sname
  krb5.ticket_encryption krb5_err_code krb5_msg_type lua luajit luaxform nfs.version nfs_procedure pktvar
  quic.cyu.hash quic.cyu.string quic.sni quic.ua quic.version replace rfb.name rfb.secresult rfb.sectype rpc
  sip.method sip.protocol sip.request_line sip.response_line sip.stat_code sip.stat_msg sip.uri smb.named_pipe
  smb.ntlmssp_domain smb.ntlmssp_user smb.share snmp.community snmp.pdu_type snmp.usm snmp.version template2
  zlib_deflate`;

export const KEYWORDS: ReadonlyMap<string, KeywordRow> = new Map(
  ROWS.flatMap((row) => [row.name, ...(row.aliases ?? [])].map((name) => [name, row] as const)),
);

export const REFUSED_KEYWORDS: ReadonlySet<string> = new Set(REFUSED.split(/\s+/));
