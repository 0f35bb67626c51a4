/** The states of PCRs that a version of the firmware has, from its signed reference values: what a key is sealed to before an update. */
import type { References } from '../actors/attest/index.ts';
import { MsecError } from '../engine/base/index.ts';
import { SEALED_STATES_MAX, type SealedState } from '../firmware/provision/index.ts';
import type { PcrSelection } from '../firmware/tpm/index.ts';

/** Every combination of a version's values is one. CONFIG_INVALID where a value is missing, or there are too many. */
export function statesOfFirmware(
  references: References,
  versions: readonly string[],
  { bank, pcrs }: PcrSelection,
): SealedState[] {
  const wrong = (says: string) => new MsecError('CONFIG_INVALID', says, { field: 'firmware' });
  if (references.bank !== bank) throw wrong('The reference values are of another bank than sha256.');
  const states: SealedState[] = [];
  for (const version of versions) {
    const known = references.versions.get(version);
    if (known === undefined) throw wrong(`There are no reference values of the firmware ${version}.`);
    let combinations: Buffer[][] = [[]];
    for (const pcr of pcrs) {
      const values = known.pcrs.get(pcr)?.values ?? [];
      if (values.length === 0) throw wrong(`The firmware ${version} has no reference value of PCR ${pcr}.`);
      combinations = combinations.flatMap((before) => values.map((value) => [...before, value]));
      if (combinations.length + states.length >= SEALED_STATES_MAX)
        throw wrong(`A key is sealed to ${SEALED_STATES_MAX} states at most, the present one included.`);
    }
    states.push(...combinations.map((values) => ({ label: `firmware ${version}`, values })));
  }
  return states;
}
