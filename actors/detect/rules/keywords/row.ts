/** One row of the keyword table. */
import type { Draft } from '../draft.ts';
import type { Subject } from '../subject.ts';

export interface KeywordRow {
  readonly name: string;
  /** Other names of the same keyword. */
  readonly aliases?: readonly string[];
  readonly subject: Subject;
  /** The Suricata that has it first, where that is not 7. */
  readonly since?: 8 | 9;
  readonly value: 'none' | 'needed' | 'optional';
  /** It is about what goes this way alone. */
  readonly only?: 'to_server' | 'to_client';
  /** What it names goes both ways, and the rule is turned this way by it: a flow keyword behind it adds to that. */
  readonly turns?: 'to_client';
  /** Whether the value stands in double quotes; no: quotes are refused. */
  readonly quotes?: 'needed' | 'optional' | 'no';
  /** Whether `!` may stand before the value. */
  readonly negation?: boolean;
  readonly read: (draft: Draft, value: Value, name: string) => void;
}

export interface Value {
  readonly text: string;
  readonly isNegated: boolean;
}
