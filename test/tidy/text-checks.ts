/** What no text of the repository may hold, and what its documents promise: links, anchors and names of files. */
import { posix } from 'node:path';
import { isFolder, isGenerated, lineOf, type SourceTree, type Violation } from './source-tree.ts';

interface TextRule {
  readonly says: string;
  readonly pattern: RegExp;
  readonly within?: RegExp;
  readonly except?: RegExp;
}

const TEXT_RULES: readonly TextRule[] = [
  {
    says: 'an open end without the number of its issue: write it as a word and #12, or do it',
    pattern: /\b(?:TO[D]O|FI[X]ME|XX[X]|HAC[K])\b(?!\s*\(?#\d+)/g,
    except: /^package-lock\.json$/,
  },
  {
    says: "a path of one developer's machine",
    pattern: /(?<![\w.:/$}-])(?:\/(?:home|Users)\/[\w.-]+|\/roo[t]\/|\/wor[k]\/(?:main|shared)|[A-Z]:\\Users\\)/g,
  },
  {
    says: 'the address of a package registry: the lockfile must work with any',
    pattern: /"resolved": "http|^registry\s*=|registry\.(?:npmjs|yarnpkg)\./gm,
    within: /^(?:package-lock\.json|\.npmrc|package\.json|tools\/.*\.json|\.ci\/.*|Dockerfile)$/,
  },
  {
    says: 'a private key',
    pattern: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/g,
    except: /^test\/golden\//,
  },
  { says: 'a conflict that nobody resolved', pattern: /^(?:<{7}|>{7}|={7})(?: |$)/gm },
];

const BINARY = /\.(?:png|jpe?g|gif|ico|webp|pdf|bin|gz|zst|lz4|snappy|wasm|node|woff2?|pcap|onnx|mdb|jar)$/i;

export function checkText(tree: SourceTree): Violation[] {
  const violations: Violation[] = [];
  for (const path of tree.paths) {
    if (BINARY.test(path) || isGenerated(path)) continue;
    const text = tree.read(path);
    for (const rule of TEXT_RULES) {
      if (rule.within?.test(path) === false || rule.except?.test(path) === true) continue;
      for (const match of text.matchAll(rule.pattern)) {
        violations.push({ path, line: lineOf(text, match.index), says: `${rule.says} (${match[0].trim()})` });
      }
    }
  }
  return violations;
}

const LINK = /!?\[[^\]\n]*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;

/** Links of README and docs/ that lead nowhere, and files named in them (`engine/…/x.ts`) that are not there. */
export function checkDocuments(tree: SourceTree): Violation[] {
  const violations: Violation[] = [];
  for (const path of tree.paths.filter((candidate) => candidate.endsWith('.md'))) {
    const text = withoutFences(tree.read(path));
    const prose = text.replaceAll(/`[^`\n]*`/g, (code) => ' '.repeat(code.length));
    for (const match of prose.matchAll(LINK)) {
      const fault = linkFault(tree, path, match[1] ?? '');
      if (fault !== undefined) violations.push({ path, line: lineOf(text, match.index), says: fault });
    }
    // A decision speaks of the day it was taken.
    if (path.startsWith('docs/decisions/')) continue;
    for (const match of text.matchAll(/`([\w@.-]+\/[\w@./-]*[\w@/-])`/g)) {
      const name = match[1] ?? '';
      const isOurs = tree.paths.some((candidate) => candidate.startsWith(`${name.split('/')[0]}/`));
      if (isOurs && !tree.paths.includes(name) && !isFolder(tree.root, name))
        violations.push({ path, line: lineOf(text, match.index), says: `names ${name}, which is not there` });
    }
  }
  return violations;
}

function linkFault(tree: SourceTree, from: string, link: string): string | undefined {
  if (/^(?:[a-z][a-z+.-]*:|\/\/)/i.test(link)) return undefined;
  const [target = '', anchor] = decodeURIComponent(link).split('#');
  const path = target === '' ? from : posix.normalize(posix.join(posix.dirname(from), target));
  const isFile = tree.paths.includes(path);
  if (!isFile && !isFolder(tree.root, path.replace(/\/$/, ''))) return `the link ${link} leads nowhere`;
  if (anchor === undefined || !isFile || !path.endsWith('.md')) return undefined;
  return headingAnchors(tree.read(path)).has(anchor) ? undefined : `no heading for the link ${link}`;
}

function headingAnchors(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const match of withoutFences(text).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const heading = (match[1] ?? '').toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '');
    const anchor = heading.replaceAll(/\s/g, '-');
    let name = anchor;
    for (let copy = 1; anchors.has(name); copy += 1) name = `${anchor}-${copy}`;
    anchors.add(name);
  }
  return anchors;
}

function withoutFences(text: string): string {
  return text.replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, (block) => block.replaceAll(/[^\n]/g, ' '));
}
