/** modbus: a function with its subfunction or its category, or an access with table, address and value; a unit before. */
import { plainTest, printTest, whole } from '../numbers.ts';
import type { ConditionValue } from '../rule.ts';
import { shown, wrong } from '../rule-mistake.ts';

const CATEGORIES = ['assigned', 'unassigned', 'public', 'user', 'reserved', 'all'];
const TABLES = { read: ['discretes', 'coils', 'input', 'holding'], write: ['coils', 'holding'] } as const;

/** `N`, `<N`, `>N`, `N<>M`. */
function range(text: string): string {
  return printTest(plainTest('modbus', text, 65_535));
}

export function modbus(_keyword: string, text: string): ConditionValue {
  const parts = text.split(',').map((part) => part.trim());
  const fields: Record<string, string | number> = {};
  const take = (name: string): string | null => {
    const [, found, value] = /^(\w+)\s+(.+)$/.exec(parts[0] ?? '') ?? [];
    if (found !== name) return null;
    parts.shift();
    return value!.trim();
  };
  const unit = take('unit');
  if (unit !== null) fields.unit = range(unit);
  const called = take('function');
  const access = called === null ? take('access') : null;
  if (called !== null) readFunction(called, take, fields);
  else if (access !== null) readAccess(access, take, fields);
  if (parts.length > 0) wrong('modbus', `"${shown(parts[0]!)}" does not belong here`);
  return { type: 'fields', fields };
}

type Take = (name: string) => string | null;
type Fields = Record<string, string | number>;

function readFunction(text: string, take: Take, fields: Fields): void {
  if (/^\d/.test(text)) {
    fields.function = whole('modbus', text, 1, 255);
    const subfunction = take('subfunction');
    if (subfunction !== null) fields.subfunction = whole('modbus', subfunction, 0, 65_535);
    return;
  }
  const isNegated = text.startsWith('!');
  const category = (isNegated ? text.slice(1).trim() : text).toLowerCase();
  if (!CATEGORIES.includes(category)) wrong('modbus', `the category "${shown(text)}" does not exist`);
  fields.category = `${isNegated ? '!' : ''}${category}`;
}

function readAccess(text: string, take: Take, fields: Fields): void {
  const [way, table, more] = text.split(/\s+/);
  if ((way !== 'read' && way !== 'write') || more !== undefined) wrong('modbus', 'the access is read or write');
  fields.access = way;
  if (table === undefined) return;
  if (!TABLES[way].some((one) => one === table))
    wrong('modbus', `"${shown(table)}" cannot be ${way === 'read' ? 'read' : 'written'}`);
  fields.table = table;
  const address = take('address');
  if (address === null) return;
  fields.address = range(address);
  const value = take('value');
  if (value === null) return;
  if (way === 'write' && /<|>/.test(fields.address)) wrong('modbus', 'a value goes with a single address');
  fields.value = range(value);
}
