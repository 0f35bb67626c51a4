/** Which versions of the firmware a policy takes: those that it names, or one and whatever is newer. */
import type { Policy } from './policy.ts';
import type { FirmwareReference, References } from './references.ts';
import { compareVersions, isNumbered } from './versions.ts';

const allowed = new WeakMap<Policy, WeakMap<References, readonly FirmwareReference[]>>();

/** What there are reference values of, found once for each policy. */
export function allowedFirmware(policy: Policy, references: References): readonly FirmwareReference[] {
  const known = allowed.get(policy) ?? new WeakMap<References, readonly FirmwareReference[]>();
  allowed.set(policy, known);
  const versions = known.get(references) ?? found(policy, references);
  known.set(references, versions);
  return versions;
}

function found({ firmware, isNewerAllowed }: Policy, { versions }: References): FirmwareReference[] {
  if (!isNewerAllowed) return firmware.map((version) => versions.get(version)).filter((row) => row !== undefined);
  const oldest = firmware[0]!;
  return [...versions.values()].filter(({ version }) => isNumbered(version) && compareVersions(version, oldest) >= 0);
}

/** As the policy says it. */
export function firmwareText({ firmware, isNewerAllowed }: Policy): string {
  return isNewerAllowed ? `${firmware[0]} or newer` : firmware.join(' or ');
}
