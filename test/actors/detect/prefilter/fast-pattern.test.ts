import t from 'tap';
import { fastPattern } from '../../../../actors/detect/prefilter/index.ts';
import { parseRule } from '../../../../actors/detect/rules/parse-rule.ts';
import { variables } from '../../../../actors/detect/rules/variables.ts';

const groups = variables();
function chosen(options: string): string | null {
  const fast = fastPattern(parseRule(`alert tcp any any -> any any (${options} sid:1;)`, groups));
  if (fast === null) return null;
  return `${fast.buffer.buffer} ${fast.isNegated ? '!' : ''}${Buffer.from(fast.bytes).toString('latin1')}`;
}

t.test('the fast pattern is the one that is named, or the longest of the buffers that come first', async (t) => {
  t.equal(chosen('dsize:1;'), null);
  t.equal(chosen('content:"ab"; content:"abc";'), 'payload abc');
  t.equal(chosen('content:"aaa"; content:"abc";'), 'payload abc');
  t.equal(chosen('content:"abc"; content:"cba";'), 'payload abc');
  t.equal(chosen('content:"abcd"; content:"abc"; fast_pattern;'), 'payload abc');
  t.equal(chosen('content:"abcd"; fast_pattern:1,2; content:"abcdef";'), 'payload bc');
  t.equal(chosen('content:!"abcd"; content:"abc";'), 'payload abc');
  t.equal(chosen('content:!"abcd"; content:!"abc";'), 'payload !abcd');
  t.equal(chosen('content:"abcdef"; content:"abc"; http_uri;'), 'http.uri abc');
  t.equal(chosen('http.method; content:"OPTIONS"; http.uri; content:"abc";'), 'http.uri abc');
});

t.test('among buffers it is chosen as in Suricata, whatever their order in the rule', async (t) => {
  t.equal(
    chosen('flow:to_client; http.protocol; content:".1"; http.header.raw; content:"ing|3a|";'),
    'http.header.raw ing:',
  );
  t.equal(chosen('flow:to_client; http.stat_msg; content:"Found"; http.header; content:"abc";'), 'http.stat_msg Found');
  t.equal(chosen('http.stat_msg; content:"OK"; pkt_data; content:"abc";'), 'http.stat_msg OK');
  t.equal(chosen('http.stat_code; content:"200"; pkt_data; content:"a";'), 'payload a');
  t.equal(chosen('mqtt.publish.topic; content:"a"; mqtt.subscribe.topic; content:"b";'), 'mqtt.subscribe.topic b');
  t.equal(chosen('http.host; content:"abc"; http.uri; content:"abd";'), 'http.uri abd');
  t.equal(chosen('http.uri; to_lowercase; content:"abc"; http.host; content:"abd";'), 'http.host abd');
});
