/** The names that the runtime derives from a topic's or an actor's. */

/** Where records go that an actor could not handle. */
export const deadLetterTopic = (topic: string): string => `${topic}.dlq`;

/** Where a letter enters again, for the actor that failed. */
export const resendTopic = (topic: string): string => `${topic}.resend`;

/** The changelog of an actor's state. */
export const stateTopic = (application: string, actor: string): string => `${application}.${actor}.state`;

/** What the log calls the owner of a task. */
export const taskName = (subtopology: string, partition: number): string => `${subtopology}-${partition}`;
