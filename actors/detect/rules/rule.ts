/** A rule as it was understood: nothing in it is text that has still to be read. It never changes once it is made. */
import type { AddressSet } from './address-set.ts';
import type { NumbersTest } from './number-lists.ts';
import type { NumberTest } from './numbers.ts';
import type { PortSet } from './port-set.ts';
import type { ReputationQuestion } from './reputation.ts';
import type { DataSet } from './sets.ts';

export type Action = 'alert' | 'pass' | 'drop' | 'reject' | 'rejectsrc' | 'rejectdst' | 'rejectboth';

/** A number, or the name of a variable that an earlier byte_extract or byte_math of the rule sets. */
export type Amount = number | string;

export interface ContentTerm {
  readonly kind: 'content';
  readonly bytes: Uint8Array;
  readonly isNegated: boolean;
  readonly nocase: boolean;
  readonly offset: Amount | null;
  readonly depth: Amount | null;
  readonly distance: Amount | null;
  readonly within: Amount | null;
  readonly startsWith: boolean;
  readonly endsWith: boolean;
  readonly rawBytes: boolean;
  /** The part of the content that the prefilter looks for; null: the whole. */
  readonly fastPattern: 'no' | 'whole' | 'only' | { readonly offset: number; readonly length: number };
}

/** A group of an expression whose text is remembered where the whole rule matches. */
export interface TextCapture {
  /** pair: the group is the name of the text, which is the next group. */
  readonly of: 'flow' | 'packet' | 'pair';
  readonly name: string;
  /** Among those of the rule. */
  readonly place: number;
}

export interface PcreTerm {
  readonly kind: 'pcre';
  readonly pattern: string;
  readonly isNegated: boolean;
  /** Of i, m, s, x, A, E, G, O: those that are not about buffers. */
  readonly flags: string;
  readonly isRelative: boolean;
  /** The first one is of the first group, and so on. */
  readonly captures: readonly TextCapture[];
}

export interface IsDataAtTerm {
  readonly kind: 'isdataat';
  readonly at: Amount;
  readonly isNegated: boolean;
  readonly isRelative: boolean;
  readonly rawBytes: boolean;
}

export interface SizeTerm {
  readonly kind: 'bsize';
  readonly size: NumberTest;
}

/** How a number stands in the payload. */
export interface NumberForm {
  readonly bytes: Amount;
  readonly offset: Amount;
  readonly isRelative: boolean;
  readonly endian: 'big' | 'little';
  /** null: binary; auto: by its prefix, as strtoul does. */
  readonly base: 'dec' | 'hex' | 'oct' | 'auto' | null;
  readonly bitmask: number | null;
}

export type ByteComparison = '<' | '>' | '=' | '<=' | '>=' | '&' | '^';

export interface ByteTestTerm extends NumberForm {
  readonly kind: 'byte_test';
  readonly operator: ByteComparison;
  readonly isNegated: boolean;
  /** One beyond the numbers that are exact is kept as it is. */
  readonly value: Amount | bigint;
}

export interface ByteJumpTerm extends NumberForm {
  readonly kind: 'byte_jump';
  readonly multiplier: number;
  readonly isAligned: boolean;
  readonly from: 'here' | 'beginning' | 'end';
  readonly postOffset: number;
}

export interface ByteExtractTerm extends NumberForm {
  readonly kind: 'byte_extract';
  readonly name: string;
  readonly multiplier: number;
  readonly align: 0 | 2 | 4;
}

export interface ByteMathTerm extends NumberForm {
  readonly kind: 'byte_math';
  readonly operator: '+' | '-' | '*' | '/' | '<<' | '>>';
  readonly value: Amount;
  readonly name: string;
}

/** How evenly the bytes are distributed: bits of entropy. */
export interface EntropyTerm {
  readonly kind: 'entropy';
  /** 0: all. */
  readonly bytes: number;
  readonly offset: number;
  readonly is: '=' | '!=' | '<' | '<=' | '>' | '>=' | '<>';
  readonly value: number;
  /** Of `<>`. */
  readonly high: number;
}

/** What is asked of the text that base64 stands for; with it the buffer is done. */
export interface Base64Term {
  readonly kind: 'base64_decode';
  /** Of its characters; 0: all. */
  readonly bytes: number;
  readonly offset: number;
  readonly isRelative: boolean;
  readonly data: readonly Term[];
}

/**
 * Whether the whole buffer is in a set, or has a number there that passes; `set` holds where it was not in it and is now,
 * `unset` where it was. That is done when it is asked, whatever else the rule asks.
 */
export interface DataSetTerm {
  readonly kind: 'dataset';
  readonly set: DataSet;
  readonly action: 'isset' | 'isnotset' | 'set' | 'unset';
  /** null: being in it is enough. */
  readonly reputation: NumberTest | null;
}

/** What is asked of one buffer. */
export type Term =
  | ContentTerm
  | PcreTerm
  | IsDataAtTerm
  | SizeTerm
  | ByteTestTerm
  | ByteJumpTerm
  | ByteExtractTerm
  | ByteMathTerm
  | Base64Term
  | EntropyTerm
  | DataSetTerm;

export interface Transform {
  readonly name: string;
  readonly value: string | null;
}

export interface BufferTerms {
  /** `payload`, or the name of a sticky buffer. */
  readonly buffer: string;
  /** Named before its terms, and not by modifiers of them. */
  readonly isSticky: boolean;
  /** only: it must not be there; orElse: or its terms hold. */
  readonly absent?: 'only' | 'orElse';
  readonly transforms: readonly Transform[];
  readonly terms: readonly Term[];
  /** Of the payload: the most that dsize leaves it, or what it says that it must not be. */
  readonly sizeNamed?: number;
}

/** A condition or effect outside of any buffer: a keyword with its value, read by its row of the keyword table. */
export interface Condition {
  readonly keyword: string;
  readonly value: ConditionValue;
}

export type ConditionValue =
  | { readonly type: 'none' }
  | { readonly type: 'number'; readonly test: NumberTest }
  | { readonly type: 'numbers'; readonly list: NumbersTest }
  | { readonly type: 'words'; readonly words: readonly string[] }
  | { readonly type: 'reputation'; readonly of: ReputationQuestion }
  | { readonly type: 'list'; readonly list: ReadonlySet<string>; readonly isNegated: boolean }
  | { readonly type: 'fields'; readonly fields: Readonly<Record<string, string | number>> };

export interface RuleHeader {
  readonly action: Action;
  readonly protocol: string;
  readonly source: AddressSet;
  readonly sourcePorts: PortSet;
  readonly isBothWays: boolean;
  /** `=>` of Suricata 8: what is asked of a request and of its response holds of one transaction. */
  readonly isTransactional: boolean;
  readonly destination: AddressSet;
  readonly destinationPorts: PortSet;
}

export interface RuleLabels {
  readonly sid: number;
  readonly gid: number;
  readonly rev: number;
  readonly msg: string;
  readonly classtype: string | null;
  readonly priority: number | null;
  readonly references: readonly string[];
  readonly metadata: readonly string[];
  readonly target: 'src_ip' | 'dest_ip' | null;
}

export interface Rule extends RuleHeader, RuleLabels {
  readonly buffers: readonly BufferTerms[];
  readonly conditions: readonly Condition[];
  /** One of them is to be looked for first. */
  readonly hasPrefilter: boolean;
  /** Bit 1: to the server; bit 2: to the client, as the rule names them; 0: it names none. */
  readonly directions: number;
}
