import { expect, test } from 'vitest'
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from './names.ts'

test.each([
  [dns1123Label, 'a-1', []],
  [dns1123Label, 'a.b', ['must not contain dots']],
  [dns1123Label, 'A', ["a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"]],
  [dns1123Label, 'a'.repeat(64), ['must be no more than 63 characters']],
  [dns1123Subdomain, 'a.b', []],
  [dns1123Subdomain, 'a..b', ["a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"]],
  [dns1123Subdomain, 'a'.repeat(254), ['must be no more than 253 characters']],
  [qualifiedName, 'example.com/A_b', []],
  [qualifiedName, '/a', ['prefix part must be non-empty']],
  [qualifiedName, 'x/', ['name part must be non-empty', "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"]],
  [qualifiedName, 'a/b/c', ["a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]],
  [labelValue, '', []],
  [labelValue, 'bad value!', ["a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"]],
] as const)('%o of %s', (rule, value, expected) => {
  expect(rule(value)).toEqual(expected)
})
