export { SENSOR_DEFAULTS, Sensor, type SensorOptions } from './sensor.ts';
