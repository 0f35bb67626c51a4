export { FAULT_SHARE, Fleet, type FleetOptions } from './fleet.ts';
export { type Enroller, fleetDeviceId } from './fleet-file.ts';
export type { FleetCounts } from './fleet-run.ts';
export type { BridgeAddress } from './mqtt-publisher.ts';
export type { Fault, FleetFrame, FleetIdentity, FleetSigning, FleetType } from './simulated-device.ts';
export { SimulatedSurroundings } from './weather.ts';
