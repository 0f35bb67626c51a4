/** What is said in a flow above its transport: which protocol it is, and its parser. */
export { Conversation } from './conversation.ts';
export type { ConversationOptions } from './conversation-options.ts';
export { Recogniser } from './recogniser.ts';
