export { Advisor, type AdvisorOptions, type Asked, QUESTION_RATE } from './advisor.ts';
export { HTTP_LIMITS, HttpBridge, type HttpBridgeOptions, type HttpCounts, type HttpLimits } from './http-bridge.ts';
