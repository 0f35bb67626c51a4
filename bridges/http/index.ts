export { HTTP_LIMITS, HttpBridge, type HttpBridgeOptions, type HttpCounts, type HttpLimits } from './http-bridge.ts';
