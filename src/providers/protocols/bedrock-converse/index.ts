export { bedrockConverseApi } from './api.ts';
export { type AwsCredentials, type BedrockApiKey, signBedrock } from './sign.ts';
