export { SENSOR_DEFAULTS, Sensor, type SensorLimits, type SensorOptions } from './sensor.ts';
