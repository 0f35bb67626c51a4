/** The receiver's keys for sessions. */
export { makeSessionKey, newestSessionKey, SessionKeyFiles, type SessionPublicKey } from './session-key-files.ts';
