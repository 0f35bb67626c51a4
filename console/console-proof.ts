/**
 * How a console shows that it has the admin token to those who would show it theirs: after a crash, its port may be
 * anybody's.
 */
import { createHmac } from 'node:crypto';

export function consoleProof(adminToken: string, nonce: string): string {
  return createHmac('sha256', adminToken).update(`msec-console ${nonce}`).digest('base64url');
}
