/** Frames that wait for a decision: why no reading comes although devices send, in words for the cards that wait. */
import { plural } from './format.js';

/** Null where nothing is held, or where readings come all the same. */
export function heldHint(status, topics) {
  const of = (name) => (name === undefined ? 0 : (status.flow?.topics[name]?.records ?? 0));
  const held = of(topics.held);
  if (held === 0 || of(topics.readings) > 0) return null;
  return (
    `${plural(held, 'frame')} of devices that have not proved their state ${held === 1 ? 'is' : 'are'} held in ${topics.held}. ` +
    'msec device why DEVICE says what a device lacks; attestation.withoutKey: pass lets devices without an attestation key through.'
  );
}
