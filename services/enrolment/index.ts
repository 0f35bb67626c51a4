export { type DeviceCertificate, EnrolmentAuthority } from './authority.ts';
export { checkEndorsementChain, makersOf } from './endorsement-chain.ts';
export { beginEnrolment, type EnrolledKeys, type EnrolmentOptions, type PendingEnrolment } from './key-proof.ts';
