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
