/** One rule, from its text to its typed form; the first mistake ends it. */
import { addressSet } from './address-set.ts';
import { Draft, PAYLOAD } from './draft.ts';
import { type Hook, hookOf } from './hooks.ts';
import { REFUSED_KEYWORDS } from './keywords/refused.ts';
import type { KeywordRow, Value } from './keywords/row.ts';
import { KEYWORDS } from './keywords/table.ts';
import { knowing } from './known-groups.ts';
import { RuleLists } from './lists.ts';
import { portSet } from './port-set.ts';
import { isApplication, protocol } from './protocols.ts';
import { sizeNamed } from './required-length.ts';
import type { Action, BufferTerms, Rule, RuleHeader } from './rule.ts';
import { checkRule } from './rule-checks.ts';
import { RULE_CHARS_MAX } from './rule-lines.ts';
import { RuleMistake, shown, unsupported, wrong } from './rule-mistake.ts';
import { type OptionText, splitRule, type Word } from './rule-split.ts';
import type { Subject } from './subject.ts';
import type { Variables } from './variables.ts';

const ACTIONS: readonly Action[] = ['alert', 'pass', 'drop', 'reject', 'rejectsrc', 'rejectdst', 'rejectboth'];

/** An action of rules that change what is told, and alert on nothing. */
const CONFIG = 'config';

const addresses = knowing(addressSet);
const ports = knowing(portSet);

/** Throws a RuleMistake. */
export function parseRule(text: string, variables: Variables, lists: RuleLists = new RuleLists(new Map())): Rule {
  if (text.length > RULE_CHARS_MAX) wrong('rule', `a rule has at most ${RULE_CHARS_MAX} characters`, 0);
  const split = splitRule(text);
  const [named, hooked] = parted(split.protocol.text);
  const header: RuleHeader = {
    action: action(split.action),
    protocol: protocol(named, split.protocol.at),
    source: placed(split.source, (word) => addresses(word, variables.addresses)),
    sourcePorts: placed(split.sourcePorts, (word) => ports(word, variables.ports)),
    isBothWays: isBothWays(split.direction),
    isTransactional: split.direction.text === '=>',
    destination: placed(split.destination, (word) => addresses(word, variables.addresses)),
    destinationPorts: placed(split.destinationPorts, (word) => ports(word, variables.ports)),
  };
  const draft = new Draft(lists);
  draft.hasApplication = isApplication(header.protocol);
  draft.family = header.protocol === 'ipv4' ? 4 : header.protocol === 'ipv6' ? 6 : null;
  if (hooked !== null) hook(draft, named, hookOf(header.protocol, hooked, split.protocol.at));
  if (split.action.text.toLowerCase() === CONFIG) draft.condition({ keyword: 'noalert', value: { type: 'none' } });
  const subjects: Subject[] = [];
  for (const option of split.options) placed(option, () => subjects.push(readOption(draft, option)));
  placed({ at: 0 }, () => checkRule(draft, header, subjects));
  const { sid, gid = 1, rev = 0, msg = '', classtype = null, priority = null, target = null } = draft.labels;
  if (sid === undefined) return wrong('sid', 'a rule must have a sid', 0);
  return Object.freeze({
    ...header,
    protocol: draft.replacesProtocol ? 'ip' : header.protocol,
    ...{ sid, gid, rev, msg, classtype, priority, target },
    references: draft.references,
    metadata: draft.metadata,
    // Arrays that have grown have room for many more: a set of rules has tens of thousands of them.
    buffers: withSize(draft).map(inItsCase).map(trimmed),
    conditions: draft.conditions.slice(),
    hasPrefilter: draft.hasPrefilter,
    directions: draft.directions,
  });
}

/** `tcp:flow_start`: the protocol, and the moment at which the rule is asked. */
function parted(text: string): readonly [string, string | null] {
  const colon = text.indexOf(':');
  return colon === -1 ? [text, null] : [text.slice(0, colon), text.slice(colon + 1)];
}

function hook(draft: Draft, protocol: string, { name, way }: Hook): void {
  const of = protocol === 'http1' ? 'http' : protocol.toLowerCase();
  draft.condition({ keyword: 'hook', value: { type: 'words', words: way === null ? [of, name] : [of, name, way] } });
  if (way !== null) draft.ways.add(way);
}

