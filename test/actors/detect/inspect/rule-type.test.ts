/** What `suricata --engine-analysis` of 7.0.10 says of rules. */
import t from 'tap';
import { readRules, variables } from '../../../../actors/detect/index.ts';
import { BOTH_DIRECTIONS, shapeOf } from '../../../../actors/detect/inspect/rule-type.ts';
import { PROTOCOLS } from '../../../../actors/detect/protocols/index.ts';

const [TO_SERVER, TO_CLIENT] = [1, 2];

t.test('a rule has the application protocol and the directions that it has in Suricata', async (t) => {
  const cases: readonly (readonly [string, string, string | null, number])[] = [
    // QUIC has fingerprints, too: the payload beside them is asked of any protocol.
    ['tcp', 'content:"HTTP/1"; ja3.string; content:!"zz";', null, TO_SERVER],
    ['ip', 'content:"SSH"; ja3s.string; content:!"zz";', null, TO_CLIENT],
    ['tls', 'ja3.string; content:"771";', 'tls', TO_SERVER],
    ['tcp', 'ja3.string; content:"771"; tls.sni; content:"a";', 'tls', TO_SERVER],
    ['tcp', 'content:"250"; file.name; content:!"txt";', null, BOTH_DIRECTIONS],
    ['smtp', 'content:"250"; file.name; content:!"txt";', 'smtp', TO_SERVER],
    ['smtp', 'content:"250"; file.data; content:!"txt";', 'smtp', TO_SERVER],
    ['smtp', 'content:"250"; filename:"txt";', 'smtp', TO_SERVER],
    ['smtp', 'content:"250"; filesize:>0;', 'smtp', TO_SERVER],
    ['http', 'content:"250"; file.name; content:!"txt";', 'http', BOTH_DIRECTIONS],
    ['http', 'file.data; content:!"txt";', 'http', BOTH_DIRECTIONS],
    ['ftp-data', 'content:"250"; file.name; content:!"txt";', 'ftp-data', BOTH_DIRECTIONS],
  ];
  for (const [protocol, options, application, directions] of cases) {
    const text = `alert ${protocol} any any -> any any (${options} sid:1;)`;
    const { accepted } = readRules([{ name: 'r', text }], variables());
    const shape = shapeOf(accepted[0]!.rule, PROTOCOLS, false);
    t.same([shape.application, shape.directions], [application, directions], text);
  }
});
