/** The faults that a fleet shows on demand; help texts name them without the fleet being loaded. */
export const FLEET_FAULTS = [
  'clock-drift',
  'duplicate',
  'late',
  'replay',
  'truncation',
  'stolen-key',
  'cloned',
  'lost-link',
] as const;
export type FleetFault = (typeof FLEET_FAULTS)[number];
