/** A packet that many rules with costly expressions are asked about costs no more than what is allowed for one packet. */
import t from 'tap';
import {
  bufferMatcher,
  Expense,
  NO_VARIABLES,
  newVariables,
  PACKET_SEARCHED_BYTES_MAX,
  PACKET_STEPS_MAX,
} from '../../../../actors/detect/match/index.ts';
import { parseRule } from '../../../../actors/detect/rules/parse-rule.ts';
import { variables } from '../../../../actors/detect/rules/variables.ts';

const none = newVariables(NO_VARIABLES);

function matcher(options: string, expense: Expense): (text: string) => boolean {
  const [buffer] = parseRule(`alert udp any any -> any any (${options} sid:1;)`, variables()).buffers;
  const one = bufferMatcher(buffer!, NO_VARIABLES, null, { expense, sets: null, captured: null, place: null });
  return (text) => one.matches(Buffer.from(text, 'latin1'), none);
}

/** At each place some hundred steps, and never a match. */
const COSTLY = 'pcre:"/a[^b]{1,900}cd/";';
const TEXT = `c${'a'.repeat(4000)}`;

t.test('expressions share the steps of a packet, and the next packet has its own', async (t) => {
  const expense = new Expense();
  const rules = Array.from({ length: 20 }, () => matcher(COSTLY, expense));
  const wanted = matcher('content:"ca"; pcre:"/caaa/";', expense);
  expense.begin();
  t.ok(wanted(TEXT));
  for (const rule of rules) t.notOk(rule(TEXT));
  t.ok(expense.steps <= 0, 'more was asked than a packet may cost');
  t.ok(expense.steps > -1000, `and not more than that: ${PACKET_STEPS_MAX - expense.steps} steps`);
  t.notOk(wanted(TEXT), 'what comes behind that is not asked any more');
  t.ok(matcher('content:"aaaa";', expense)(TEXT), 'but for what costs little');
  t.equal(expense.exceeded, 0);
  expense.begin();
  t.equal(expense.exceeded, 1, 'that is counted');
  t.ok(wanted(TEXT));
  expense.begin();
  t.equal(expense.exceeded, 1);
});

t.test('contents share the bytes that are searched', async (t) => {
  const expense = new Expense();
  const long = 'x'.repeat(60_000);
  expense.begin();
  const rules = Array.from({ length: 400 }, () => matcher('content:"xxy";', expense));
  for (const rule of rules) t.notOk(rule(long));
  t.ok(expense.bytes < 0);
  t.ok(expense.bytes > -2 * long.length, `${PACKET_SEARCHED_BYTES_MAX - expense.bytes} bytes`);
  t.notOk(matcher('content:"xxx";', expense)(long));
  expense.begin();
  t.ok(matcher('content:"xxx";', expense)(long));
});
