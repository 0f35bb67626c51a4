/** Rules about the payload that are asked of transactions, since others about transactions set what they ask for: Suricata 7.0.10's answers. */
import t from 'tap';
import { alertsIn, Scene } from './scene.ts';

const ANY = 'any any -> any any';
const DNS_QUERY = '\x00\x1a-3\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04evil\x03com\x00\x00\x0f\x00\x01';
const dns = (): Scene =>
  new Scene(53).handshake().say(0, DNS_QUERY).say(1, 'xx').say(0, DNS_QUERY).say(0, '').say(1, '');
const raw = (): Scene => new Scene(7777).handshake().say(0, 'evil').say(1, 'xx').say(0, 'evil');

const sets = `alert dns ${ANY} (dns.query; content:"evil"; flowbits:set,a;)`;
const asks = (bits: string): string => `alert tcp ${ANY} (content:"evil"; flowbits:isset,${bits};)`;
const setsBeside = `alert tcp ${ANY} (content:"evil"; flowbits:set,b;)`;

t.test('a rule that asks for what a rule about transactions sets is asked of each transaction', async (t) => {
  const rules = [sets, asks('a'), asks('a|b'), asks('b'), setsBeside];
  t.same(alertsIn(dns(), rules), ['7> 10>', '7> 10>', '7> 10>', '7> 10>', '7> 10>']);
  // Of what has no transactions it is not asked.
  t.same(alertsIn(raw(), rules), ['', '', '', '->', '->']);
});

t.test('not where another rule about transactions asks for the same', async (t) => {
  const also = `alert dns ${ANY} (dns.query; content:"evil"; flowbits:isset,a;)`;
  const rules = [sets, asks('a'), asks('a|b'), asks('b'), setsBeside, also];
  // So the first of them comes before the bit.
  t.same(alertsIn(dns(), rules), ['7> 10>', '10>', '7> 10>', '7> 10>', '7> 10>', '7> 10>']);
  t.same(alertsIn(raw(), rules), ['', '', '->', '->', '->', '']);
});

t.test('a header that is asked of the packet that sets a bit counts, too; what asks no payload stays', async (t) => {
  const ofHeader = `alert tcp ${ANY} (ip.dst; content:"|0a 02 00 00|"; flowbits:set,c;)`;
  const rules = [ofHeader, asks('c'), `alert tcp ${ANY} (dsize:>3; flowbits:isset,c;)`];
  t.same(alertsIn(dns(), rules), ['1> 3> 4> 7> 8> 10> 13>', '7> 10>', '4> 8>']);
  t.same(alertsIn(raw(), rules), ['1> 3> 4> 7> 8>', '', '4> 8>']);
});

t.test('a rule about files and the payload is asked of the payload alone where a protocol has no files', async (t) => {
  const rules = [
    `alert tcp ${ANY} (filesize:>1; content:"evil";)`,
    `alert tcp ${ANY} (filename:"xx"; content:"evil";)`,
    `alert tcp ${ANY} (file.data; content:"xx"; pkt_data; content:"evil"; fast_pattern;)`,
    `alert tcp ${ANY} (file.data; content:"xx"; pkt_data; content:"evil";)`,
  ];
  t.same(alertsIn(dns(), rules), ['7> 10>', '', '7> 10>', '']);
});
