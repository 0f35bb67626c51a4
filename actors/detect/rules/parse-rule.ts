/** One rule, from its text to its typed form; the first mistake ends it. */
import { addressSet } from './address-set.ts';
import { Draft, PAYLOAD } from './draft.ts';
import { type Hook, hookOf } from './hooks.ts';
import { REFUSED_KEYWORDS } from './keywords/refused.ts';
import type { KeywordRow, Value } from './keywords/row.ts';
import { KEYWORDS } from './keywords/table.ts';
import { knowing } from './known-groups.ts';
import { RuleLists } from './lists.ts';
import { packed } from './packed.ts';
import { portSet } from './port-set.ts';
import { isApplication, protocol } from './protocols.ts';
import { sizeNamed } from './required-length.ts';
import type { Action, BufferTerms, Rule, RuleHeader, Term } from './rule.ts';
import { checkRule } from './rule-checks.ts';
import { RULE_CHARS_MAX } from './rule-lines.ts';
import { RuleMistake, shown, unsupported, wrong } from './rule-mistake.ts';
import { type OptionText, splitRule, type Word } from './rule-split.ts';
import type { Subject } from './subject.ts';
import type { Variables } from './variables.ts';

const ACTION_NAMES: readonly Action[] = ['alert', 'pass', 'drop', 'reject', 'rejectsrc', 'rejectdst', 'rejectboth'];
const ACTIONS: ReadonlyMap<string, Action> = new Map(ACTION_NAMES.map((name) => [name, name]));

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
    source: placed(split.source, addresses, variables.addresses),
    sourcePorts: placed(split.sourcePorts, ports, variables.ports),
    isBothWays: isBothWays(split.direction),
    isTransactional: split.direction.text === '=>',
    destination: placed(split.destination, addresses, variables.addresses),
    destinationPorts: placed(split.destinationPorts, ports, variables.ports),
  };
  const draft = new Draft(lists);
  draft.hasApplication = isApplication(header.protocol);
  draft.family = header.protocol === 'ipv4' ? 4 : header.protocol === 'ipv6' ? 6 : null;
  if (hooked !== null) hook(draft, named, hookOf(header.protocol, hooked, split.protocol.at));
  if (split.action.text.toLowerCase() === CONFIG) draft.condition({ keyword: 'noalert', value: { type: 'none' } });
  readOptions(draft, header, split.options);
  const { sid, gid = 1, rev = 0, msg = '', classtype = null, priority = null, target = null } = draft.labels;
  if (sid === undefined) return wrong('sid', 'a rule must have a sid', 0);
  return Object.freeze({
    action: header.action,
    protocol: draft.replacesProtocol ? 'ip' : header.protocol,
    source: header.source,
    sourcePorts: header.sourcePorts,
    isBothWays: header.isBothWays,
    isTransactional: header.isTransactional,
    destination: header.destination,
    destinationPorts: header.destinationPorts,
    sid,
    gid,
    rev,
    msg,
    classtype,
    priority,
    target,
    references: packed(draft.references),
    metadata: packed(draft.metadata),
    buffers: finishedBuffers(draft),
    conditions: packed(draft.conditions),
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
  if (way !== null) draft.goes(way);
}

function finishedBuffers(draft: Draft): BufferTerms[] {
  const size = sizeNamed(draft.conditions);
  return draft.buffers().map((one) => {
    const terms = packed(inItsCase(one));
    // dsize bounds the places of contents.
    return one.buffer === PAYLOAD && size !== null ? { ...one, terms, sizeNamed: size } : { ...one, terms };
  });
}

/** These have digits in one case alone, and what is looked for in them has it, too. */
const CASES: Readonly<Record<string, 'upper' | 'lower'>> = {
  'tls.cert_serial': 'upper',
  'tls.cert_fingerprint': 'lower',
  'ja3.hash': 'lower',
  'ja3s.hash': 'lower',
  'ssh.hassh': 'lower',
  'ssh.hassh.server': 'lower',
};

function inItsCase({ buffer, terms }: BufferTerms): readonly Term[] {
  const to = CASES[buffer];
  if (to === undefined) return terms;
  return terms.map((term) => {
    if (term.kind !== 'content') return term;
    const text = Buffer.from(term.bytes).toString('latin1');
    const changed = text.replace(/[A-Za-z]/g, (letter) =>
      to === 'upper' ? letter.toUpperCase() : letter.toLowerCase(),
    );
    return { ...term, bytes: Uint8Array.from(Buffer.from(changed, 'latin1')) };
  });
}

type Names = ReadonlyMap<string, string>;

function placed<T>({ text, at }: Word, read: (text: string, names: Names) => T, names: Names): T {
  try {
    return read(text, names);
  } catch (thrown) {
    throw placedAt(thrown, at);
  }
}

/** Gives a mistake the place of the part that is read, where it has none of its own. */
const placedAt = (thrown: unknown, at: number): unknown =>
  thrown instanceof RuleMistake && thrown.at === null
    ? new RuleMistake(thrown.kind, thrown.keyword, thrown.message, at)
    : thrown;

function action({ text, at }: Word): Action {
  const name = text.toLowerCase();
  if (name === 'accept' || name.includes(':'))
    return unsupported('action', `${shown(text)}, as rules of a firewall have it`, at);
  // It alerts no more than one with noalert.
  if (name === CONFIG) return 'alert';
  return ACTIONS.get(name) ?? wrong('action', `the action "${shown(text)}" does not exist`, at);
}

function isBothWays({ text, at }: Word): boolean {
  if (text !== '->' && text !== '<>' && text !== '=>')
    return wrong('direction', `the direction "${shown(text)}" does not exist`, at);
  return text === '<>';
}

/** What they say, and whether that goes together. */
function readOptions(draft: Draft, header: RuleHeader, options: readonly OptionText[]): void {
  let at = 0;
  try {
    const subjects: Subject[] = [];
    for (const option of options) {
      at = option.at;
      subjects.push(readOption(draft, option));
    }
    at = 0;
    checkRule(draft, header, subjects);
  } catch (thrown) {
    throw placedAt(thrown, at);
  }
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
  else if (row.only !== undefined) draft.goes(row.only);
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
const unescaped = (text: string): string => (text.includes('\\') ? text.replaceAll('\\;', ';') : text);
