import { describe, expect, it } from '@jest/globals';
import { missingParameter } from './missing-parameter.js';

describe(missingParameter.name, () => {
  it.each([
    ['{"error":"refresh_token"}', 'refresh_token'],
    ['{"error":"Company Name"}', 'company_name'],
    ['{"error":"COMPANY_NAME"}', 'company_name'],
    ['{“error”: “Company Name”}', 'company_name'],
    [')]}\',\n{"error":"refresh_token"}', 'refresh_token'],
    ['error "refresh_token"', 'refresh_token'],
    ['refresh_token', 'refresh_token'],
    ['{"error":"\'username\'"}', 'username'],
    ['{"company_name":["This field is required."]}', 'company_name'],
    ['{"detail":"Missing required parameter: password"}', 'password'],
  ])('should find in %s the parameter %s', (body, parameter) => {
    expect(missingParameter(body)).toBe(parameter);
  });

  it.each([
    '',
    '{"error":"internal server error"}',
    '{"error":"refresh_token_store is down"}',
    '{"error":"could not read the password table"}',
    `<html>${'filler '.repeat(100)}<input name="password"></html>`,
  ])('should find none in %.60s', (body) => {
    expect(missingParameter(body)).toBeUndefined();
  });
});
