/** Keywords of Suricata 7 and 8 that nothing here reads, and what is missing. */
const BY_REASON: readonly (readonly [string, string])[] = [
  ['DHCP is not taken apart here', 'dhcp.leasetime dhcp.rebinding_time dhcp.renewal_time'],
  ['DCE/RPC is not taken apart here', 'dce_iface dce_opnum dce_stub_data dcerpc.iface dcerpc.opnum dcerpc.stub_data'],
  ['DNP3 is not taken apart here', 'dnp3.data dnp3_data dnp3_func dnp3_ind dnp3_obj'],
  ['EtherNet/IP is not taken apart here', 'cip_service enip_command'],
  ['FTP is not taken apart here', 'ftpbounce ftpdata_command'],
  [
    'HTTP/2 is not taken apart here',
    `http2.errorcode http2.frametype http2.header_name http2.priority http2.settings http2.size_update
     http2.window`,
  ],
  [
    'IKE is not taken apart here',
    `ike.chosen_sa_attribute ike.exchtype ike.init_spi ike.key_exchange_payload ike.key_exchange_payload_length
     ike.nonce_payload ike.nonce_payload_length ike.resp_spi ike.vendor`,
  ],
  ['Kerberos is not taken apart here', 'krb5.cname krb5.sname krb5.ticket_encryption krb5_err_code krb5_msg_type'],
  ['NFS is not taken apart here', 'nfs.version nfs_procedure'],
  ['QUIC is not taken apart here', 'quic.cyu.hash quic.cyu.string quic.sni quic.ua quic.version'],
  ['RFB is not taken apart here', 'rfb.name rfb.secresult rfb.sectype'],
  ['calls of RPC are not taken apart here', 'rpc'],
  [
    'SIP is not taken apart here',
    'sip.method sip.protocol sip.request_line sip.response_line sip.stat_code sip.stat_msg sip.uri',
  ],
  ['SMB is not taken apart here', 'smb.named_pipe smb.ntlmssp_domain smb.ntlmssp_user smb.share'],
  ['SNMP is not taken apart here', 'snmp.community snmp.pdu_type snmp.usm snmp.version'],
  ['values of ASN.1 are not taken apart here', 'asn1'],
  ['parts of a message are not told from each other here as frames', 'frame'],
  ['no reputation of addresses is read', 'iprep'],
  ['no database of places is read', 'geoip'],
  ['the kind of a file is not looked up by its bytes', 'file.magic filemagic'],
  ['rules run no programs', 'lua luajit luaxform'],
  ['a flow or packet remembers no text of an expression', 'flowvar pktvar'],
  ['packets are examined and not changed', 'replace'],
  ['rules set up nothing of the engine', 'config'],
  ['no list of public suffixes is here', 'domain tld'],
  ["it is Suricata's example for programmers", 'template2'],
];

/** By keyword: why it is refused. */
export const REFUSED_KEYWORDS: ReadonlyMap<string, string> = new Map(
  BY_REASON.flatMap(([reason, names]) => names.split(/\s+/).map((name) => [name, reason] as const)),
);
