export { FLEET_FAULTS, type FleetFault } from './fault-names.ts';
export { type FaultShare, parseFault } from './faulty-device.ts';
export { FAULT_SHARE, Fleet, type FleetOptions } from './fleet.ts';
export { type Enroller, fleetDeviceId, startFleetMemory } from './fleet-file.ts';
export { type FleetCounts, type FleetPlan, FleetRun } from './fleet-run.ts';
export type { BridgeAddress } from './mqtt-publisher.ts';
export type { Fault, FleetFrame, FleetIdentity, FleetSigning, FleetType } from './simulated-device.ts';
export { SimulatedSurroundings } from './weather.ts';
