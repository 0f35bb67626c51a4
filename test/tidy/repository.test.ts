// The rules of import-rules.ts and of the texts, applied to this repository. planted-*.test.ts prove that each rule bites.
import t from 'tap';
import { repositoryRoot } from '../support/needs.ts';
import { checkBans } from './ban-checks.ts';
import { checkLength, checkOrphans, checkTestsRun } from './file-checks.ts';
import { checkCycles, checkImports } from './import-checks.ts';
import { checkLockfile } from './lockfile-checks.ts';
import { readSourceTree, type Violation, violationText } from './source-tree.ts';
import { checkDocuments, checkText } from './text-checks.ts';

const tree = readSourceTree(repositoryRoot);

const rules: Readonly<Record<string, () => readonly Violation[]>> = {
  'imports go the way of the arrows, through the doors, and libraries stay at home': () => checkImports(tree),
  'nothing imports itself in a circle, types included': () => checkCycles(tree),
  'time, chance, network, files and threads are touched at the edges only': () => checkBans(tree),
  'no file is too long': () => checkLength(tree).violations,
  'every source file is used': () => checkOrphans(tree),
  'every test is run': () => checkTestsRun(tree),
  'no text holds what must not be there': () => checkText(tree),
  'npm ci takes the lockfile on every platform': () => checkLockfile(tree),
  'links and file names in the documents lead somewhere': () => checkDocuments(tree),
};

t.ok(tree.sources.size > 0, 'there are sources to look at');
for (const [title, check] of Object.entries(rules)) {
  t.test(title, async (t) => {
    const violations = check().map(violationText);
    t.same(violations, [], `${violations.length} violations`);
  });
}

for (const warning of checkLength(tree).warnings) t.comment(violationText(warning));
