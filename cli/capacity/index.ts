export { type CurveError, leaveOneOut } from './key-curve.ts';
export { type Measured, readMeasured } from './measured.ts';
export { type Assumptions, type CapacityPlan, capacityPlan, type Demand, KEYS_MAX } from './plan.ts';
