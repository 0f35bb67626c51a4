/** One line of the log, before it is text. */
export type EveRecord = Record<string, unknown>;
