/** detect: intrusion detection by rules of Suricata's language. So far the rules are read; no traffic is examined. */
export { type ContentMatcher, contentMatcher, type PlainTerm } from './match/match-contents.ts';
export { type NumberAt, numberAt } from './match/number-at.ts';
export { Conversation, PROTOCOLS, Recogniser } from './protocols/index.ts';
export { RULE_FILE_BYTES_MAX } from './rules/rule-lines.ts';
export { type RefusedRule, type RuleFile, type RuleSet, readRules } from './rules/rule-set.ts';
export { type Variables, variables } from './rules/variables.ts';
