export { isAtRest } from './at-rest.ts';
export type { Fault, FaultAction, FaultPlan, Point } from './faults.ts';
export { SimulatedGroup } from './simulated-group.ts';
export type { SimulatedProcess } from './simulated-process.ts';
export { SimulatedReader } from './simulated-reader.ts';
export type { ThreadWorld } from './simulated-threads.ts';
export { Simulation, type SimulationScenario } from './simulation.ts';
export { EPOCH_MS, Life, Timeline } from './timeline.ts';
export { Trace } from './trace.ts';
