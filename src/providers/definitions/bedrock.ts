import type { ProviderDefinition } from '../protocol.ts';

export const bedrock: ProviderDefinition = {
  name: 'bedrock',
  title: 'AWS Bedrock',
  protocol: 'bedrock',
  env: 'AWS_BEARER_TOKEN_BEDROCK',
  apis: ['bedrock-converse'],
};
