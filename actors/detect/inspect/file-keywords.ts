/** What a rule asks of files: everything has to hold of one of them. */
import type { DigestName, TransactionFile } from '../protocols/index.ts';
import { type NumberTest, passes, printedTest } from '../rules/numbers.ts';
import type { Condition } from '../rules/rule.ts';
import { fieldsOf } from './condition-values.ts';

export type FileCheck = (file: TransactionFile) => boolean;

/** A file that is not whole is neither in the list nor out of it. */
function digestCheck(algorithm: DigestName): (condition: Condition) => FileCheck {
  return ({ keyword, value }) => {
    if (value.type !== 'list') throw new TypeError(`${keyword} has no list`);
    const { list, isNegated } = value;
    return (file) => {
      const digest = file.digest(algorithm);
      return digest !== null && list.has(digest) !== isNegated;
    };
  };
}

const CHECKS: Readonly<Record<string, (condition: Condition) => FileCheck>> = {
  filename: (condition) => {
    const { text, isNegated } = fieldsOf(condition);
    const wanted = String(text);
    return ({ name }) => name.length > 0 && lower(name).includes(wanted) === (isNegated === 0);
  },
  fileext: (condition) => {
    const { text, isNegated } = fieldsOf(condition);
    const wanted = `.${String(text)}`;
    return ({ name }) => name.length > 0 && lower(name).endsWith(wanted) === (isNegated === 0);
  },
  filesize: (condition) => {
    const test = printedTest(String(fieldsOf(condition).test));
    return ({ size, state }) => state !== 'open' && (state === 'closed' || growsInto(test)) && passes(test, size);
  },
  filemd5: digestCheck('md5'),
  filesha1: digestCheck('sha1'),
  filesha256: digestCheck('sha256'),
  filestore: () => () => true,
};

/** What holds of a part holds of the whole. */
const growsInto = ({ is }: NumberTest): boolean => is === 'more' || is === 'atLeast';

const lower = (name: Uint8Array): string => Buffer.from(name).toString('latin1').toLowerCase();

export const isAboutFiles = (keyword: string): boolean => CHECKS[keyword] !== undefined;

const isAboutNames = (keyword: string): boolean => keyword === 'filename' || keyword === 'fileext';

export const asksFileNames = (conditions: readonly Condition[]): boolean =>
  conditions.some(({ keyword }) => isAboutNames(keyword));

/** Of names it asks once, of these of each file that comes. */
export const asksFileNumbers = (conditions: readonly Condition[]): boolean =>
  conditions.some(({ keyword }) => isAboutFiles(keyword) && !isAboutNames(keyword));

/** null: the rule asks nothing of files. */
export function fileCheck(conditions: readonly Condition[]): FileCheck | null {
  const checks = conditions.flatMap((condition) => CHECKS[condition.keyword]?.(condition) ?? []);
  return checks.length === 0 ? null : (file) => checks.every((holds) => holds(file));
}
