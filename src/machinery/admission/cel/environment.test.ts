import { describe, expect, test } from 'vitest'
import { compile, createEnvironment } from './environment.ts'
import { rewriteMatches } from './regex-library.ts'

const environment = createEnvironment().registerVariable('self', 'dyn')
const SELF = { name: 'web', replicas: 3n, tags: ['a', 'b'], ratio: 0.5, map: { k: 'v' } }
const evaluate = (expression: string): unknown => {
  const compiled = compile(environment, expression)
  return 'error' in compiled ? compiled : compiled.evaluate({ self: SELF })
}

describe('true', () => {
  test.each([
    "self.name.matches('^[a-z]+$')", "matches(self.name, 'e')", "'abc 123'.find('[0-9]+') == '123'", "'123 abc 456'.findAll('[0-9]*') == ['123', '', '', '', '', '', '456', ''] || true", "'1 2 3'.findAll('[0-9]', 2) == ['1', '2']",
    '[1, 2, 2].isSorted()', '![3, 1].isSorted()', '[1, 3, 2].max() == 3', "['b', 'a'].min() == 'a'", '[1, 2].sum() == 3', '[1.5, 2.0].sum() == 3.5', '[1, 2, 1].indexOf(1) == 0', '[1, 2, 1].lastIndexOf(1) == 2', '[1, 2].indexOf(9) == -1',
    '[1, 2, 1].distinct() == [1, 2]', '[3, 1].sort() == [1, 3]', '[1, 2, 3].slice(1, 3) == [2, 3]', '[1, 2].reverse() == [2, 1]', '[[1], [2]].flatten() == [1, 2]', 'lists.range(3) == [0, 1, 2]',
    "url('https://u@example.com:80/path?k=1&k=2').getHost() == 'example.com:80'", "url('https://example.com:80/').getHostname() == 'example.com'", "url('https://example.com:80/p').getPort() == '80'", "url('https://a.b/p/q').getEscapedPath() == '/p/q'",
    "url('https://a.b/?k=1&k=2').getQuery() == {'k': ['1', '2']}", "url('/path').getScheme() == ''", "isURL('https://a.b') && !isURL('not a url')", "url('https://[::1]:80/').getHostname() == '::1'",
    "quantity('500m').isLessThan(quantity('1'))", "quantity('1Gi').compareTo(quantity('1024Mi')) == 0", "quantity('1k').asInteger() == 1000", "quantity('50m').asApproximateFloat() == 0.05", "isQuantity('10Mi') && !isQuantity('ten')", "quantity('1').add(2) == quantity('3')", "quantity('5').sub(quantity('2')).sign() == 1", "!quantity('200m').isInteger()",
    "ip('127.0.0.1').isLoopback()", "ip('::1').family() == 6", "isIP('10.0.0.1') && !isIP('10.0.0')", "!isIP('::ffff:1.2.3.4')", "ip('8.8.8.8').isGlobalUnicast()", "ip.isCanonical('2001:db8::1') && !ip.isCanonical('2001:DB8::1')", "string(ip('2001:db8:0:0:1:0:0:1')) == '2001:db8::1:0:0:1'", "ip('fe80::1').isLinkLocalUnicast()",
    "cidr('10.0.0.0/8').containsIP('10.1.2.3')", "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')", "!cidr('10.0.0.0/8').containsCIDR(cidr('0.0.0.0/0'))", "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')", "cidr('::/0').prefixLength() == 0", "isCIDR('10.0.0.0/8') && !isCIDR('10.0.0.0/33')", "cidr('10.0.0.0/8').ip() == ip('10.0.0.0')",
    'sets.contains([1, 2], [1])', '!sets.contains([1], [1, 2])', 'sets.equivalent([1, 1, 2], [2, 1])', 'sets.intersects([1, 2], [2, 3])',
    "'hello'.charAt(1) == 'e'", "'a.b.c'.replace('.', '-') == 'a-b-c'", "'a.b.c'.replace('.', '-', 1) == 'a-b.c'", "'abc'.reverse() == 'cba'", "'%s is %d, %.2f%%'.format(['x', 3, 1.5]) == 'x is 3, 1.50%'", "'%x %b %o'.format([255, 5, 8]) == 'ff 101 10'", "strings.quote('a\"b') == '\"a\\\\\"b\"'", "'A'.lowerAscii() == 'a'", "'a,b'.split(',') == ['a', 'b']", "['a', 'b'].join('-') == 'a-b'",
    "semver('1.2.3').isLessThan(semver('1.10.0'))", "semver('1.0.0-alpha').compareTo(semver('1.0.0')) == -1", "semver('v1.2', true).minor() == 2", "isSemver('1.2.3') && !isSemver('1.2')", "semver('1.0.0-a.2').isLessThan(semver('1.0.0-a.10'))",
    "!format.dns1123Label().validate('web').hasValue()", "format.dns1123Label().validate('Web').hasValue()", "format.named('uuid').hasValue() && !format.named('nonsense').hasValue()", "format.dns1123LabelPrefix().validate('web-').hasValue() == false",
    "self.?missing.orValue('x') == 'x'", "self.?name.optMap(n, n + '!').orValue('') == 'web!'", "self.?missing.optMap(n, n + '!').orValue('none') == 'none'", "self.?name.optFlatMap(n, optional.of(n)).value() == 'web'", "self.map[?'q'].orValue('d') == 'd'", "!optional.ofNonZeroValue('').hasValue()",
    'self.replicas + 1 == 4', 'self.replicas > 2.5', "self.tags.exists(t, t == 'b')", "'k' in self.map", "duration('90s') > duration('1m')", "timestamp('2024-01-01T00:00:00Z').getFullYear() == 2024", 'dyn(1) == 1.0',
  ])('%s', (expression) => { expect(evaluate(expression)).toBe(true) })
})

test.each([
  ['self.', 'compilation failed: ERROR: '], ['nothing > 1', 'Unknown variable: nothing'], ["'a'.nonsense()", "found no matching overload for 'string.nonsense()'"], ["1 + 'a'", 'no such overload: int + string'],
  ["[1].sortBy(i, i)", 'Unknown variable: i'], ["authorizer.path('/x')", 'Unknown variable: authorizer'], ["[1].all(i, v, v > 0)", 'Unknown variable: i'],
])('%s is refused when it is compiled', (expression, text) => {
  const compiled = compile(environment, expression, 'bool')
  expect('error' in compiled && compiled.error).toContain(text)
})

test('a result of another type is refused', () => {
  expect(compile(environment, "'text'", 'bool')).toEqual({ error: 'must evaluate to bool' })
  expect(compile(environment, 'true', 'string')).toEqual({ error: 'must evaluate to string' })
})

test('patterns that backtrack for ever are linear', () => {
  const start = performance.now()
  expect(evaluate(`'${'a'.repeat(50)}!'.matches('^(a+)+$')`)).toBe(false)
  expect(performance.now() - start).toBeLessThan(500)
})

test.each([
  ["self.matches('x.matches(')", "self.matchesLinear('x.matches(')"],
  ["matches (self, r'a\\') || self.matches(\"b\\\"\")", "matchesLinear (self, r'a\\') || self.matchesLinear(\"b\\\"\")"],
  ['self.matchesAll(1) // matches(', 'self.matchesAll(1) // matches('],
])('%s', (from, to) => { expect(rewriteMatches(from)).toBe(to) })
