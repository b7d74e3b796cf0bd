/**
 * Error codes of Volcano Ark: what each means in our own codes, and whether the same call may succeed later.
 * Codes: Volcano Ark's page on error codes (docs/82379/1299023); whether to try again is our judgement.
 */
import type { ErrorCode } from '../../../base/errors.ts';

export interface ArkErrorRule {
  code: ErrorCode;
  /** Whether the same call to the same deployment may succeed later. */
  retryable: boolean;
}

const badRequest: ArkErrorRule = { code: 'invalid_request', retryable: false };
const tooLong: ArkErrorRule = { code: 'context_too_long', retryable: false };
/** The provider's account is at fault, not the caller; another provider may well answer. */
const account: ArkErrorRule = { code: 'upstream_error', retryable: false };
const noModel: ArkErrorRule = { code: 'model_not_found', retryable: false };
const limited: ArkErrorRule = { code: 'rate_limited', retryable: true };
/** A limit that no waiting within reason lifts: a used-up quota or a ceiling the account's owner set. */
const spent: ArkErrorRule = { code: 'not_allowed', retryable: false };
const busy: ArkErrorRule = { code: 'overloaded', retryable: true };
const failed: ArkErrorRule = { code: 'upstream_error', retryable: true };

/** Exact codes. `{A,B}` in the vendor's list is written out here; `.{{Parameter}}` is matched by family below. */
export const ARK_ERRORS: Readonly<Record<string, ArkErrorRule>> = {
  MissingParameter: badRequest,
  InvalidParameter: badRequest,
  'InvalidParameter.UnsupportedParameter': badRequest,
  'InvalidParameter.TosURLInvalid': badRequest,
  InvalidArgumentError: badRequest,
  'InvalidArgumentError.UnknownRole': badRequest,
  'InvalidArgumentError.InvalidImageDetail': badRequest,
  'InvalidArgumentError.InvalidPixelLimit': badRequest,
  'InvalidImageURL.EmptyURL': badRequest,
  'InvalidImageURL.InvalidFormat': badRequest,
  OutofContextError: tooLong,
  'InvalidEndpoint.ClosedEndpoint': badRequest,
  'Duplicate.Tags.Key': badRequest,
  InputTextSensitiveContentDetected: badRequest,
  InputImageSensitiveContentDetected: badRequest,
  InputVideoSensitiveContentDetected: badRequest,
  OutputTextSensitiveContentDetected: badRequest,
  OutputImageSensitiveContentDetected: badRequest,
  OutputVideoSensitiveContentDetected: badRequest,
  'OutputVideoSensitiveContentDetected.PolicyViolation': badRequest,
  'InputImageSensitiveContentDetected.PrivacyInformation': badRequest,
  'InputVideoSensitiveContentDetected.PrivacyInformation': badRequest,
  'InputTextSensitiveContentDetected.PolicyViolation': badRequest,
  'InputImageSensitiveContentDetected.PolicyViolation': badRequest,
  'InputVideoSensitiveContentDetected.PolicyViolation': badRequest,
  'InputAudioSensitiveContentDetected.PolicyViolation': badRequest,
  InputTextRiskDetection: badRequest,
  InputImageRiskDetection: badRequest,
  OutputTextRiskDetection: badRequest,
  OutputImageRiskDetection: badRequest,
  // The check itself failed; the content was not judged.
  ContentSecurityDetectionError: failed,
  SensitiveContentDetected: badRequest,
  'SensitiveContentDetected.SevereViolation': badRequest,
  'SensitiveContentDetected.Violence': badRequest,
  InvalidSubscription: account,
  AuthenticationError: account,
  InvalidAccountStatus: account,
  AccessDenied: account,
  'OperationDenied.PermissionDenied': account,
  'OperationDenied.ServiceNotOpen': account,
  'OperationDenied.ServiceOverdue': account,
  AccountOverdueError: account,
  'OperationDenied.FileQuotaExceeded': account,
  'OperationDenied.InvalidState': account,
  'OperationDenied.UnsupportedPhase': account,
  'OperationDenied.ConflictedValidationSet': account,
  'OperationDenied.UnsupportedCustomizationType': account,
  'OperationDenied.CustomizationNotSupported': account,
  'InvalidEndpointOrModel.NotFound': noModel,
  'InvalidEndpointOrModel.ModelIDAccessDisabled': noModel,
  ModelNotOpen: noModel,
  UnsupportedModel: noModel,
  'RateLimitExceeded.EndpointRPMExceeded': limited,
  'RateLimitExceeded.EndpointTPMExceeded': limited,
  ModelAccountRpmRateLimitExceeded: limited,
  ModelAccountTpmRateLimitExceeded: limited,
  ModelAccountIpmRateLimitExceeded: limited,
  APIAccountRpmRateLimitExceeded: limited,
  AccountRateLimitExceeded: limited,
  QuotaExceeded: spent,
  SetLimitExceeded: spent,
  InflightBatchsizeExceeded: limited,
  ServerOverloaded: busy,
  RequestBurstTooFast: limited,
  InternalServiceError: failed,
};

/** Codes whose last part names the caller's own parameter. */
const FAMILIES: readonly (readonly [string, ArkErrorRule])[] = [
  ['MissingParameter.', badRequest],
  ['InvalidParameter.', badRequest],
  ['NotFound.', { code: 'not_found', retryable: false }],
];

export function arkErrorRule(code: string): ArkErrorRule | undefined {
  if (Object.hasOwn(ARK_ERRORS, code)) return ARK_ERRORS[code];
  return FAMILIES.find(([prefix]) => code.startsWith(prefix))?.[1];
}
