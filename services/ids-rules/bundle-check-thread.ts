/** The thread of bundle-check.ts: one bundle, one verdict. */
import { createPublicKey } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { compilingBundle, openBundle, SENSOR_DEFAULTS } from '../../actors/detect/index.ts';
import { assert, errorData } from '../../engine/index.ts';
import type { BundleToCheck, BundleVerdict, CheckedBundle } from './check-messages.ts';

assert(parentPort !== null, 'a bundle is checked in a thread');
parentPort.postMessage(verdictOf(workerData as BundleToCheck));

function verdictOf({ bundle, keys }: BundleToCheck): BundleVerdict {
  try {
    return { checked: check(bundle, keys) };
  } catch (thrown) {
    const { code, ...rest } = errorData(thrown);
    // Whatever else goes wrong with it is the bundle's.
    return { error: { code: code === 'ACTOR_FAILED' ? 'RULES_INVALID' : code, ...rest } };
  }
}

function check(bundle: Uint8Array, keys: readonly string[]): CheckedBundle {
  const opened = openBundle(
    bundle,
    keys.map((key) => createPublicKey(key)),
  );
  const steps = compilingBundle(opened, SENSOR_DEFAULTS.protocols);
  for (;;) {
    const { done, value } = steps.next();
    if (done !== true) continue;
    const { digest, name, version } = opened;
    return { digest, name, version, loaded: new Set(value.signatures.map(({ rule }) => rule)).size };
  }
}
