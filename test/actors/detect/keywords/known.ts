/** Rules that alert otherwise here than in Suricata, and why. */
const FRAGMENTS = 'a rule about addresses alone is asked of more of the packets whose headers are wrong there';
const CLOSING = 'what a closing connection leaves of a request is told there with a later packet';
const NEWER = 'Suricata 8 takes it';

export const KNOWN: ReadonlyMap<string, string> = new Map([
  ['alert pkthdr any any -> any any (msg:"all";)', FRAGMENTS],
  ['alert ip any any -> any any (l3_proto:ipv4;)', FRAGMENTS],
  ['alert ip any any -> any any (hostbits:set,h9;)', FRAGMENTS],
  ['alert ip any any -> any any (tag:session;)', FRAGMENTS],
  ['alert ip any any -> any any (ip_proto:!6;)', FRAGMENTS],
  ['alert udp any any -> any any (app-layer-protocol:!dns;)', FRAGMENTS],
  ['alert http any any -> any any (flow:to_client;)', CLOSING],
  ['alert tcp any any -> any any (flow.age:0x10;)', NEWER],
  ['alert tcp any any -> any any (app-layer-protocol:unknown;)', NEWER],
  ['alert http any any -> any any (filesize:>3kb;)', NEWER],
  ['alert http any any -> any any (filesize:>3KiB;)', NEWER],
  ['alert http any any -> any any (filesize:>1mb;)', NEWER],
  ['alert http any any -> any any (filesize:<1gb; fileext:"gif";)', NEWER],
]);
