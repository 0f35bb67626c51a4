import { readFileSync } from 'node:fs';
import t from 'tap';
import { bufferMatcher, newVariables, variableSlots } from '../../../../actors/detect/match/index.ts';
import { fastPattern } from '../../../../actors/detect/prefilter/index.ts';
import { parseRule } from '../../../../actors/detect/rules/parse-rule.ts';
import { variables } from '../../../../actors/detect/rules/variables.ts';

interface Answers {
  readonly payloads: readonly string[];
  /** A rule's options, and the payloads that Suricata alerts on. */
  readonly rules: readonly (readonly [string, readonly number[]])[];
}

t.test('generated rules match the UDP payloads that Suricata 7.0.10 alerts on', async (t) => {
  const { payloads, rules } = JSON.parse(
    readFileSync(new URL('suricata-answers.json', import.meta.url), 'utf8'),
  ) as Answers;
  const bytes = payloads.map((payload) => Buffer.from(payload, 'latin1'));
  const groups = variables();
  let matched = 0;
  for (const [options, alerts] of rules) {
    const rule = parseRule(`alert udp any any -> any any (${options} sid:1;)`, groups);
    const slots = variableSlots(rule.buffers);
    const matcher = bufferMatcher(rule.buffers[0]!, slots, fastPattern(rule)?.content);
    const shared = newVariables(slots);
    const found = bytes.flatMap((payload, i) => (matcher.matches(payload, shared) ? [i] : []));
    matched += alerts.length;
    if (JSON.stringify(found) !== JSON.stringify(alerts)) t.same(found, alerts, options);
  }
  t.ok(rules.length >= 300 && matched > 2000, `${rules.length} rules, ${matched} matches`);
});
