/** Keywords of Suricata 7 and 8 that nothing here reads, and what is missing. */

interface Refused {
  readonly because: string;
  /** Of 7.0.10, with their older names. */
  readonly seven?: string;
  /** Those that came later. */
  readonly later?: string;
}

const BY_REASON: readonly Refused[] = [
  {
    because: 'DCE/RPC is not taken apart here',
    seven: 'dce_iface dce_opnum dce_stub_data dcerpc.iface dcerpc.opnum dcerpc.stub_data',
  },
  {
    because: 'these parts of EtherNet/IP are not asked for here',
    later: `enip.command enip.status enip.capabilities enip.cip_attribute enip.cip_class enip.cip_extendedstatus
      enip.cip_instance enip.cip_status enip.device_type enip.identity_status enip.product_code enip.product_name
      enip.protocol_version enip.revision enip.serial enip.service_name enip.state enip.vendor_id`,
  },
  {
    because: 'these parts of mail are not asked for here',
    later: 'email.body_md5 email.command',
  },
  {
    because: 'HTTP/2 is not taken apart here',
    seven: `http2.errorcode http2.frametype http2.header_name http2.priority http2.settings http2.size_update
      http2.window`,
  },
  {
    because: 'IKE is not taken apart here',
    seven: `ike.chosen_sa_attribute ike.exchtype ike.init_spi ike.key_exchange_payload
      ike.key_exchange_payload_length ike.nonce_payload ike.nonce_payload_length ike.resp_spi ike.vendor`,
  },
  {
    because: 'Kerberos is not taken apart here',
    seven: 'krb5.cname krb5.sname krb5.ticket_encryption krb5_cname krb5_sname krb5_err_code krb5_msg_type',
  },
  {
    because: 'LDAP is not taken apart here',
    later: `ldap.request.attribute_type ldap.request.dn ldap.request.operation ldap.responses.attribute_type
      ldap.responses.count ldap.responses.dn ldap.responses.message ldap.responses.operation
      ldap.responses.result_code`,
  },
  {
    because: 'multicast DNS is not taken apart here',
    later: `mdns.additionals.rrname mdns.answers.rrname mdns.authorities.rrname mdns.queries.rrname
      mdns.response.rrname`,
  },
  { because: 'NFS is not taken apart here', seven: 'nfs.version nfs_procedure' },
  { because: 'these parts of NTP are not asked for here', later: 'ntp.mode ntp.reference_id ntp.stratum ntp.version' },
  { because: 'PostgreSQL is not taken apart here', later: 'pgsql.query' },
  { because: 'QUIC is not taken apart here', seven: 'quic.cyu.hash quic.cyu.string quic.sni quic.ua quic.version' },
  { because: 'RFB is not taken apart here', seven: 'rfb.name rfb.secresult rfb.sectype' },
  {
    because: 'SIP is not taken apart here',
    seven: 'sip.method sip.protocol sip.request_line sip.response_line sip.stat_code sip.stat_msg sip.uri',
    later: `sip.content_length sip.content_type sip.from sip.to sip.user_agent sip.via sdp.attribute sdp.bandwidth
      sdp.connection_data sdp.email sdp.encryption_key sdp.origin sdp.phone_number sdp.repeat_time sdp.session_info
      sdp.session_name sdp.time sdp.timezone sdp.uri`,
  },
  {
    because: 'SMB is not taken apart here',
    seven: 'smb.named_pipe smb.ntlmssp_domain smb.ntlmssp_user smb.share',
    later: 'smb.version',
  },
  {
    because: 'these parts of SNMP’s traps are not asked for here',
    later: 'snmp.trap_generic_code snmp.trap_oid',
  },
  {
    because: 'WebSocket is not taken apart here',
    later: 'websocket.flags websocket.mask websocket.opcode websocket.payload',
  },
  { because: 'parts of a message are not told from each other here as frames', seven: 'frame' },
  { because: 'no database of places is read', seven: 'geoip' },
  { because: 'rules run no programs', seven: 'lua luajit', later: 'luaxform' },
  { because: 'no list of public suffixes is here', later: 'domain tld' },
  { because: 'no rate of flows is measured here', later: 'flow.elephant' },
  { because: 'the state of a transaction is named in the header of a rule here', later: 'app-layer-state' },
];

const named = (names: string | undefined, because: string): (readonly [string, string])[] =>
  (names ?? '').split(/\s+/).flatMap((name) => (name === '' ? [] : [[name, because] as const]));

/** By keyword: why it is refused. */
export const REFUSED_SEVEN: ReadonlyMap<string, string> = new Map(
  BY_REASON.flatMap(({ because, seven }) => named(seven, because)),
);
export const REFUSED_LATER: ReadonlyMap<string, string> = new Map(
  BY_REASON.flatMap(({ because, later }) => named(later, because)),
);
export const REFUSED_KEYWORDS: ReadonlyMap<string, string> = new Map([...REFUSED_SEVEN, ...REFUSED_LATER]);
