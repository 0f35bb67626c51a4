/** What rules ask of EtherNet/IP: the command of a message, and services of CIP in it. */
import type { ConditionValue } from '../rule.ts';
import { shown, wrong } from '../rule-mistake.ts';
import { condition } from './condition-row.ts';
import { equals, fields, type Reader } from './readers.ts';
import type { KeywordRow } from './row.ts';

const SERVICE_MAX = 127;
const NUMBER_MAX = 65_535;
/** Suricata looks at no more of a number, once it is known not to be too large. */
const DIGITS_MAX = 2;

const partOf = (keyword: string, text: string, max: number): number => {
  const digits = /^\d+/.exec(text)?.[0];
  if (digits === undefined || Number(digits) > max)
    return wrong(keyword, `"${shown(text)}" is not a number from 0 to ${max}`);
  return Number(digits.slice(0, DIGITS_MAX));
};

/** `service`, `service,class`, `service,class,attribute` or `service,class,!attribute`. */
function cipService(keyword: string, text: string): ConditionValue {
  const [service, ofClass, attribute, more] = text.split(',').filter((part) => part !== '');
  if (service === undefined || more !== undefined) return wrong(keyword, 'it has a service, a class and an attribute');
  const values: Record<string, number> = { service: partOf(keyword, service, SERVICE_MAX) };
  if (ofClass !== undefined) values.class = partOf(keyword, ofClass, NUMBER_MAX);
  if (attribute !== undefined) {
    const isNegated = attribute.startsWith('!');
    values.attribute = partOf(keyword, isNegated ? attribute.slice(1) : attribute, NUMBER_MAX);
    values.isNegated = isNegated ? 1 : 0;
  }
  return fields(values);
}

/** Of several in a rule Suricata asks the first. */
const first = (name: string, read: Reader): KeywordRow => ({
  ...condition('enip', name, read),
  read: (draft, { text }) => {
    const value = read(name, text);
    if (!draft.has(name)) draft.condition({ keyword: name, value });
  },
});

export const ENIP: readonly KeywordRow[] = [
  first('enip_command', equals(NUMBER_MAX)),
  first('cip_service', cipService),
];
