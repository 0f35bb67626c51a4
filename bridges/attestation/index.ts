/** What the bridges know of attestation: open challenges, and devices that may send no data. */
export { ChallengeDesk, type OpenChallenge } from './challenge-desk.ts';
export { type FollowedRecord, TopicFollow, type TopicFollowOptions } from './topic-follow.ts';
export { type Barred, TrustBoard } from './trust-board.ts';
