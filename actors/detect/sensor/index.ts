export { SENSOR_DEFAULTS, Sensor, type SensorLimits, type SensorOptions, type TellLine } from './sensor.ts';
