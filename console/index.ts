export { consoleProof } from './console-proof.ts';
export { type Console, type ConsoleOptions, startConsole } from './console-server.ts';
export { type Outside, pictureOf, withoutInternal } from './plan-picture.ts';
export type * from './ports.ts';
export { type FollowedTopic, TopicFollower } from './topic-follower.ts';
