/** Suricata 8 lets a rule name the moment at which it is asked, behind its protocol: `http1:request_headers`, `tcp:flow_start`. */
import { isApplication } from './protocols.ts';
import { shown, unsupported, wrong } from './rule-mistake.ts';

export interface Hook {
  readonly name: string;
  /** null: every packet of either direction. */
  readonly way: 'to_server' | 'to_client' | null;
}

const GENERAL = ['request_started', 'request_complete', 'response_started', 'response_complete'];
const OF_APPLICATION: Readonly<Record<string, readonly string[]>> = {
  http1: [
    ...['request_line', 'request_headers', 'request_body', 'request_trailer'],
    ...['response_line', 'response_headers', 'response_body', 'response_trailer'],
  ],
  tls: [
    ...['client_in_progress', 'client_hello_done', 'client_cert_done', 'client_handshake_done', 'client_finished'],
    ...['server_in_progress', 'server_hello', 'server_cert_done', 'server_handshake_done', 'server_finished'],
  ],
  ssh: ['in_progress', 'banner_done', 'finished'].flatMap((one) => [`request_${one}`, `response_${one}`]),
};
/** When a server is done with its hello, and that a banner has no end yet, nobody notes here. */
const UNREAD = ['tls:server_hello_done', 'ssh:request_banner_wait_eol', 'ssh:response_banner_wait_eol'];
const OF_PACKETS = ['flow_start', 'all'];
const BEFORE_PACKETS = ['pre_flow', 'pre_stream'];
const CARRIERS = ['tcp', 'udp', 'icmp', 'icmpv4', 'icmpv6', 'sctp', 'ip', 'ipv4', 'ipv6'];

export function hookOf(protocol: string, name: string, at: number): Hook {
  const isOfPackets = CARRIERS.includes(protocol);
  if (isOfPackets && OF_PACKETS.includes(name)) return { name, way: null };
  if (isOfPackets && BEFORE_PACKETS.includes(name))
    return unsupported('protocol', `the hook ${name}, which rules of a firewall alone have`, at);
  if (UNREAD.includes(`${protocol}:${name}`)) return unsupported('protocol', `the hook ${name}`, at);
  const isKnown =
    isApplication(protocol) && (GENERAL.includes(name) || OF_APPLICATION[protocol]?.includes(name) === true);
  if (!isKnown) wrong('protocol', `${protocol} has no hook "${shown(name)}"`, at);
  return { name, way: /^(?:response|server)_/.test(name) ? 'to_client' : 'to_server' };
}
