export { BerReader } from './ber.ts';
export { bufferMatcher, type SetsAtHand, type Surroundings } from './buffer-matcher.ts';
export { CapturedTexts } from './captured-texts.ts';
export { Expense, PACKET_SEARCHED_BYTES_MAX, PACKET_STEPS_MAX } from './expense.ts';
export { FOLD } from './literal-search.ts';
export { type Transformer, transformer } from './transforms.ts';
export { type ByteVariables, NO_VARIABLES, newVariables, type VariableSlots, variableSlots } from './variables.ts';
