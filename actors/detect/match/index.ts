export { type BufferMatcher, bufferMatcher, type SetsAtHand, type Surroundings, type Trace } from './buffer-matcher.ts';
export { type CapturedText, CapturedTexts } from './captured-texts.ts';
export { Expense, PACKET_SEARCHED_BYTES_MAX, PACKET_STEPS_MAX } from './expense.ts';
export { FOLD } from './literal-search.ts';
export { type Transformer, transformer } from './transforms.ts';
export { type ByteVariables, NO_VARIABLES, newVariables, type VariableSlots, variableSlots } from './variables.ts';
