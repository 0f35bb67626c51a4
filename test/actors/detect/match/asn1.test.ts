/** The keyword asn1 over generated values, beside what Suricata 7.0.10 says of them. MSEC_SURICATA_ASN1=SEED asks about fresh ones. */
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { BerReader } from '../../../../actors/detect/match/ber.ts';
import { Expense } from '../../../../actors/detect/match/index.ts';
import { needs } from '../../../support/needs.ts';
import { suricataAnswers } from '../keywords/ask-suricata.ts';
import { type Group, printAnswers } from '../keywords/groups.ts';
import { ourAnswers } from '../keywords/ours.ts';
import { Dice } from '../protocols/dice.ts';
import { Scene } from '../sensor/scene.ts';
import { berValues } from './ber-values.ts';

const DATAGRAMS = 1000;
const ANSWERS = new URL('asn1-answers.txt', import.meta.url);
const OPTIONS = [
  'asn1:oversize_length 8;',
  'asn1:oversize_length 0;',
  'asn1:oversize_length 129, absolute_offset 2;',
  'asn1:bitstring_overflow;',
  'asn1:double_overflow;',
  'asn1:bitstring_overflow, double_overflow, oversize_length 400;',
  'asn1:absolute_offset 3, bitstring_overflow;',
  'content:"BER"; asn1:oversize_length 3, relative_offset 0;',
  'content:"BER"; asn1:oversize_length 3, relative_offset 1;',
  'content:"|30|"; asn1:oversize_length 2 relative_offset -1;',
  'content:"|03|"; byte_jump:1,0,relative; asn1:oversize_length 2 relative_offset -3;',
  'content:"|03|"; content:!"BER"; asn1:bitstring_overflow, relative_offset -1;',
  'pcre:"/BER/"; asn1:oversize_length 3, relative_offset 0, absolute_offset 1;',
  // What is taken, and what is not.
  'asn1:bitstring_overflowdouble_overflow;',
  'asn1:bitstring_overflowabsolute_offset 5;',
  'asn1:oversize_length 4 , double_overflow;',
  'asn1:oversize_length 4,, double_overflow;',
  'asn1:oversize_length 4, ;',
  'asn1:oversize_length 4,;',
  'asn1:oversize_length;',
  'asn1:oversize_length 4294967295;',
  'asn1:oversize_length 4294967296;',
  'asn1:oversize_length -1;',
  'asn1:oversize_length 004;',
  'asn1:absolute_offset 65535;',
  'asn1:absolute_offset 65536;',
  'asn1:relative_offset -65535;',
  'asn1:relative_offset -65536;',
  'asn1:relative_offset 65536;',
  'asn1:relative_offset +1;',
  'asn1:"bitstring_overflow";',
  'asn1:!bitstring_overflow;',
  'asn1:Bitstring_overflow;',
  'asn1;',
  'asn1:oversize_length 4, oversize_length 200;',
  'asn1:oversize_length 4; asn1:bitstring_overflow;',
  'dsize:>4; asn1:oversize_length 4;',
  'flow:to_client; asn1:oversize_length 4;',
];
const group: Group = {
  name: 'asn1',
  rules: [
    ...OPTIONS.map((options) => `alert udp any any -> any any (${options}`),
    'alert ip any any -> any any (asn1:oversize_length 4;',
    'alert tcp any any -> any any (asn1:oversize_length 4;',
    'alert tcp-stream any any -> any any (asn1:oversize_length 4;',
    'alert http any any -> any any (asn1:oversize_length 4;',
    'alert http any any -> any any (http.uri; content:"a"; asn1:oversize_length 4;',
  ].map((rule, i) => `${rule} sid:${i + 1};)`),
  validatesChecksums: false,
  midstream: false,
};

function capture(seed: number): Uint8Array {
  const scene = new Scene(7);
  for (let i = 0; i < DATAGRAMS; i += 1) scene.datagram(0, Buffer.from(berValues(seed + i)).toString('latin1'));
  return scene.capture;
}

t.test('values are met that Suricata meets, and rules taken that it takes', async (t) => {
  const { answers } = ourAnswers(group, capture(1));
  const told = printAnswers(answers).split('\n');
  for (const [i, wanted] of readFileSync(ANSWERS, 'utf8').split('\n').entries())
    t.equal(told[i], wanted, group.rules[i] ?? 'their number');
});

t.test('the answers are those of the Suricata that is here', async (t) => {
  const seed = Number(process.env.MSEC_SURICATA_ASN1 ?? 0);
  if (seed === 0 || !needs(t, 'suricata')) return;
  const bytes = capture(seed);
  const wanted = printAnswers(suricataAnswers(group, bytes));
  if (seed === 1) writeFileSync(ANSWERS, wanted);
  t.equal(printAnswers(ourAnswers(group, bytes).answers), wanted);
});

t.test('whatever the bytes are, reading them ends soon', async (t) => {
  const question = { oversizeLength: 1 << 30, bitstringOverflow: true, doubleOverflow: true };
  const dice = new Dice(5);
  for (let i = 0; i < 2000; i += 1) {
    const reader = new BerReader(question, new Expense());
    const bytes = Uint8Array.from({ length: 200 }, () =>
      dice.happens(0.4) ? dice.pick([0x30, 0x80, 0x31, 0, 3, 0x1f]) : dice.below(256),
    );
    reader.matches(bytes, dice.below(200));
  }
  // Each level of unknown length is looked through for its end anew.
  const nested = Buffer.concat([
    ...Array(48).fill(Uint8Array.of(0x30, 0x80)),
    ...Array(32_000).fill(Uint8Array.of(5, 0)),
    ...Array(48).fill(Uint8Array.of(0, 0)),
  ]);
  const expense = new Expense();
  const before = expense.steps;
  t.equal(new BerReader(question, expense).matches(nested, 0), false);
  t.ok(before - expense.steps > 1_000_000, 'what that costs is counted');
  new BerReader(question, expense).matches(nested, 0);
  new BerReader(question, expense).matches(nested, 0);
  t.ok(expense.steps > -10 && expense.steps <= 0, 'and ends it');
});
