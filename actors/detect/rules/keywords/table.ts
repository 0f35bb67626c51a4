/**
 * Every keyword of the rule language in one table: those that are read, with what reads them, and those that are known
 * and refused. A keyword that is in neither does not exist in Suricata, and the rule that has it is wrong.
 */
import { BUFFERS } from './buffers.ts';
import { BYTES } from './bytes.ts';
import { CONTENT } from './content.ts';
import { FLOWS } from './flows.ts';
import { LABELS } from './labels.ts';
import { PACKETS } from './packets.ts';
import { PCRE } from './pcre.ts';
import type { KeywordRow } from './row.ts';
import { TRANSACTIONS } from './transactions.ts';

const ROWS: readonly KeywordRow[] = [
  ...LABELS,
  ...CONTENT,
  ...PCRE,
  ...BYTES,
  ...BUFFERS,
  ...PACKETS,
  ...FLOWS,
  ...TRANSACTIONS,
];

/** Keywords of Suricata 7 and 8 that nothing here reads. */
const REFUSED = `absent alert app-layer-event app-layer-protocol asn1 base64_data base64_decode bypass cip_service config
  datarep dataset decode-event dhcp.leasetime dhcp.rebinding_time dhcp.renewal_time dce_iface dce_opnum dce_stub_data
  dcerpc.iface dcerpc.opnum dcerpc.stub_data dnp3.data dnp3_data dnp3_func dnp3_ind dnp3_obj dns.additionals.rrname
  dns.response.rrname engine-event enip_command entropy file.magic fileext filemagic filemd5 filename
  filesha1 filesha256 filesize filestore flow.age flow.bytes flow.bytes_toclient flow.bytes_toserver flow.pkts
  flow.pkts_toclient flow.pkts_toserver flowvar frame from_base64 ftpbounce ftpdata_command geoip gunzip hostbits
  http2.errorcode http2.frametype http2.header_name http2.priority http2.settings http2.size_update http2.window
  icmpv4-csum icmpv6-csum icmpv6.mtu ike.chosen_sa_attribute ike.exchtype ike.init_spi ike.key_exchange_payload
  ike.key_exchange_payload_length ike.nonce_payload ike.nonce_payload_length ike.resp_spi ike.vendor ipv4-csum iprep
  krb5.cname krb5.sname krb5.ticket_encryption
  krb5_err_code krb5_msg_type l3_proto lua luajit luaxform nfq_set_mark nfs.version nfs_procedure pktvar prefilter
  quic.cyu.hash quic.cyu.string quic.sni quic.ua quic.version replace requires rfb.name rfb.secresult rfb.sectype rpc
  sip.method sip.protocol sip.request_line sip.response_line sip.stat_code sip.stat_msg sip.uri smb.named_pipe
  smb.ntlmssp_domain smb.ntlmssp_user smb.share snmp.community snmp.pdu_type snmp.usm snmp.version   stream-event
  stream_size tag tcp.wscale tcpv4-csum tcpv6-csum template2 tls.store
  tls_cert_expired tls_cert_notafter tls_cert_notbefore tls_cert_valid tls_store
  udpv4-csum udpv6-csum vlan.id vlan.layers zlib_deflate`;

export const KEYWORDS: ReadonlyMap<string, KeywordRow> = new Map(
  ROWS.flatMap((row) => [row.name, ...(row.aliases ?? [])].map((name) => [name, row] as const)),
);

export const REFUSED_KEYWORDS: ReadonlySet<string> = new Set(REFUSED.split(/\s+/));