/** dsize bounds the places of contents. */
function withSize(draft: Draft): BufferTerms[] {
  const size = sizeNamed(draft.conditions);
  return draft.buffers().map((one) => (one.buffer === PAYLOAD && size !== null ? { ...one, sizeNamed: size } : one));
}

const trimmed = (one: BufferTerms): BufferTerms => ({ ...one, terms: one.terms.slice() });

/** These have digits in one case alone, and what is looked for in them has it, too. */
const CASES: Readonly<Record<string, 'upper' | 'lower'>> = {
  'tls.cert_serial': 'upper',
  'tls.cert_fingerprint': 'lower',
  'ja3.hash': 'lower',
  'ja3s.hash': 'lower',
  'ssh.hassh': 'lower',
  'ssh.hassh.server': 'lower',
};

function inItsCase(one: BufferTerms): BufferTerms {
  const to = CASES[one.buffer];
  if (to === undefined) return one;
  const terms = one.terms.map((term) => {
    if (term.kind !== 'content') return term;
    const text = Buffer.from(term.bytes).toString('latin1');
    const changed = text.replace(/[A-Za-z]/g, (letter) =>
      to === 'upper' ? letter.toUpperCase() : letter.toLowerCase(),
    );
    return { ...term, bytes: Uint8Array.from(Buffer.from(changed, 'latin1')) };
  });
  return { ...one, terms };
}

/** Gives a mistake the place of the part that is read, where it has none of its own. */
function placed<T extends { readonly at: number }, R>(
  part: T & { readonly text?: string },
  read: (text: string) => R,
): R {
  try {
    return read(part.text ?? '');
  } catch (thrown) {
    if (!(thrown instanceof RuleMistake) || thrown.at !== null) throw thrown;
    throw new RuleMistake(thrown.kind, thrown.keyword, thrown.message, part.at);
  }
}

function action({ text, at }: Word): Action {
  const name = text.toLowerCase();
  if (name === 'accept' || name.includes(':'))
    return unsupported('action', `${shown(text)}, as rules of a firewall have it`, at);
  // It alerts no more than one with noalert.
  if (name === CONFIG) return 'alert';
  return ACTIONS.find((one) => one === name) ?? wrong('action', `the action "${shown(text)}" does not exist`, at);
}

function isBothWays({ text, at }: Word): boolean {
  if (!['->', '<>', '=>'].includes(text))
    return wrong('direction', `the direction "${shown(text)}" does not exist`, at);
  return text === '<>';
}

function readOption(draft: Draft, { name, value }: OptionText): Subject {
  const keyword = name.toLowerCase();
  const row = KEYWORDS.get(keyword);
  if (row === undefined) {
    const reason = REFUSED_KEYWORDS.get(keyword);
    if (reason !== undefined) return unsupported(keyword, reason);
    return wrong(shown(keyword), 'the keyword does not exist');
  }
  draft.subject = null;
  row.read(draft, readValue(row, keyword, value), keyword);
  const subject = draft.subject ?? row.subject;
  if (isApplication(subject)) draft.hasApplication = true;
  if (row.turns !== undefined) draft.turn(row.turns);
  else if (row.only !== undefined) draft.ways.add(row.only);
  else if (subject === 'file' || isApplication(subject)) draft.isAmbiguous = true;
  return subject;
}

function readValue(row: KeywordRow, keyword: string, value: string | null): Value {
  if (value === null || value === '') {
    if (row.value === 'needed') return wrong(keyword, 'its value is missing');
    return { text: '', isNegated: false };
  }
  if (row.value === 'none') return wrong(keyword, 'it takes no value');
  const isNegated = row.negation === true && value.startsWith('!');
  const bare = isNegated ? value.slice(1).trimStart() : value;
  if (!bare.startsWith('"')) {
    if (row.quotes === 'needed') return wrong(keyword, 'its value must stand in double quotes');
    return { text: unescaped(bare), isNegated };
  }
  if (row.quotes === undefined || row.quotes === 'no') return wrong(keyword, 'its value must not stand in quotes');
  if (bare.length < 2 || !bare.endsWith('"'))
    return wrong(keyword, 'the closing quote is missing; a semicolon must be escaped');
  const text = bare.slice(1, -1);
  if (text === '') return wrong(keyword, 'its value is empty');
  return { text: keyword === 'pcre' || keyword === 'pcrexform' ? unescaped(text) : text, isNegated };
}

/** A semicolon is escaped for the option's sake alone. */
const unescaped = (text: string): string => text.replaceAll('\\;', ';');
