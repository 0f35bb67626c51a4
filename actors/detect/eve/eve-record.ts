/** One line of the log as whoever reads it has it. */
export type EveRecord = Record<string, unknown>;
