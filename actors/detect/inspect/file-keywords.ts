/** What a rule asks of files: everything has to hold of one of them. */
import type { DigestName, Direction, TransactionFile } from '../protocols/index.ts';
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

export const asksFileNames = (conditions: readonly Condition[]): boolean => conditions.some(asksName);
const asksName = ({ keyword }: Condition): boolean => isAboutNames(keyword);

/** null: the rule asks no names of files. */
export function fileNameCheck(conditions: readonly Condition[]): FileCheck | null {
  const checks = checksOf(conditions, isAboutNames);
  return checks.length === 0 ? null : (file) => file.isGone !== true && checks.every((holds) => holds(file));
}

/** What has come of the files of a transaction. `more`: one passes, and of the last one it cannot be told yet. */
export type FilesAnswer = 'none' | 'fail' | 'pass' | 'more';

export type FilesCheck = (files: readonly TransactionFile[], direction: Direction) => FilesAnswer;

/**
 * null: the rule asks nothing of files but names. Behind a file of which some checks held, Suricata asks the rest of
 * them alone of the next one.
 */
export function filesCheck(conditions: readonly Condition[]): FilesCheck | null {
  const checks = checksOf(conditions, (keyword) => !isAboutNames(keyword));
  if (checks.length === 0) return null;
  const asked = new Set(conditions.map(({ keyword }) => keyword));
  const digests = DIGESTS.filter((name) => asked.has(`file${name}`));
  const asksSize = asked.has('filesize');
  const isKnown = (file: TransactionFile): boolean =>
    !(asksSize && file.state === 'open') && digests.every((name) => file.digest(name) !== null);
  return (files, direction) => {
    let answer: FilesAnswer = 'none';
    let hasPassed = false;
    let at = 0;
    for (const file of files) {
      if (file.direction !== direction || file.isGone === true) continue;
      if (!isKnown(file)) {
        answer = 'none';
        continue;
      }
      while (at < checks.length - 1 && checks[at]!(file)) at += 1;
      const passes = at === checks.length - 1 && checks[at]!(file);
      answer = passes ? 'pass' : 'fail';
      hasPassed ||= passes;
    }
    if (!hasPassed) return answer;
    return answer === 'none' ? 'more' : 'pass';
  };
}

const DIGESTS: readonly DigestName[] = ['md5', 'sha1', 'sha256'];

function checksOf(conditions: readonly Condition[], isWanted: (keyword: string) => boolean): FileCheck[] {
  const checks: FileCheck[] = [];
  for (const one of conditions)
    if (isAboutFiles(one.keyword) && isWanted(one.keyword)) checks.push(CHECKS[one.keyword]!(one));
  return checks;
}
